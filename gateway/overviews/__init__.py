"""Overviews: one answer gathered over all services, each part with its own status."""
