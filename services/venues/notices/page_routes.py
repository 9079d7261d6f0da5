"""The page of a notice, for anybody's browser: the names, the days, and how to object."""

import tomllib
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from services.kit.db import Db
from services.kit.languages import Words, say
from services.kit.problems import Missing
from services.kit.routing import Router
from services.venues.honours.page_words import PAGE as STYLED
from services.venues.notices import queries
from services.venues.notices.models import Notice
from services.venues.public_pages import language_of, page, switch

PAGE = Path(__file__).parent / "page"
MAX_AGE_S = 10

router = Router(prefix="/notices", include_in_schema=False)


@router.get("/{notice_id}/page")
async def read_page(
    db: Db,
    request: Request,
    notice_id: UUID,
    lang: Annotated[str | None, Query(max_length=10)] = None,
) -> Response:
    """One notice as a page; 404 when there is none."""
    if await db.get(Notice, notice_id) is None:
        raise Missing()
    told, language = await queries.page_now(db, notice_id), language_of(lang)
    css = (STYLED / "page.css").read_text("utf-8")
    return page(html(told, language, css), css, language, request, MAX_AGE_S)


@cache
def _words() -> dict[str, Words]:
    told: dict[str, Words] = tomllib.loads((PAGE / "notice.toml").read_text("utf-8"))
    return told


def _say(language: str, slug: str, **values: object) -> str:
    return escape(say(_words()[slug], language)[0].format(**values))


def html(told: Mapping[str, Any], language: str, css: str) -> str:
    """The whole page. Everything that somebody wrote is escaped, here or as it is said."""
    explained = _say(
        language,
        f"explained-{told['state']}",
        authority=told["authority"],
        first_on=told["first_on"],
        days=told["working_days"],
        reason=told["withdrawn_reason"],
    )
    rows = (("honour", told["honour"]), ("basis", told["basis"]))
    return Template((PAGE / "notice.html").read_text("utf-8")).substitute(
        language=language,
        css=css,
        title=escape(told["title"]),
        heading=_say(language, "heading"),
        languages=switch(language, f"/api/v1/notices/{told['id']}/page"),
        state="valid" if told["state"] == "open" else "expired",
        explained=explained,
        names=_say(language, "names"),
        entries="".join(_entry(language, each) for each in told["entries"]),
        objecting=_say(language, "objecting"),
        how=_say(language, "how"),
        offices="".join(f"<li>{escape(office)}</li>" for office in told["offices"]),
        rows="".join(
            f"<dt>{_say(language, slug)}</dt><dd>{escape(value)}</dd>" for slug, value in rows
        ),
    )


def _entry(language: str, entry: Mapping[str, Any]) -> str:
    slug = f"entry-{entry['state']}"
    if entry["suspended"]:
        slug = "entry-suspended"
    elif entry["due_open"]:
        slug = "entry-open-ended"
    about = [entry["host_name"]] if entry["host_name"] != entry["name"] else []
    about += [each for each in (entry["category"], entry["number"]) if each]
    named = escape("，".join([entry["name"], *about]))
    return f"<li>{named}<br>{_say(language, slug, last_on=entry['last_on'])}</li>"
