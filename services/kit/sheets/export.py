"""Rows out as XLSX or CSV, a batch at a time: memory stays flat, and no text acts as a formula."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import xlsxwriter

from services.kit.languages import say
from services.kit.sheets.cells import ZONE
from services.kit.sheets.declare import NO, YES, Column, Kind, Sheet
from services.kit.sheets.formulas import acts, shield

Batches = AsyncIterator[Sequence[dict[str, Any]]]
"""Rows by column key, some hundreds at a time."""

_PIECE = 64 * 1024


class FileKind(StrEnum):
    """What an export is written as."""

    XLSX = "xlsx"
    CSV = "csv"


MEDIA_TYPES = {
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileKind.CSV: "text/csv; charset=utf-8",
}


def cell_of(column: Column, value: Any, language: str) -> str | int | float | None:
    """A value as a cell: words where people read words, numbers where they count."""
    if value is None or value == "":
        return None
    match column.kind:
        case Kind.WHOLE | Kind.NUMBER:
            return value if isinstance(value, int | float) else float(value)
        case Kind.DAY:
            return value.isoformat() if isinstance(value, date) else str(value)
        case Kind.TIME:
            assert isinstance(value, datetime)
            local = value.astimezone(ZONE)
            return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")
        case Kind.YES_NO:
            return say(YES if value else NO, language)[0]
        case Kind.CHOICE:
            return _word(column, value, language)
        case Kind.CHOICES:
            return "、".join(_word(column, one, language) for one in value)
        case _:
            return str(value)


def _word(column: Column, value: str, language: str) -> str:
    for choice in column.choices:
        if choice.value == value:
            return say(choice.words, language)[0]
    return value


async def csv_pieces(
    sheet: Sheet, batches: Batches, language: str, *, mark: bool = True
) -> AsyncIterator[bytes]:
    """CSV in UTF-8, as it is read; with `mark` a byte order mark, without which Excel guesses."""
    out = io.StringIO()
    writer = csv.writer(out)

    def taken() -> bytes:
        text = out.getvalue()
        out.seek(0)
        out.truncate()
        return text.encode()

    if mark:
        out.write("\ufeff")
    writer.writerow([column.title(language) for column in sheet.columns])
    yield taken()
    async for batch in batches:
        for row in batch:
            cells = [cell_of(one, row.get(one.key), language) for one in sheet.columns]
            writer.writerow([shield(one) if isinstance(one, str) else one for one in cells])
        yield taken()


async def xlsx_pieces(sheet: Sheet, batches: Batches, language: str) -> AsyncIterator[bytes]:
    """A workbook with one sheet, written to a temporary file row by row and then sent."""
    with tempfile.TemporaryFile() as file:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        book = xlsxwriter.Workbook(file, options)
        page = book.add_worksheet(sheet.title(language)[:31])
        head = book.add_format({"bold": True})
        text = book.add_format({"num_format": "@"})
        quoted = book.add_format({"num_format": "@", "quote_prefix": True})
        for at, column in enumerate(sheet.columns):
            page.write_string(0, at, column.title(language), head)
        page.freeze_panes(1, 0)
        last = 0

        def write(batch: Sequence[dict[str, Any]]) -> None:
            nonlocal last
            for row in batch:
                last += 1
                for at, column in enumerate(sheet.columns):
                    cell = cell_of(column, row.get(column.key), language)
                    if isinstance(cell, str):
                        # The quote prefix keeps it a text even after somebody edits the cell.
                        page.write_string(last, at, cell, quoted if acts(cell) else text)
                    elif cell is not None:
                        page.write_number(last, at, cell)

        async for batch in batches:
            await asyncio.to_thread(write, batch)
        await asyncio.to_thread(book.close)
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece
