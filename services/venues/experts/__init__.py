"""Experts: the pool, what ties its members to others, the draw of a panel, and its scores.

    pool         who may be asked, for whom they work, what they agreed to this year
    conflicts    whom an expert may not judge: computed before every draw, and again at each step
    draws        freeze, commit, draw: a public report that anybody can replay (kit/draws.py)
    invitations  a seat is accepted, declined or lost; then the next alternate of its stratum comes
    scores       sheets, means, floors, bands; the gate of the stage asks for all of it

Who sits on a panel is known to nobody outside until the scoring is over: until then the report has
salted ids, and the public sees no name, no salt and no score.
"""
