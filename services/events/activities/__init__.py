"""Activities: drafted, approved, published, held; their occurrences, hosts and series.

What may change when:
- draft, returned: everything but the lead, by whoever drafts at the lead's division (PATCH).
- submitted, approved: nothing. `withdraw` (or `send_back`) first, so that what was approved is what
  is published.
- published, ongoing: the texts, by whoever runs activities there; times, places and the number of
  occurrences by their own verbs, which tell the public and everybody registered.
- completed, archived, cancelled: nothing.

An umbrella has activities of divisions at or below it under it, one level deep (umbrella_rules.py).

`division=` means: for activities, led or co-hosted (accepted) at or below it; for occurrences,
taking place at or below it. A co-host sees the draft from its invitation on, and counts once it
accepts.
"""
