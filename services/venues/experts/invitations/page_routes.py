"""The page that an invitation's link leads to: plain HTML and a script of ours, and nobody else's.

The token stands in the fragment of its address, which no browser sends anywhere: to look and to
answer the script puts it into the body of a request.
"""

import gzip
from functools import cache
from hashlib import blake2b
from pathlib import Path

from fastapi import Request, Response

from services.kit.problems import Missing
from services.kit.routing import Router

router = Router(prefix="/experts/invitation", include_in_schema=False)
PAGE = "/api/v1/experts/invitation"
"""Where people reach it, below the gateway's address."""
FOLDER = Path(__file__).parent / "page"
FILES = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Kept for the bad line on which it is opened again; asked for anew whenever there is one.
    "Cache-Control": "public, no-cache",
    "Vary": "Accept-Encoding",
}


@cache
def _read(name: str) -> tuple[bytes, bytes, str]:
    """A file as it is, compressed, and its tag."""
    plain = (FOLDER / name).read_bytes()
    digest = blake2b(plain, digest_size=12).hexdigest()
    return plain, gzip.compress(plain, 9, mtime=0), digest


def _answer(name: str, media_type: str, request: Request) -> Response:
    plain, small, digest = _read(name)
    is_small = "gzip" in request.headers.get("accept-encoding", "")
    headers = {**_HEADERS, "ETag": f'"{digest}{"-gz" if is_small else ""}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if is_small:
        headers["Content-Encoding"] = "gzip"
    return Response(small if is_small else plain, headers=headers, media_type=media_type)


@router.get("")
async def read_page(request: Request) -> Response:
    """The page of whoever was invited."""
    return _answer("page.html", "text/html; charset=utf-8", request)


@router.get("/assets/{name}")
async def read_asset(name: str, request: Request) -> Response:
    """One of its files."""
    if name not in FILES:
        raise Missing()
    return _answer(name, FILES[name], request)
