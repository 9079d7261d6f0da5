"""Draws of panels: the pool is frozen, the promise is published, and chance comes afterwards.

    commit    the rule, who stands in the pool and why, the hash of a secret, and a public source
              with a time to come; the pool is frozen in the same moment, and the freeze is public
    draw      with the source's value, after its time; the first of the rank are invited
    void      with a reason, and the secret shown: the log of an application's draws only grows
    disclose  once the scoring is over: the salt, and who sat on the panel

The report is replayed by `kepu draw verify report.json`, or by services/kit/draws.py alone.
"""
