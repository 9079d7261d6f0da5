"""The files of the documentation page: ours, and Swagger UI as the fastapi-offline wheel has it."""

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

import fastapi_offline
from fastapi import Request, Response

_OURS = Path(__file__).parent / "page"
_SWAGGER = Path(fastapi_offline.__file__).parent / "static"
_SCRIPT, _STYLE = "text/javascript; charset=utf-8", "text/css; charset=utf-8"

FILES: dict[str, tuple[Path, str]] = {
    "start.js": (_OURS / "start.js", _SCRIPT),
    "page.css": (_OURS / "page.css", _STYLE),
    "swagger-ui-bundle.js": (_SWAGGER / "swagger-ui-bundle.js", _SCRIPT),
    "swagger-ui.css": (_SWAGGER / "swagger-ui.css", _STYLE),
    "favicon.png": (_SWAGGER / "favicon.png", "image/png"),
}

# Swagger UI sets styles while it runs; scripts are files of this server and nothing else.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent. Compressed once: the script is 1.5 MB, and links are weak."""

    plain: bytes
    small: bytes
    media_type: str
    tag: str


@cache
def _asset(name: str) -> Asset:
    path, media_type = FILES[name]
    plain = path.read_bytes()
    digest = blake2b(plain, digest_size=12).hexdigest()
    return Asset(plain, gzip.compress(plain, 9, mtime=0), media_type, digest)


@cache
def docs_page() -> bytes:
    """The page itself."""
    return (_OURS / "docs.html").read_bytes()


def serve(name: str, request: Request) -> Response:
    """One file, compressed for whoever takes it, with a strong ETag."""
    asset = _asset(name)
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    tag = f'"{asset.tag}{"-gz" if takes_gzip else ""}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "public, max-age=3600",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if takes_gzip:
        headers["Content-Encoding"] = "gzip"
    body = asset.small if takes_gzip else asset.plain
    return Response(body, headers=headers, media_type=asset.media_type)
