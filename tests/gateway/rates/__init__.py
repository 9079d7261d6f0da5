"""gateway: rate limits."""
