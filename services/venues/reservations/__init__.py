"""Slots, reservations, check-in at a venue, and halls held for activities."""
