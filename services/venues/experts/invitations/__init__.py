"""Seats of a panel: asked by link, accepted, declined, in conflict, lapsed; and who comes next."""
