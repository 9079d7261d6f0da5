"""Files as offices and attackers send them: what is read, and what is refused before it harms."""

import io
import resource
import zipfile
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import PatternFill

from services.kit.languages import load_words
from services.kit.sheets.annotate import annotate
from services.kit.sheets.package import Unreadable
from services.kit.sheets.reading import open_table
from tests.kit.sheets.declared import SHEET
from tests.support.workbooks import marked, workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def values(content: bytes) -> list[tuple[int, Any, Any]]:
    """Row, name and people of each record."""
    table = open_table(io.BytesIO(content), SHEET)
    return [(one.row, one.values["name"], one.values.get("people")) for one in table.records()]


def faults(content: bytes) -> list[tuple[int, str, str]]:
    table = open_table(io.BytesIO(content), SHEET)
    return [(one.row, one.key, one.rule) for record in table.records() for one in record.faults]


def refusal(content: bytes) -> str:
    with pytest.raises(Unreadable) as refused:
        list(open_table(io.BytesIO(content), SHEET).records())
    return refused.value.rule


def saved(book: openpyxl.Workbook) -> bytes:
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def with_part(content: bytes, name: str, change: Any) -> bytes:
    """A workbook with one of its parts rewritten."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", 8) as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry.filename, change(data) if entry.filename == name else data)
    return made.getvalue()


SHEET_XML = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_csv_is_read_in_the_encodings_of_excel_and_wps(encoding: str, delimiter: str) -> None:
    text = f"名称{delimiter}人数\r\n“海晏”科普站{delimiter}12\r\n\r\n'=1+1{delimiter}3\r\n"
    assert values(text.encode(encoding)) == [(2, "“海晏”科普站", 12), (4, "=1+1", 3)]


def test_headings_are_found_below_a_title_in_any_language_and_order() -> None:
    rows = [
        ["附件1 登记表"],
        [],
        ["People", "备注", " Нэр* "],
        [5, "x", "甲"],
        [None, "y", "\u3000"],
    ]
    assert values(workbook([], rows)) == [(5, "甲", 5)]
    assert open_table(io.BytesIO(workbook([], rows)), SHEET).ignored == ["备注"]


def test_the_one_visible_sheet_that_fits_is_taken_and_two_are_not_guessed_between() -> None:
    book = openpyxl.Workbook()
    book.active.append(["说明", "请填第二个表"])
    for name, row in (("数据", ["甲", 1]), ("旧", ["乙", 2])):
        page = book.create_sheet(name)
        page.append(["名称", "人数"])
        page.append(row)
    book["旧"].sheet_state = "hidden"
    assert values(saved(book)) == [(2, "甲", 1)]
    assert open_table(io.BytesIO(saved(book)), SHEET).left_out == ["旧"]
    book["旧"].sheet_state = "visible"
    assert refusal(saved(book)) == "sheet-several"


def test_merged_cells_errors_and_formulas_without_a_value_are_bad_cells() -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["名称", "人数"])
    page.append(["甲", "=1+1"])
    page.append(["乙", "#N/A"])
    page["B3"].data_type = "e"
    page.append(["丙", 5])
    page.append(["丁", None])
    page.merge_cells("B4:B5")
    page.append(["戊", 7])
    assert faults(saved(book)) == [
        (2, "people", "cell-formula"),
        (3, "people", "cell-error"),
        (5, "people", "cell-merged"),
    ]


def test_a_repeated_row_says_which_one_it_repeats() -> None:
    assert faults(workbook(["名称"], [["甲"], ["乙"], ["甲"]])) == [(4, "name", "row-repeated")]


def test_a_workbook_of_another_program_is_read_alike() -> None:
    """A prefix before every name, no cell references, inline texts: as some exporters write."""
    cell = '<x:c t="inlineStr"><x:is><x:t>{}</x:t></x:is></x:c>'
    rows = "".join(
        f"<x:row>{''.join(cell.format(text) for text in row)}</x:row>"
        for row in (("名称", "人数"), ("甲_x000D_", "４"))
    )
    made = f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    content = with_part(workbook([], []), SHEET_XML, lambda _: made.encode())
    assert values(content) == [(2, "甲", 4)]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "sheet-empty"),
        (b"%PDF-1.7\x00", "sheet-not-a-workbook"),
        (b"PK\x03\x04 renamed.zip", "sheet-not-a-workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "sheet-old-or-locked"),
        (b"\xff\xff\x81\xff", "sheet-encoding"),
        (workbook([], []), "sheet-empty"),
        (workbook(["人数", "海拔"], [[1, 2]]), "sheet-columns-missing"),
        (workbook(["名称", "Name"], [["甲", "乙"]]), "sheet-column-twice"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(content: bytes, rule: str) -> None:
    assert refusal(content) == rule


def test_a_damaged_part_is_refused_by_name() -> None:
    good = workbook(["名称"], [["甲"]])
    for change in (
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b't="s"><v>1<', b't="s"><v>99<'),
        lambda data: data.replace(b"?>", b'?><!DOCTYPE a [<!ENTITY b "c">]>', 1),
    ):
        assert refusal(with_part(good, SHEET_XML, change)) == "sheet-damaged"


def test_files_made_to_exhaust_memory_are_refused_within_a_few_megabytes() -> None:
    """A zip bomb, and two cells at the far corners, which end other readers' processes."""
    bomb = with_part(workbook(["名称"], [["甲"]]), SHEET_XML, lambda _: b" " * 300_000_000)
    assert len(bomb) < 5_000_000
    corners = workbook(["名称"], [["甲"]])
    far = b'<row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData>'
    corners = with_part(corners, SHEET_XML, lambda data: data.replace(b"</sheetData>", far))
    many = with_part(
        workbook(["名称"], [["甲"]]),
        SHEET_XML,
        lambda data: data.replace(b"</sheetData>", b"<row/>" * 200_001 + b"</sheetData>"),
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refusal(bomb) == "sheet-inflates"
    assert values(corners) == [(2, "甲", None)]
    assert refusal(many) == "sheet-too-many-rows"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_marks_leave_everything_else_of_the_workbook_as_it_was() -> None:
    """Chart, picture, notes, validation, styles: every other part byte for byte, notes kept."""
    load_words("services.kit")
    book = openpyxl.Workbook()
    page = book.active
    page.append(["名称", "人数", "日期"])
    page.append(["甲", "七", None])
    page.append([None, 5, "x"])
    page["B2"].comment = openpyxl.comments.Comment("县里核对过", "王")
    page["A2"].fill = PatternFill("solid", fgColor="FF00FF00")
    page["C3"].number_format = "yyyy-mm-dd"
    chart = openpyxl.chart.BarChart()
    chart.add_data(openpyxl.chart.Reference(page, min_col=2, min_row=1, max_row=3))
    page.add_chart(chart, "H2")
    given = saved(book)
    table = open_table(io.BytesIO(given), SHEET)
    found = [one for record in table.records() for one in record.faults]
    out = io.BytesIO()
    annotate(io.BytesIO(given), SHEET, found, out, "zh-CN")
    seen = marked(out.getvalue())
    assert seen.coloured == ["B2", "A3", "C3"]
    assert seen.remarks["B2"] == "应为整数\n县里核对过"
    assert [line[0] for line in seen.listed] == ["B2", "A3", "C3"]
    again = openpyxl.load_workbook(io.BytesIO(out.getvalue()))
    assert again.worksheets[0]["A2"].fill.fgColor.rgb == "FF00FF00"
    assert again.worksheets[0]["C3"].number_format == "yyyy-mm-dd"
    assert len(again.worksheets[0]._charts) == 1
    with zipfile.ZipFile(io.BytesIO(given)) as before, zipfile.ZipFile(out) as after:
        changed = {name for name in before.namelist() if before.read(name) != after.read(name)}
        assert changed == {
            "[Content_Types].xml",
            SHEET_XML,
            "xl/styles.xml",
            "xl/workbook.xml",
            "xl/_rels/workbook.xml.rels",
            "xl/comments/comment1.xml",
            "xl/drawings/commentsDrawing1.vml",
        }
    # What comes back can be corrected and sent in again; marked again, its list stands beside.
    assert faults(out.getvalue()) == [(one.row, one.key, one.rule) for one in found]
    twice = io.BytesIO()
    annotate(out, SHEET, found, twice, "en")
    assert openpyxl.load_workbook(twice).sheetnames == ["Sheet", "检查结果", "Check"]


def test_a_csv_comes_back_as_a_marked_workbook_with_the_same_cells() -> None:
    load_words("services.kit")
    given = "名称,人数\n甲,七\n'=1+1,5\n,6\n".encode("gb18030")
    table = open_table(io.BytesIO(given), SHEET)
    found = [one for record in table.records() for one in record.faults]
    out = io.BytesIO()
    annotate(io.BytesIO(given), SHEET, found, out, "zh-CN")
    seen = marked(out.getvalue())
    assert (seen.coloured, list(seen.remarks)) == (["B2", "A4"], ["B2", "A4"])
    assert seen.cells == [("名称", "人数"), ("甲", "七"), ("=1+1", "5"), ("", "6")]
