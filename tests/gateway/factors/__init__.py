"""gateway: second factor."""
