"""The register as open data: every published venue as CSV, XLSX or GeoJSON, in a stream.

Nothing about people is in it. The sheet is also the one that venues come in by (sheet.py).
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import orjson
from fastapi import Query
from fastapi.responses import StreamingResponse
from sqlalchemy import text

from services.kit.access import ANONYMOUS
from services.kit.app import Kit, KitDep
from services.kit.db import run
from services.kit.divisions import DivisionCode, upper
from services.kit.imports.exports import PAGE
from services.kit.imports.routes import download_headers, spoken
from services.kit.languages import say
from services.kit.routing import Router
from services.kit.sheets.cells import ZONE
from services.kit.sheets.declare import Sheet
from services.kit.sheets.export import MEDIA_TYPES, FileKind, csv_pieces, xlsx_pieces
from services.venues.honours.rules import HonourState
from services.venues.registry.columns import COLUMNS_OF_THE_PUBLIC, HONOUR_STATES

SHEET = Sheet("venues_open", COLUMNS_OF_THE_PUBLIC[0], COLUMNS_OF_THE_PUBLIC[1])
GEOJSON = "application/geo+json"


class OpenFormat(StrEnum):
    """What the open data is written as."""

    CSV = "csv"
    XLSX = "xlsx"
    GEOJSON = "geojson"


_PAGE = text(
    """SELECT v.id, v.name, v.kind, v.division_code, v.longitude, v.latitude, v.altitude_m,
        v.address, v.phone, v.website, v.languages, v.accessibility, v.capacity, v.admission,
        v.open_all_year, v.host_name, v.host_uscc, v.source,
        (SELECT string_agg(n.name, '、' ORDER BY n.name) FROM venue_names n
            WHERE n.venue_id = v.id AND n.kind <> 'former') AS aliases,
        (SELECT string_agg(n.name, '、' ORDER BY n.name) FROM venue_names n
            WHERE n.venue_id = v.id AND n.kind = 'former') AS former_names,
        (SELECT COALESCE(json_agg(json_build_object('title', h.title, 'issuer', h.issuer,
                'state', h.state, 'valid_until', h.valid_until) ORDER BY h.title, h.id), '[]')
            FROM honours h WHERE h.venue_id = v.id) AS honours
    FROM venues v
    WHERE v.state = 'published' AND (CAST(:after AS uuid) IS NULL OR v.id > :after)
        AND v.division_code >= :from AND v.division_code < :below
    ORDER BY v.id LIMIT :most"""
)


Found = dict[str, Any]


async def _batches(kit: Kit, division: str) -> AsyncIterator[list[Found]]:
    """Page after page, each in a transaction of its own: none is held while somebody downloads."""
    bounds = {"from": division or "0", "below": upper(division) if division else ":"}
    after: Any = None
    while True:
        async with kit.database.transaction(ANONYMOUS) as db:
            values = {"after": after, "most": PAGE, **bounds}
            rows = [dict(row) for row in (await run(db, _PAGE, values)).mappings().all()]
        if rows:
            after = rows[-1]["id"]
            yield rows
        if len(rows) < PAGE:
            return


def feature(row: Found) -> dict[str, Any]:
    """A venue as a GeoJSON feature (RFC 7946: WGS-84, longitude first, height in metres)."""
    point: list[float] | None = None
    if row["longitude"] is not None:
        point = [row["longitude"], row["latitude"]]
        if row["altitude_m"] is not None:
            point.append(row["altitude_m"])
    return {
        "type": "Feature",
        "id": str(row["id"]),
        "geometry": point and {"type": "Point", "coordinates": point},
        "properties": {
            name: value
            for name, value in row.items()
            if name not in ("id", "longitude", "latitude")
        },
    }


async def _geojson(batches: AsyncIterator[list[Found]]) -> AsyncIterator[bytes]:
    yield b'{"type":"FeatureCollection","features":['
    comma = b""
    async for rows in batches:
        yield comma + b",\n".join(orjson.dumps(feature(row)) for row in rows)
        comma = b",\n"
    yield b"]}\n"


async def _cells(
    batches: AsyncIterator[list[Found]], language: str
) -> AsyncIterator[list[dict[str, Any]]]:
    """The rows as cells: each honour in a few words."""
    async for rows in batches:
        yield [{**row, "honours": _honours(row["honours"], language)} for row in rows]


def _honours(honours: list[dict[str, Any]], language: str) -> str:
    return "；".join(
        "，".join(
            part
            for part in (
                f"{one['title']}（{one['issuer']}）",
                say(HONOUR_STATES[HonourState(one["state"])], language)[0],
                one["valid_until"],
            )
            if part
        )
        for one in honours
    )


router = Router(prefix="/venues", tags=["exports"])
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_CONTENT: dict[str, Any] = dict.fromkeys((str(kind) for kind in MEDIA_TYPES.values()), _BINARY)
_CONTENT[GEOJSON] = {"schema": {"type": "object", "description": "A FeatureCollection"}}


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": _CONTENT}},
)
async def export_venues(
    kit: KitDep,
    as_: Annotated[OpenFormat, Query(alias="format")] = OpenFormat.CSV,
    mark: Annotated[
        bool, Query(description="CSV begins with a byte order mark, as Excel needs it")
    ] = True,
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
) -> StreamingResponse:
    """The published venues as open data; free to use, with the source of each row."""
    batches, language = _batches(kit, division or ""), spoken()
    if as_ is OpenFormat.GEOJSON:
        pieces, media = _geojson(batches), GEOJSON
    elif as_ is OpenFormat.CSV:
        pieces = csv_pieces(SHEET, _cells(batches, language), language, mark=mark)
        media = MEDIA_TYPES[FileKind.CSV]
    else:
        pieces = xlsx_pieces(SHEET, _cells(batches, language), language)
        media = MEDIA_TYPES[FileKind.XLSX]
    day = datetime.now(UTC).astimezone(ZONE).date()
    headers = download_headers(f"{SHEET.title(language)}-{day}.{as_}")
    headers["Cache-Control"] = "public, max-age=300"
    return StreamingResponse(pieces, headers=headers, media_type=media)
