"""Tests of the gateway's grants."""
