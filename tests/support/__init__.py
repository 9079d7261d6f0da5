"""What the tests share: running apps, callers, journeys."""
