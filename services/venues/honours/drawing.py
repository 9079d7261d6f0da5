"""The certificate as a PDF: the same bytes for the same honour, from fonts that stand beside."""

import asyncio
import json
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import segno
import typst

from services.kit.logs import log
from services.kit.problems import Conflict
from services.venues.honours.models import Certificate, Honour

_HERE = Path(str(files(__package__)))
FONTS = _HERE / "fonts"
_TEMPLATE = _HERE / "certificate.typ"


class CannotBeDrawn(Conflict):
    """The fonts of certificates lack a character of what is to stand there."""


@cache
def covered() -> frozenset[str]:
    """Every character that the fonts draw."""
    told = json.loads((FONTS / "covered.json").read_text())
    pairs = [pair.split("-") for font in told.values() for pair in font["ranges"].split()]
    return frozenset(
        chr(code) for first, last in pairs for code in range(int(first, 16), int(last, 16) + 1)
    )


def missing(*texts: str) -> list[str]:
    """Characters that the fonts lack, in order, each once."""
    return [char for char in dict.fromkeys("".join(texts)) if char not in covered()]


def said(honour: Honour, certificate: Certificate, page: str) -> dict[str, Any]:
    """What stands on a certificate. Raises CannotBeDrawn."""
    others = honour.co_issuers.splitlines()
    words = {
        "title": honour.title,
        "title_bo": honour.titles.get("bo", ""),
        "title_en": honour.titles.get("en", ""),
        "holder": certificate.holder,
        "host": _other_than(certificate.holder, certificate.host_name),
        "issuer": honour.issuer,
        "number": honour.number or "",
    }
    lacking = missing(*words.values(), *others)
    if lacking:
        named = "、".join(f"{char}（U+{ord(char):04X}）" for char in lacking)
        log.warning("certificate_cannot_be_drawn", honour=str(honour.id), characters=named)
        raise CannotBeDrawn(characters=named)
    return {
        **words,
        "co_issuers": others,
        "issued": _day(honour.issued_on or certificate.issued_on),
        # A later edition bears its own day.
        "dated": _day(certificate.issued_on),
        "until": _day(honour.valid_until),
        "provisional": _day(honour.provisional_until),
        "page": page,
        "qr": segno.make(page, error="m", micro=False).svg_inline(scale=4, border=2),
    }


def _other_than(holder: str, host: str | None) -> str:
    """The host, where it is not the holder itself."""
    return host if host is not None and host != holder else ""


def _day(day: date | None) -> list[int] | None:
    return [day.year, day.month, day.day] if day is not None else None


def drawn(words: dict[str, Any]) -> bytes:
    """The PDF; about 20 ms of one core."""
    made = typst.compile(
        str(_TEMPLATE),
        root=str(_HERE),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"said": json.dumps(words, ensure_ascii=False)},
        timestamp=0,
    )
    assert isinstance(made, bytes)
    return made


async def draw(honour: Honour, certificate: Certificate, page: str) -> bytes:
    """The PDF, drawn beside the loop. Raises CannotBeDrawn."""
    words = said(honour, certificate, page)
    return await asyncio.to_thread(drawn, words)
