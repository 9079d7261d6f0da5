"""Tests of the gateway's identity."""
