"""The gateway over real HTTP, with real services and one strange one behind it."""
