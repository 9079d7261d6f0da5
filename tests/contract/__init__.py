"""The whole API against its own document."""
