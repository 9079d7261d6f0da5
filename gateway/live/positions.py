"""Where a client stands in the streams: the id of an event, and what a client comes back with."""

import re

_ID = re.compile(r"(?:[A-Z0-9_]{1,40}:[0-9]{1,18})(?:,[A-Z0-9_]{1,40}:[0-9]{1,18}){0,7}", re.ASCII)

Positions = dict[str, int]
"""Stream → the sequence of the last fact that was shown, or passed over, of it."""


def event_id(positions: Positions) -> str:
    """`FACTS_EVENTS:17,FACTS_VENUES:4`: one stream's sequence alone would lose the other's."""
    return ",".join(f"{stream}:{sequence}" for stream, sequence in sorted(positions.items()))


def positions_of(last_event_id: str) -> Positions | None:
    """What a Last-Event-ID says; None for what is no id of ours."""
    if not _ID.fullmatch(last_event_id):
        return None
    pairs = (part.partition(":") for part in last_event_id.split(","))
    return {stream: int(sequence) for stream, _, sequence in pairs}
