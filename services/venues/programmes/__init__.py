"""Programmes as versioned data, and the rule of each."""
