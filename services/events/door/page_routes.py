"""The scanner page and its files: everything from this server, kept by the browser for later."""

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

import orjson
from fastapi import APIRouter, Request, Response

from services.kit.problems import Missing

router = APIRouter(prefix="/check-ins", include_in_schema=False)

_FOLDER = Path(__file__).parent / "scanner"
_SCRIPT = "text/javascript; charset=utf-8"
FILES = {
    "page.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "door.webmanifest": "application/manifest+json",
    **dict.fromkeys(
        (
            "main.js",
            "camera.js",
            "device.js",
            "store.js",
            "syncing.js",
            "tickets.js",
            "words.js",
            # Other projects' (scanner/VENDORED.md).
            "qr/decode.js",
            "qr/index.js",
            "ed25519/index.js",
        ),
        _SCRIPT,
    ),
}
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it is sent, compressed once."""

    plain: bytes
    small: bytes
    tag: str


def _sent(plain: bytes) -> Sent:
    digest = blake2b(plain, digest_size=12).hexdigest()
    return Sent(plain, gzip.compress(plain, 9, mtime=0), digest)


@cache
def _file(name: str) -> Sent:
    return _sent((_FOLDER / name).read_bytes())


@cache
def _worker() -> Sent:
    """The service worker: another version as soon as any file is another."""
    parts = "".join(_file(name).tag for name in ("page.html", "sw.js", *FILES))
    version = blake2b(parts.encode(), digest_size=8).hexdigest()
    files = ["scanner", *(f"scanner/assets/{name}" for name in FILES)]
    text = _file("sw.js").plain.decode()
    text = text.replace("{{version}}", f"door-{version}")
    return _sent(text.replace("{{files}}", orjson.dumps(files).decode()).encode())


def _answer(sent: Sent, media_type: str, request: Request) -> Response:
    small = "gzip" in request.headers.get("accept-encoding", "")
    told = {
        **SECURITY_HEADERS,
        "ETag": f'"{sent.tag}{"-gz" if small else ""}"',
        # The service worker keeps it for days without a line; with one, it is asked for anew.
        "Cache-Control": "public, no-cache",
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == told["ETag"]:
        return Response(status_code=304, headers=told)
    if small:
        told["Content-Encoding"] = "gzip"
    return Response(sent.small if small else sent.plain, headers=told, media_type=media_type)


@router.get("/scanner")
async def read_page(request: Request) -> Response:
    """The page for whoever stands at the door."""
    return _answer(_file("page.html"), "text/html; charset=utf-8", request)


# Beside the page, not below it: a worker may answer for what stands beside it.
@router.get("/scanner-worker.js")
async def read_worker(request: Request) -> Response:
    """Its service worker, which answers for the page when there is no line."""
    return _answer(_worker(), _SCRIPT, request)


@router.get("/scanner/assets/{name:path}")
async def read_asset(name: str, request: Request) -> Response:
    """One of its files."""
    if name not in FILES:
        raise Missing()
    return _answer(_file(name), FILES[name], request)
