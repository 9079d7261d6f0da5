"""Targets: the plan's numbers, what they stand at, and who owns which part.

A goal belongs to a division, which may break it down to the divisions directly below. Its current
value is recorded by people, with a day and a source, and the history is kept; what the platform
counts itself (counties with a venue) nobody records. Nothing recorded is null with a reason.
"""
