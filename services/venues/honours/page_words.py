"""What the verification page says, in the reader's language: pure, every value escaped."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlencode

from services.kit.languages import Words, say
from services.kit.workdays import SHANGHAI
from services.venues.applications.models import Decision
from services.venues.honours.rules import HonourState
from services.venues.honours.schemas import EditionOut, VerificationOut

PAGE = Path(__file__).parent / "page"
LANGUAGES = {"zh-CN": "中文", "bo": "བོད་ཡིག", "en": "English"}
ACTION = "/api/v1/certificates/verify"


@dataclass(frozen=True)
class Said:
    """The page's own parts: a word, what it means, and what is known."""

    standing: str
    """Standing and state: the classes of the verdict."""
    verdict: str
    explained: str
    rows: tuple[tuple[str, str], ...] = ()
    """Label and value; both are text."""
    links: tuple[tuple[str, str], ...] = ()
    """Text and address."""
    editions: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    warning: str = ""


@cache
def _words() -> dict[str, Words]:
    told: dict[str, Words] = tomllib.loads((PAGE / "page.toml").read_text("utf-8"))
    return told


def _say(language: str, slug: str, **values: object) -> str:
    return say(_words()[slug], language)[0].format(**values)


def _day(moment: datetime | date | None) -> str:
    if isinstance(moment, datetime):
        return moment.astimezone(SHANGHAI).date().isoformat()
    return moment.isoformat() if moment is not None else "—"


def asking(language: str) -> Said:
    """The page before anything was asked."""
    return Said("", _say(language, "heading"), _say(language, "explained-asking"))


def unknown(language: str, number: str) -> Said:
    """The page for a number that no honour has: it warns of a forgery."""
    explained = _say(language, "explained-unknown", number=number)
    return Said("unknown", _say(language, "standing-unknown"), explained)


def shown(language: str, told: VerificationOut, steps: Iterable[Decision]) -> Said:
    """The page of an honour."""
    over = "-over" if told.creation_over else ""
    explained = _say(
        language,
        f"explained-{told.state.value}{over}",
        since=_day(told.since),
        reason=told.reason or "—",
        valid_until=_day(told.valid_until),
        provisional_until=_day(told.provisional_until),
    )
    return Said(
        f"{told.standing} {told.state.value}",
        _verdict(language, told),
        explained,
        tuple(_rows(language, told)),
        tuple(_links(language, told)),
        tuple(_edition(language, each) for each in told.editions),
        tuple(_step(language, each) for each in steps),
        _say(language, "warning" if told.editions else "elsewhere"),
    )


def _verdict(language: str, told: VerificationOut) -> str:
    """May it be relied on, in a word; and with what reserve, where it may."""
    verdict = _say(language, f"standing-{told.standing}")
    reserve = f"reserve-{told.state.value}"
    return f"{verdict} · {_say(language, reserve)}" if reserve in _words() else verdict


def _rows(language: str, told: VerificationOut) -> Iterable[tuple[str, str]]:
    title = told.titles.get(language, told.title)
    no_term = _say(language, "no-term")
    yield _say(language, "title"), title if title == told.title else f"{title}（{told.title}）"
    yield _say(language, "holder"), told.holder
    if told.host_name is not None and told.host_name != told.holder:
        yield _say(language, "host"), told.host_name
    yield _say(language, "number"), told.number or "—"
    yield _say(language, "issuer"), "、".join([told.issuer, *told.co_issuers])
    yield _say(language, "issued"), _day(told.issued_on)
    yield _say(language, "until"), _day(told.valid_until) if told.valid_until else no_term
    back = [("plaque", told.plaque_returned_on), ("paper", told.certificate_returned_on)]
    if told.state is HonourState.REVOKED:
        given = [_say(language, slug, day=_day(day)) for slug, day in back if day is not None]
        yield _say(language, "returned"), " · ".join(given) or "—"
    moment = told.as_of.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    yield _say(language, "as-of"), moment


def _links(language: str, told: VerificationOut) -> Iterable[tuple[str, str]]:
    if told.document is not None:
        yield _say(language, "document"), told.document
    if told.credential is not None:
        yield _say(language, "credential"), told.credential
    if told.source is not None:
        yield f"{_say(language, 'source')}：{told.source}", told.source
    if told.followed_by is not None:
        yield _say(language, "follower"), f"{ACTION}/{told.followed_by}"


def _edition(language: str, each: EditionOut) -> str:
    slug = "edition" if each.withdrawn_at is None else "edition-withdrawn"
    return _say(
        language,
        slug,
        edition=each.edition,
        issued_on=_day(each.issued_on),
        host=each.host_name or "—",
        withdrawn=_day(each.withdrawn_at),
    )


def _step(language: str, step: Decision) -> str:
    slug = f"step-{step.action}"
    name = _say(language, slug if slug in _words() else "step-other")
    line = f"{_day(step.decided_at)} {name}"
    why = step.reason
    if why is not None and step.action == "release_inspection":
        why = _say(language, f"grade-{why}")
    return line if why is None else _say(language, "step-why", line=line, why=why)


def _listed(language: str, slug: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h2>{escape(_say(language, slug))}</h2><ul>{items}</ul>" if items else ""


def html(said: Said, language: str, number: str) -> str:
    """The whole page. Everything that somebody wrote is escaped here, and only here."""
    known = "".join(
        f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in said.rows
    )
    links = "".join(
        f'<li><a href="{escape(to)}" rel="nofollow noreferrer">{escape(text)}</a></li>'
        for text, to in said.links
    )
    parts = [
        f"<dl>{known}</dl>" if known else "",
        f"<p>{escape(said.warning)}</p>" if said.warning else "",
        f"<ul>{links}</ul>" if links else "",
        _listed(language, "steps", said.steps),
        _listed(language, "editions", said.editions),
    ]
    heading = _say(language, "heading")
    return Template((PAGE / "page.html").read_text("utf-8")).substitute(
        language=language,
        title=escape(f"{said.verdict} · {heading}" if said.rows else heading),
        css=(PAGE / "page.css").read_text("utf-8"),
        heading=escape(heading),
        languages=_switch(language, number),
        standing=said.standing,
        verdict=escape(said.verdict),
        explained=escape(said.explained),
        rows="".join(parts),
        action=ACTION,
        ask=escape(_say(language, "ask")),
        number=escape(number),
        check=escape(_say(language, "check")),
        footer=escape(_say(language, "footer")),
    )


def _switch(language: str, number: str) -> str:
    def other(tag: str, name: str) -> str:
        if tag == language:
            return f'<span lang="{tag}" aria-current="true">{name}</span>'
        query = urlencode({"number": number, "lang": tag} if number else {"lang": tag})
        return f'<a lang="{tag}" hreflang="{tag}" href="{ACTION}?{escape(query)}">{name}</a>'

    return "".join(other(tag, name) for tag, name in LANGUAGES.items())
