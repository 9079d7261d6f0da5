"""Remarks on cells (Excel's notes) added to a workbook that may have some already, as XML parts."""

import posixpath
import re
from dataclasses import dataclass
from html import escape
from typing import Any

from services.kit.sheets.package import Package, letters

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SCHEMAS = "http://schemas.openxmlformats.org"
MAIN = f'xmlns="{_SCHEMAS}/spreadsheetml/2006/main"'
RELATIONS = f"{_SCHEMAS}/officeDocument/2006/relationships"
_PACKAGE = f"{_SCHEMAS}/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument."
EMPTY_STYLES = (
    f'{HEAD}<styleSheet {MAIN}><fonts count="1"><font><sz val="11"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="1"><xf xfId="0"/></cellXfs></styleSheet>'
)
_ORDER = ("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs")
_VML = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:x="urn:schemas-microsoft-com:office:excel">'
    '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202"'
    ' path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
    '<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype></xml>'
)
_AUTHOR = "kepu"


@dataclass(frozen=True, slots=True)
class Remark:
    """What is said beside a cell. Row as Excel counts, column 0 is A."""

    row: int
    column: int
    text: str

    @property
    def place(self) -> str:
        return f"{letters(self.column)}{self.row}"


def escaped(text: str) -> str:
    """As XML text or attribute; characters that XML cannot hold are left out."""
    return escape(re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text))


def free_name(package: Package, pattern: str) -> str:
    """A part's name that is not taken."""
    number = 1
    while pattern.format(number) in package.names:
        number += 1
    return pattern.format(number)


def insert_group(text: str, group: str, xml: str) -> str:
    """A style sheet with a group that it lacks, where the schema wants it."""
    for before in reversed(_ORDER[: _ORDER.index(group)]):
        close = re.search(rf"</(?:\w+:)?{before}>", text)
        if close:
            return text[: close.end()] + xml + text[close.end() :]
    head = re.search(r"<(?:\w+:)?styleSheet\b[^>]*>", text)
    assert head is not None
    return text[: head.end()] + xml + text[head.end() :]


def _now(package: Package, part: str, changed: dict[str, bytes], empty: str) -> str:
    """A part as it stands with the changes so far; `empty` when there is none yet."""
    if part in changed:
        return changed[part].decode()
    return package.text(part) if part in package.names else empty


def relate(package: Package, source: str, kind: str, part: str, changed: dict[str, bytes]) -> str:
    """Add a relation from `source` to `part`; answers its id."""
    folder, name = posixpath.split(source)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    empty = f'{HEAD}<Relationships xmlns="{_PACKAGE}/relationships"></Relationships>'
    text = _now(package, path, changed, empty)
    text = re.sub(r"<((?:\w+:)?Relationships\b[^>]*)/>", r"<\1></Relationships>", text)
    number = 1
    while f'"rIdKepu{number}"' in text:
        number += 1
    close = re.search(r"</((?:\w+:)?)Relationships>", text)
    assert close is not None
    entry = (
        f'<{close[1]}Relationship Id="rIdKepu{number}" Type="{RELATIONS}/{kind}" Target="/{part}"/>'
    )
    changed[path] = (text[: close.start()] + entry + text[close.start() :]).encode()
    return f"rIdKepu{number}"


_CONTENT = "[Content_Types].xml"


def declare(package: Package, part: str, kind: str, changed: dict[str, bytes]) -> None:
    """Say of what type a new part is."""
    entry = f'<{{p}}Override PartName="/{part}" ContentType="{_TYPE}{kind}"/>'
    _content(package, entry, changed)


def _content(package: Package, entry: str, changed: dict[str, bytes]) -> None:
    text = _now(package, _CONTENT, changed, "")
    close = re.search(r"</((?:\w+:)?)Types>", text)
    assert close is not None
    new = entry.format(p=close[1])
    changed[_CONTENT] = (text[: close.start()] + new + text[close.start() :]).encode()


