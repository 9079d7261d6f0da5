"""Institutions that come in with a spreadsheet: found by code or name, entered when new."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.kit.db import run
from services.kit.imports.rules import Desk
from services.venues.experts.models import Institution
from services.venues.experts.pool.rules import Link, name_key, name_keys

# By its code; else by a name, where not both have a code.
_FOUND = text(
    """SELECT id, uscc, parent_id FROM institutions
    WHERE uscc = :uscc OR (:key = ANY (name_keys) AND (uscc IS NULL OR CAST(:uscc AS text) IS NULL))
    ORDER BY uscc IS NOT DISTINCT FROM :uscc DESC, id LIMIT 1 FOR UPDATE"""
)
_NAME_CODE = text("UPDATE institutions SET uscc = :uscc, version = version + 1 WHERE id = :id")
_PLACE = text(
    """UPDATE institutions SET parent_id = :above, link = :link, version = version + 1
    WHERE id = :id AND parent_id IS NULL AND id <> :above"""
)


class Arrivals:
    """The institutions of one batch; what a row says of one is remembered for the next rows."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: dict[tuple[str | None, str], UUID] = {}

    async def employer(self, values: dict[str, Any]) -> UUID:
        """The institution of a row. What it belongs to is set where nobody has said so yet."""
        code = values["division_code"]
        own = await self._one(values["employer"], values.get("employer_uscc"), code)
        if values.get("employer_above"):
            above = await self._one(values["employer_above"], None, code)
            given = {"id": own, "above": above, "link": Link(values["link"]).value}
            await run(self._desk.db, _PLACE, given)
        return own

    async def _one(self, name: str, uscc: str | None, code: str) -> UUID:
        key = (uscc, name_key(name))
        if key not in self._known:
            self._known[key] = await self._found(name, uscc, code)
        return self._known[key]

    async def _found(self, name: str, uscc: str | None, code: str) -> UUID:
        db = self._desk.db
        found = (await run(db, _FOUND, {"uscc": uscc, "key": name_key(name)})).first()
        if found is not None:
            if uscc is not None and found.uscc is None:
                await run(db, _NAME_CODE, {"id": found.id, "uscc": uscc})
            return UUID(str(found.id))
        row = Institution(
            division_code=code,
            recorded_code=code,
            name=name,
            name_keys=name_keys(name),
            uscc=uscc,
            created_by=self._desk.caller.known(),
            created_at=self._desk.now,
        )
        db.add(row)
        await db.flush()
        return row.id
