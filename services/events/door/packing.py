"""How lists for devices are sent: tagged, so that what is known is not sent again, and small."""

import gzip
from hashlib import blake2b

from fastapi import Request, Response
from pydantic import BaseModel

_WORTH_IT = 600
"""Bytes below which compressing saves no packet."""


def packed(answer: BaseModel, request: Request, headers: Response | None = None) -> Response:
    """The answer with a strong ETag, for this device alone; 304 when it has it already."""
    body = answer.model_dump_json().encode()
    digest = blake2b(body, digest_size=12).hexdigest()
    small = len(body) >= _WORTH_IT and "gzip" in request.headers.get("accept-encoding", "")
    sent = {
        **({"Link": link} if headers and (link := headers.headers.get("link")) else {}),
        "ETag": f'"{digest}{"-gz" if small else ""}"',
        # Kept by the page itself, not by the browser.
        "Cache-Control": "private, no-store",
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == sent["ETag"]:
        return Response(status_code=304, headers=sent)
    if small:
        body, sent["Content-Encoding"] = gzip.compress(body, 6, mtime=0), "gzip"
    return Response(body, headers=sent, media_type="application/json")
