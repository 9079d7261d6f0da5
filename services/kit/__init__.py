"""The shared foundation: small, and imports no service."""
