"""Class rosters: a school class or a village group comes as one party, listed child by child.

A roster is a registration like any other (same places, same waiting list, all or none) with a
class, an adult to call, and for each child under 14 who consented for it and on which day (PIPL
31). Names may be initials: they are sealed and masked either way.

For imports: `actions.register_roster(db, caller, vault, given, now)` takes validated rows.
"""
