"""When a venue is open, and how many may be inside."""
