"""Tests of gateway/overviews."""
