"""The caller's own workbook back: bad cells coloured with a remark, and a sheet that lists them.

An XLSX is patched where it stands: only the parts that get marks change, and in them only the
marks; pictures, charts, formulas, validation lists and widths are copied byte for byte. A CSV
comes back as an XLSX with the same cells, as text.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import xlsxwriter

from services.kit.languages import say
from services.kit.sheets import remarks
from services.kit.sheets.cells import shown
from services.kit.sheets.declare import Sheet, said
from services.kit.sheets.faults import Fault, why
from services.kit.sheets.marks import Marks
from services.kit.sheets.package import Package, Tab, letters
from services.kit.sheets.reading import open_table
from services.kit.sheets.remarks import Remark, escaped
from services.kit.sheets.scan import Line

RESULT = said("检查结果", "Check", "ཞིབ་བཤེར་འབྲས་བུ", "Шалгалтын дүн")
HEADINGS = (
    said("单元格", "Cell", "དྲ་མིག", "Нүд"),
    said("列", "Column", "ཀ་པ", "Багана"),
    said("填写内容", "Value", "ནང་དོན", "Утга"),
    said("问题", "Reason", "གནད་དོན", "Шалтгаан"),
)
COLOUR = "FFFFC7CE"
"""The pink that spreadsheet programs themselves use for "bad"."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One fault in the summary."""

    cell: str
    title: str
    value: str
    why: str


def annotate(
    file: IO[bytes], sheet: Sheet, faults: Sequence[Fault], target: IO[bytes], language: str
) -> None:
    """Write the marked copy of `file` to `target`. Raises Unreadable as reading does."""
    table = open_table(file, sheet)
    lines = [
        _Line(
            f"{letters(one.column)}{one.row}",
            sheet.column(one.key).title(language),
            one.value,
            why(sheet, one, language),
        )
        for one in sorted(faults, key=lambda one: (one.row, one.column))
    ]
    if table.tab is None:
        _from_text(table.lines(), by_cell(sheet, faults, language), lines, target, language)
    else:
        file.seek(0)
        said_ = by_cell(sheet, faults, language)
        _patch(Package(file), table.tab, said_, lines, target, language)


Said = dict[tuple[int, int], str]
"""What the remark of each bad cell says, by row and column."""


def by_cell(sheet: Sheet, faults: Sequence[Fault], language: str) -> Said:
    """All faults of each bad cell."""
    found: dict[tuple[int, int], list[str]] = {}
    for one in faults:
        found.setdefault((one.row, one.column), []).append(why(sheet, one, language))
    return {cell: "\n".join(dict.fromkeys(why)) for cell, why in sorted(found.items())}


def _from_text(
    rows: Iterator[Line], said_: Said, lines: list[_Line], target: IO[bytes], language: str
) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(target, options)
    bad = book.add_format({"bg_color": "#FFC7CE"})
    plain = book.add_format({"num_format": "@"})
    page = book.add_worksheet()
    marked: dict[int, set[int]] = {}
    for row, column in said_:
        marked.setdefault(row, set()).add(column)
    for row, line in rows:
        bad_here = marked.get(row, set())
        for column in sorted({*line, *bad_here}):
            style = bad if column in bad_here else plain
            page.write_string(row - 1, column, shown(line.get(column)), style)
        for column in sorted(bad_here):
            # With its row: what is behind it is on the disk already.
            page.write_comment(row - 1, column, said_[row, column])
    summary = book.add_worksheet(say(RESULT, language)[0])
    for column, words in enumerate(HEADINGS):
        summary.write_string(0, column, say(words, language)[0])
    for at, one in enumerate(lines, 1):
        for column, text in enumerate((one.cell, one.title, one.value, one.why)):
            summary.write_string(at, column, text)
    book.close()


def _patch(
    package: Package,
    tab: Tab,
    said_: Said,
    lines: list[_Line],
    target: IO[bytes],
    language: str,
) -> None:
    wanted: dict[int, set[int]] = {}
    for row, column in said_:
        wanted.setdefault(row, set()).add(column)
    marks = Marks(package, tab.part, wanted)
    changed: dict[str, bytes] = {}
    style_of = _styles(package, marks.styles(), changed)
    noted = [Remark(row, column, text) for (row, column), text in said_.items()]
    legacy = remarks.add(package, tab.part, noted, changed)
    _summary(package, tab, lines, changed, language)
    edits = marks.edits(style_of.__getitem__, marks.tags(), legacy)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for entry in package.zip.infolist():
            if entry.filename in changed:
                out.writestr(entry.filename, changed.pop(entry.filename))
            elif entry.filename == tab.part:
                with out.open(entry.filename, "w", force_zip64=True) as part:
                    marks.copy(edits, part)
            elif not entry.is_dir():
                with (
                    package.chunks(entry.filename) as chunks,
                    out.open(entry.filename, "w", force_zip64=True) as part,
                ):
                    for chunk in chunks:
                        part.write(chunk)
        for name, data in changed.items():
            out.writestr(name, data)


_XF = re.compile(r"<((?:\w+:)?)xf\b[^>]*?(?:/>|>.*?</\1xf>)", re.DOTALL)


