"""Tests of gateway/messages."""
