"""Venues that close and open again: who was to come is told, and nobody of them is a no-show."""