def _styles(package: Package, used: set[int], changed: dict[str, bytes]) -> dict[int, int]:
    """A copy of each format that is used, filled with our colour: style → marked style."""
    part = package.related("styles")
    if part is None:
        part = "xl/stylesKepu.xml"
        text = remarks.EMPTY_STYLES
        remarks.relate(package, package.workbook, "styles", part, changed)
        remarks.declare(package, part, "spreadsheetml.styles+xml", changed)
    else:
        text = package.text(part)
    fill = (
        '<{p}fill><{p}patternFill patternType="solid"><{p}fgColor rgb="' + COLOUR + '"/>'
        '<{p}bgColor indexed="64"/></{p}patternFill></{p}fill>'
    )
    text, first_fill = _appended(text, "fills", "fill", lambda p: [fill.format(p=p)])
    formats = re.search(r"<((?:\w+:)?)cellXfs\b.*?</\1cellXfs>", text, re.DOTALL)
    present = [found[0] for found in _XF.finditer(formats[0])] if formats else []
    order = sorted(used)

    def copies(prefix: str) -> list[str]:
        made = []
        for style in order:
            xf = present[style] if style < len(present) else f"<{prefix}xf/>"
            head = re.sub(r'\s(?:fillId|applyFill)="[^"]*"', "", xf[: xf.index(">") + 1])
            slash = "/>" if head.endswith("/>") else ">"
            head = f'{head[: -len(slash)]} fillId="{first_fill}" applyFill="1"{slash}'
            made.append(head + xf[xf.index(">") + 1 :])
        return made

    text, first = _appended(text, "cellXfs", "xf", copies)
    changed[part] = text.encode()
    return {style: first + number for number, style in enumerate(order)}


def _appended(text: str, group: str, member: str, made: Any) -> tuple[str, int]:
    """`text` with members added to a group of styles, and the number of the first of them."""
    found = re.search(rf"<((?:\w+:)?){group}\b[^>]*>(.*?)</\1{group}>", text, re.DOTALL)
    if found is None:
        # A workbook without this group: the one that it would have stands in EMPTY_STYLES.
        found = re.search(rf"<((?:\w+:)?){group}\b[^>]*>(.*?)</\1{group}>", remarks.EMPTY_STYLES)
        assert found is not None
        text = remarks.insert_group(text, group, found[0])
        return _appended(text, group, member, made)
    prefix, inside = found[1], found[2]
    count = len(re.findall(rf"<{prefix}{member}\b", inside))
    added = made(prefix)
    new = (
        f'<{prefix}{group} count="{count + len(added)}">{inside}{"".join(added)}</{prefix}{group}>'
    )
    return text[: found.start()] + new + text[found.end() :], count


def _summary(
    package: Package, tab: Tab, lines: list[_Line], changed: dict[str, bytes], language: str
) -> None:
    """One more worksheet that lists the faults, each with a link to its cell."""
    part = remarks.free_name(package, "xl/worksheets/check{}.xml")
    headings = tuple(say(words, language)[0] for words in HEADINGS)
    rows = [headings, *((one.cell, one.title, one.value, one.why) for one in lines)]
    body = "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{letters(at)}{number}" t="inlineStr"><is>'
            f'<t xml:space="preserve">{escaped(text)}</t></is></c>'
            for at, text in enumerate(row)
        )
        + "</row>"
        for number, row in enumerate(rows, 1)
    )
    home = escaped("'" + tab.name.replace("'", "''") + "'!")
    links = "".join(
        f'<hyperlink ref="A{number}" location="{home}{one.cell}"/>'
        for number, one in enumerate(lines, 2)
    )
    links = f"<hyperlinks>{links}</hyperlinks>" if links else ""
    widths = '<cols><col min="1" max="1" width="10" customWidth="1"/>'
    widths += '<col min="2" max="3" width="24" customWidth="1"/>'
    widths += '<col min="4" max="4" width="60" customWidth="1"/></cols>'
    text = f"{remarks.HEAD}<worksheet {remarks.MAIN}>{widths}<sheetData>{body}</sheetData>"
    changed[part] = f"{text}{links}</worksheet>".encode()
    relation = remarks.relate(package, package.workbook, "worksheet", part, changed)
    remarks.declare(package, part, "spreadsheetml.worksheet+xml", changed)
    name = _free_tab(package, say(RESULT, language)[0])
    workbook = package.text(package.workbook)
    numbers = [int(found) for found in re.findall(r'\bsheetId="(\d+)"', workbook)]
    close = re.search(r"</((?:\w+:)?)sheets>", workbook)
    assert close is not None
    entry = (
        f'<{close[1]}sheet xmlns:kepu="{remarks.RELATIONS}" name="{escaped(name)}"'
        f' sheetId="{max(numbers, default=0) + 1}" kepu:id="{relation}"/>'
    )
    at = close.start()
    changed[package.workbook] = (workbook[:at] + entry + workbook[at:]).encode()


def _free_tab(package: Package, name: str) -> str:
    taken = {tab.name.casefold() for tab in package.tabs}
    number, found = 1, name
    while found.casefold() in taken:
        number += 1
        found = f"{name} {number}"
    return found
