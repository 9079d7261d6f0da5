"""Visits of a venue: slots, reservations, groups, the waiting list, halls, and who came."""
