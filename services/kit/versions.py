"""Row versions on the wire: `ETag: "v7"` out, `If-Match: "v7"` in."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from services.kit.problems import Stale, VersionNeeded

_TAG = re.compile(r'(?:W/)?"v([0-9]{1,9})"')


async def _if_match(
    if_match: Annotated[str | None, Header(description='The version read, as `"v7"`')] = None,
) -> int:
    if if_match is None:
        raise VersionNeeded()
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise VersionNeeded()
    return int(found[1])


IfMatch = Annotated[int, Depends(_if_match)]
"""The version that the caller edits; 428 when it is not said."""


def require_version(current: int, expected: int) -> None:
    """Raise Stale (412) when the row has moved on."""
    if current != expected:
        raise Stale(current=current, expected=expected)


def tag(response: Response, version: int) -> None:
    """Say which version the answer shows."""
    response.headers["ETag"] = f'"v{version}"'
