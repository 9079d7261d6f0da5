"""Workbooks as people make them, and what an independent reader (openpyxl) finds in one."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import openpyxl
import xlsxwriter

from tests.support.apps import until

PINK = "FFFFC7CE"


def workbook(headings: Sequence[str], rows: Iterable[Sequence[Any]], name: str = "表") -> bytes:
    """An XLSX with one sheet; None is an empty cell."""
    made = io.BytesIO()
    options = {"strings_to_formulas": False, "default_date_format": "yyyy-mm-dd"}
    book = xlsxwriter.Workbook(made, options)
    page = book.add_worksheet(name)
    for number, row in enumerate([headings, *rows]):
        page.write_row(number, 0, row)
    book.close()
    return made.getvalue()


@dataclass(frozen=True)
class Marked:
    """An annotated workbook: coloured cells, remarks below the headings, the list."""

    coloured: list[str]
    remarks: dict[str, str]
    listed: list[tuple[Any, ...]]
    cells: list[tuple[Any, ...]]


def marked(content: bytes) -> Marked:
    """What openpyxl sees in an annotated workbook: our scanner is not asked."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    page = book.worksheets[0]
    cells = [cell for row in page.iter_rows() for cell in row]
    return Marked(
        [cell.coordinate for cell in cells if cell.fill.fgColor.rgb == PINK],
        {cell.coordinate: cell.comment.text for cell in cells if cell.comment and cell.row > 1},
        list(book.worksheets[-1].values)[1:],
        list(page.values),
    )


async def imported(client: httpx.AsyncClient, path: str, content: bytes, **asked: Any) -> Any:
    """Send a file in and wait for what becomes of it."""
    sent = await client.post(f"{path}/imports", content=content, params=asked)
    assert sent.status_code == 202, sent.text
    return await settled(client, path, sent.json()["id"])


async def settled(client: httpx.AsyncClient, path: str, import_id: str) -> Any:
    """The import once its job has ended."""

    async def ended() -> Any:
        job = (await client.get(f"{path}/imports/{import_id}")).json()["job"]
        if (await client.get(f"/jobs/{job}")).json()["ended_at"] is None:
            return None
        return (await client.get(f"{path}/imports/{import_id}")).json()

    return await until(ended, within_s=30)
