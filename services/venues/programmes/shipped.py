"""The programmes that come with the platform: read from `data`, put in force once."""

import tomllib
from functools import cache
from pathlib import Path
from uuid import UUID, uuid5

import orjson
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.facts import record
from services.venues.facts import ProgrammePublished
from services.venues.programmes.definition import Definition, read

FOLDER = Path(__file__).parent / "data"
_SHIPPED = UUID("5b0d5f7e-59e5-4b0e-9a4f-2f5f6b1c6a10")
SYSTEM = uuid5(_SHIPPED, "system")
"""Who wrote and published what came with the platform."""

_ADD = text(
    """INSERT INTO programmes (id, key, division_code, recorded_code, created_by)
    VALUES (:id, :key, :division, :division, :by) ON CONFLICT DO NOTHING RETURNING id"""
)
_PUBLISH = text(
    """INSERT INTO programme_versions (id, programme_id, number, definition, state, version,
        created_by, published_by, published_at)
    VALUES (:id, :programme, 1, CAST(:definition AS jsonb), 'published', 1, :by, :by, now())"""
)


@cache
def shipped() -> dict[str, Definition]:
    """Every shipped definition, by its key."""
    files = sorted(FOLDER.glob("*.toml"))
    return {file.stem: read(tomllib.loads(file.read_text("utf-8"))) for file in files}


def id_of(key: str) -> UUID:
    """A shipped programme has the same id everywhere."""
    return uuid5(_SHIPPED, key)


async def add_shipped(db: AsyncSession) -> int:
    """Put in force what is not there yet; answers how many that were. A programme that is there,
    edited, withdrawn or somebody's own, stays as it is."""
    added = 0
    for key, definition in shipped().items():
        values = {"id": id_of(key), "key": key, "division": definition.division, "by": SYSTEM}
        if (await run(db, _ADD, values)).scalar() is None:
            continue
        version = {
            "id": uuid5(id_of(key), "1"),
            "programme": id_of(key),
            "definition": orjson.dumps(definition.model_dump(mode="json")).decode(),
            "by": SYSTEM,
        }
        await run(db, _PUBLISH, version)
        fact = ProgrammePublished(number=1)
        await record(db, fact, subject=id_of(key), division=definition.division, version=2)
        added += 1
    return added