def add(package: Package, part: str, remarks: list[Remark], changed: dict[str, bytes]) -> Any:
    """Add the remarks of a worksheet; answers the element that it needs, or None if it has it."""
    if not remarks:
        return None
    relations = package.relations(part).values()
    by_kind = {kind.rpartition("/")[2]: target for kind, target in relations}
    notes = by_kind.get("comments")
    shapes = by_kind.get("vmlDrawing")
    legacy = None
    if shapes is None or shapes not in package.names:
        shapes = free_name(package, "xl/drawings/vmlKepu{}.vml")
        relation = relate(package, part, "vmlDrawing", shapes, changed)
        legacy = f'<legacyDrawing xmlns:kepu="{RELATIONS}" kepu:id="{relation}"/>'.encode()
        if 'Extension="vml"' not in _now(package, _CONTENT, changed, ""):
            _content(
                package, f'<{{p}}Default Extension="vml" ContentType="{_TYPE}vmlDrawing"/>', changed
            )
    if notes is None or notes not in package.names:
        notes = free_name(package, "xl/commentsKepu{}.xml")
        relate(package, part, "comments", notes, changed)
        declare(package, notes, "spreadsheetml.comments+xml", changed)
    empty = f"{HEAD}<comments {MAIN}><authors></authors><commentList></commentList></comments>"
    text, fresh = _notes(_now(package, notes, changed, empty), remarks)
    changed[notes] = text.encode()
    drawn = _now(package, shapes, changed, _VML)
    at = drawn.rindex("</xml>")
    changed[shapes] = (drawn[:at] + "".join(_shape(one) for one in fresh) + drawn[at:]).encode()
    return legacy


def _notes(text: str, remarks: list[Remark]) -> tuple[str, list[Remark]]:
    """The notes with ours among them, and those of ours whose cell had none."""
    text = re.sub(r"<((?:\w+:)?)(authors|commentList)\s*/>", r"<\1\2></\1\2>", text)
    authors = re.search(r"<((?:\w+:)?)authors>(.*?)</\1authors>", text, re.DOTALL)
    assert authors is not None
    p = authors[1]
    author = len(re.findall(rf"<{p}author\b", authors[2]))
    at = authors.end(2)
    text = f"{text[:at]}<{p}author>{_AUTHOR}</{p}author>{text[at:]}"
    fresh, added = [], []
    there = set(re.findall(rf'<{p}comment\b[^>]*\bref="([A-Z0-9]+)"', text))
    for one in remarks:
        words = escaped(one.text)
        opening = one.place in there and re.search(
            rf'<{p}comment\b[^>]*\bref="{one.place}"[^>]*>\s*<{p}text>(<{p}t\b[^>]*>)?', text
        )
        if opening:
            # The cell has a note of its own: ours goes before what it says.
            new = f"{words}\n" if opening[1] else f"<{p}r><{p}t>{words}\n</{p}t></{p}r>"
            text = text[: opening.end()] + new + text[opening.end() :]
            continue
        fresh.append(one)
        added.append(
            f'<{p}comment ref="{one.place}" authorId="{author}"><{p}text><{p}r>'
            f'<{p}t xml:space="preserve">{words}</{p}t></{p}r></{p}text></{p}comment>'
        )
    close = text.rindex(f"</{p}commentList>")
    return text[:close] + "".join(added) + text[close:], fresh


def _shape(one: Remark) -> str:
    lines = min(8, 2 + len(one.text) // 16)
    return (
        f'<v:shape id="_kepu_{one.place}" type="#_x0000_t202" fillcolor="#ffffe1"'
        ' style="position:absolute;visibility:hidden" o:insetmode="auto">'
        '<v:fill color2="#ffffe1"/><v:path o:connecttype="none"/><v:textbox/>'
        '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
        f"<x:Anchor>{one.column + 1},15,{one.row - 1},2,{one.column + 4},15,"
        f"{one.row - 1 + lines},4</x:Anchor><x:AutoFill>False</x:AutoFill>"
        f"<x:Row>{one.row - 1}</x:Row><x:Column>{one.column}</x:Column></x:ClientData></v:shape>"
    )
