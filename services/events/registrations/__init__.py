"""Registrations: places, parties, the waiting list, check-in and attendance."""
