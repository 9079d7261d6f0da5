"""Draws for over-subscribed sessions: who comes is drawn, and anybody can replay it.

    open     rule, hash of a secret, and a public source of chance with its time are published;
             the pools shut for first come, and POST /registrations enters the draw instead
    freeze   at the end of the window, by the clock and nobody's hand: the pool under salted ids,
             its hash, and the places are published
    draw     with the value of the source, which could not be known at the freeze; without a source
             at the freeze itself, and the report says that the secret's holder could foresee it
    void     with a reason, and the secret shown; the log of all draws of an occurrence stays

The result goes through the counts of the pools like every other place: the first become confirmed,
the others the waiting list in the order of rank, and the list is served from then on. A party that
cancels after the freeze stays in the report, and its places go to the list.
The report is replayed by `kepu draw verify report.json`, or by services/kit/draws.py alone.
"""
