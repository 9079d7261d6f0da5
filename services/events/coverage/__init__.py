"""Coverage: who has an institution, people, a lead department and a responsible unit, and who not.

Every division above a division counts it, by tier and by sector, in `coverage_counts`: so the root
is as quick as a village. The counts follow the facts of stations and posts (counting.py), and are
made anew every day, because posts begin and end by the calendar.
"""
