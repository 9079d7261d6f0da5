"""The certificate: drawn from fonts beside it, the same each time, and never with a box in it."""

import json
from datetime import date
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pikepdf
import pytest

from services.kit.access import Role
from services.venues.honours.drawing import FONTS, CannotBeDrawn, covered, drawn, missing, said
from services.venues.honours.models import Certificate, Honour
from services.venues.honours.rules import HonourState
from tests.support.apps import Running, staff
from tests.support.honours import named

ROOT = Path(__file__).parents[3]
PAGE = "https://kepu.example/api/v1/certificates/verify/0199"


def honour(**given: object) -> Honour:
    """An honour in Chinese, Tibetan and English."""
    values = {
        "number": "青科普〔2026〕007号",
        "title": "青海省科研科普基地",
        "titles": {"bo": "ཚན་རིག་རྟེན་གཞི།", "en": "Provincial Base"},
        "issuer": "青海省科学技术厅",
        "co_issuers": "青海省科学技术协会",
        "issued_on": date(2026, 10, 13),
        "valid_until": date(2028, 10, 13),
        "state": HonourState.VALID,
    }
    return Honour(**{**values, **given})


def certificate(holder: str = "互助土族自治县北山地质馆") -> Certificate:
    """Its first edition."""
    return Certificate(holder=holder, host_name="县自然资源局", issued_on=date(2026, 10, 13))


def text_of(pdf: bytes) -> str:
    """The text as a reader takes it out: by the maps from glyphs to characters in the file."""
    found = []
    with pikepdf.open(BytesIO(pdf)) as document:
        (page,) = document.pages
        maps = {
            name: _characters(font.ToUnicode.read_bytes().decode())
            for name, font in page.Resources.Font.items()
        }
        current: dict[str, str] = {}
        for operands, operator in pikepdf.parse_content_stream(page):
            if str(operator) == "Tf":
                current = maps[str(operands[0])]
            elif str(operator) in ("Tj", "TJ"):
                for piece in operands[0] if str(operator) == "TJ" else operands:
                    if isinstance(piece, pikepdf.String):
                        glyphs = bytes(piece).hex()
                        pairs = (glyphs[at : at + 4] for at in range(0, len(glyphs), 4))
                        found += [current.get(pair, "") for pair in pairs]
    return "".join(found)


def _characters(table: str) -> dict[str, str]:
    lines = (line.replace("<", "").replace(">", "").split() for line in table.splitlines())
    return {
        parts[0].lower(): bytes.fromhex(parts[1]).decode("utf-16-be")
        for parts in lines
        if len(parts) == 2 and len(parts[0]) == 4 and len(parts[1]) % 4 == 0
    }


def test_the_same_honour_gives_the_same_bytes_and_its_text_can_be_read() -> None:
    words = said(honour(), certificate(), PAGE)
    pdf = drawn(words)
    assert drawn(words) == pdf
    read = text_of(pdf)
    expected = ("证书", "青海省科研科普基地", "互助土族自治县北山地质馆", "青科普〔2026〕007号")
    more = (
        "依托单位：县自然资源局",
        "2026年10月13日",
        "2028-10-13",
        "ProvincialBase",
        "青海省科学技术协会",
    )
    plain = read.replace(" ", "")
    assert [text for text in (*expected, *more) if text not in plain] == []
    # Tibetan stacks are drawn as one glyph of several characters: each of them is there.
    assert set("ཚན་རིག་རྟེན་གཞི།") - set(read) == set()
    with pikepdf.open(BytesIO(pdf)) as document:
        (page,) = document.pages
        assert [round(float(side)) for side in page.MediaBox] == [0, 0, 842, 595]
        fonts = {str(font.BaseFont) for font in page.Resources.Font.values()}
    assert {name.partition("+")[2].partition("-")[0] for name in fonts} == {
        "NotoSerifSC",
        "NotoSerifTibetan",
    }


def test_the_longest_names_keep_to_one_page() -> None:
    long = honour(
        title="示范基地" * 25, number="编号" * 50, co_issuers="\n".join(["青海省某某厅" * 30] * 10)
    )
    with pikepdf.open(BytesIO(drawn(said(long, certificate("很长的馆名" * 20), PAGE)))) as document:
        assert len(document.pages) == 1


def test_a_character_that_the_fonts_lack_is_named_and_not_drawn_as_a_box() -> None:
    with pytest.raises(CannotBeDrawn) as caught:
        said(honour(), certificate("𪚥𠮷科技馆"), PAGE)
    assert caught.value.values["characters"] == "𪚥（U+2A6A5）、𠮷（U+20BB7）"


def test_the_fonts_cover_gb_2312_the_register_and_the_known_venues() -> None:
    told = json.loads((FONTS / "covered.json").read_text())
    digests = {name: sha256((FONTS / name).read_bytes()).hexdigest() for name in told}
    assert digests == {name: font["sha256"] for name, font in told.items()}
    rows = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    chinese = {pair.decode("gb2312", "ignore") for pair in rows} - {""}
    assert (len(chinese), missing(*sorted(chinese))) == (6763, [])
    register = ROOT / "services/events/network/register/data"
    files = [*register.glob("*.csv"), *(ROOT / "services/venues/registry/data").glob("*.csv")]
    names = {char for file in files for char in file.read_text("utf-8-sig") if char >= " "}
    assert names - covered() == set()


async def test_a_certificate_is_public_and_asked_for_anew_each_time(
    venues: Running, version: UUID
) -> None:
    given = await named(venues, version)
    async with venues.as_() as anybody:
        first = await anybody.get(f"/certificates/{given}/document")
        tag = {"If-None-Match": first.headers["ETag"]}
        again = await anybody.get(f"/certificates/{given}/document", headers=tag)
    assert (first.status_code, first.headers["Content-Type"]) == (200, "application/pdf")
    assert first.headers["Cache-Control"] == "public, no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert "青科普〔2026〕001号" in text_of(first.content).replace(" ", "")
    # One whose name cannot be drawn says which character.
    await venues.scalar("UPDATE certificates SET holder = '𠮷科技馆' RETURNING 1")
    async with venues.as_(staff(Role.APPROVER, "63")) as approver:
        lacking = await approver.get(f"/certificates/{given}/document")
    assert (lacking.status_code, lacking.json()["detail"]) == (
        409,
        "缺少：𠮷（U+20BB7）。请联系管理员补充字库。",
    )
