"""Notices (公示): the names before they are given, and who objects to one.

A notice shows applications of one programme for so many working days; each has its own window. An
objection is written and under real name, and suspends the window of the one application that it is
about: the days of suspension do not count. A window is finished once its last day has ended and no
objection is open; an objection that is upheld stops it for good. The database refuses an honour
without a finished one (migration 0007).
"""
