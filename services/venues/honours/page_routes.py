"""The page where anybody verifies a certificate: plain HTML, in three languages, with no script."""

from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b, sha256
from typing import Annotated

from fastapi import Query, Request, Response

from services.kit.app import KitDep
from services.kit.context import current
from services.kit.db import Db
from services.kit.languages import DEFAULT
from services.kit.problems import Missing
from services.kit.routing import Router
from services.venues.honours import queries
from services.venues.honours.page_words import PAGE, asking, html, shown, unknown
from services.venues.honours.signing import issuer
from services.venues.honours.verification import verification
from services.venues.settings import PublicSettings

router = Router(prefix="/certificates", include_in_schema=False)
MAX_AGE_S = 30
Lang = Annotated[str | None, Query(max_length=10)]


@cache
def _headers() -> dict[str, str]:
    style = b64encode(sha256((PAGE / "page.css").read_bytes()).digest()).decode()
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{style}';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Language",
    }


def _language(lang: str | None) -> str:
    work = current()
    wanted = lang or (work.language if work is not None else DEFAULT)
    return wanted if wanted in ("zh-CN", "bo", "en") else DEFAULT


def _answer(body: str, language: str, request: Request, status: int = 200) -> Response:
    sent = body.encode()
    headers = {**_headers(), "Content-Language": language, "Cache-Control": "no-store"}
    if status == 200:
        headers["ETag"] = f'"{blake2b(sent, digest_size=12).hexdigest()}"'
        headers["Cache-Control"] = f"public, max-age={MAX_AGE_S}"
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
    return Response(sent, status, headers, media_type="text/html; charset=utf-8")


@router.get("/verify")
async def ask(
    db: Db,
    kit: KitDep,
    request: Request,
    number: Annotated[str | None, Query(max_length=200)] = None,
    lang: Lang = None,
) -> Response:
    """Where a number is entered, and its answer."""
    return await verify(db, kit, request, number or "", lang)


@router.get("/verify/{key:path}")
async def verify(db: Db, kit: KitDep, request: Request, key: str, lang: Lang = None) -> Response:
    """What the QR code of a certificate leads to. An unknown number is a 404 that says so."""
    language, key = _language(lang), key.strip()
    if not key:
        return _answer(html(asking(language), language, ""), language, request)
    origin = PublicSettings().origin
    try:
        found = await queries.by_key(db, key[:200])
    except Missing:
        return _answer(
            html(unknown(language, key[:200]), language, key[:200]), language, request, 404
        )
    told = await verification(db, issuer(kit.keys, origin), origin, found, datetime.now(UTC))
    taken = await queries.steps(db, found.honour.id)
    page = shown(language, told, taken)
    return _answer(html(page, language, told.number or str(told.honour_id)), language, request)
