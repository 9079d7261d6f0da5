"""The page where anybody verifies a certificate: plain HTML, in three languages, with no script."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query, Request, Response

from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.problems import Missing
from services.kit.routing import Router
from services.venues.honours import queries
from services.venues.honours.page_words import PAGE, asking, html, shown, unknown
from services.venues.honours.signing import issuer
from services.venues.honours.verification import verification
from services.venues.public_pages import language_of, page
from services.venues.settings import PublicSettings

router = Router(prefix="/certificates", include_in_schema=False)
MAX_AGE_S = 30
CSS = (PAGE / "page.css").read_text("utf-8")
Lang = Annotated[str | None, Query(max_length=10)]


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
    language, key = language_of(lang), key.strip()
    if not key:
        return page(html(asking(language), language, ""), CSS, language, request, MAX_AGE_S)
    origin = PublicSettings().origin
    try:
        found = await queries.by_key(db, key[:200])
    except Missing:
        body = html(unknown(language, key[:200]), language, key[:200])
        return page(body, CSS, language, request, None, status=404)
    told = await verification(db, issuer(kit.keys, origin), origin, found, datetime.now(UTC))
    taken = await queries.steps(db, found.honour.id)
    body = html(shown(language, told, taken), language, told.number or str(told.honour_id))
    return page(body, CSS, language, request, MAX_AGE_S)
