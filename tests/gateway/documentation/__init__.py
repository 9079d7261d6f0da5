"""Tests of gateway/documentation."""
