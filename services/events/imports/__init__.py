"""Spreadsheets in and out of services/events: what the capabilities' `sheet.py` share, and wiring.

Each sheet stands with its rows: stations, posts, activities, attendance, rosters. It declares its
columns once, checks rows against the database, writes them, takes them back, and lists them.
"""
