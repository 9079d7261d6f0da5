"""Conflicts of interest: the ties that make them, and the one computation that everybody asks."""
