"""Tests of the gateway's proxy."""
