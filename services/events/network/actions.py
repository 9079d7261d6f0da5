"""Loads a register into the tables, once or again, and says what that changed."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.carry import Row, Shape, carry, stored
from services.events.facts import DivisionChanged
from services.events.network.register.checks import Register
from services.events.network.register.lines import BadRegister
from services.events.network.register.rules import Point, resolve
from services.events.network.rules import (
    DIVISION_COLUMNS,
    FORMER_NAME_COLUMNS,
    SUCCESSION_COLUMNS,
    division_rows,
    former_name_rows,
    lost,
    succession_rows,
)
from services.kit.db import run
from services.kit.facts import record

DIVISIONS = Shape("divisions", DIVISION_COLUMNS)
SUCCESSIONS = Shape("successions", SUCCESSION_COLUMNS, key=3)
FORMER_NAMES = Shape("former_names", FORMER_NAME_COLUMNS, key=2)
_ABOLISHED_ON = DIVISION_COLUMNS.index("abolished_on")


class OtherRegister(Exception):
    """The database holds a later edition, or another province."""


@dataclass(frozen=True)
class Loaded:
    """What loading a register did to the divisions, and how many facts told of it."""

    new_edition: bool
    standing: int
    former: int
    added: int
    changed: int
    abolished: int
    told: int

    @property
    def anything(self) -> bool:
        return bool(self.new_edition or self.added or self.changed or self.abolished or self.told)


async def load_register(
    db: AsyncSession, register: Register, points: tuple[Point, ...], source: str
) -> Loaded:
    """Bring the tables to this register, in the caller's transaction.

    Raises OtherRegister for an older edition or another province, BadRegister when a code that
    the database knows would be forgotten.
    """
    await run(db, text("SELECT pg_advisory_xact_lock(hashtextextended('kepu register', 0))"))
    latest = (await run(db, text("SELECT max(edition) FROM editions"))).scalar_one()
    ours = set((await run(db, text("SELECT code FROM ordered_divisions"))).scalars())
    known = _without(await stored(db, DIVISIONS), ours)
    _refuse_another(register, latest, known)
    rows = [row for row in division_rows(register, points) if row[0] not in ours]
    done = await carry(db, DIVISIONS, rows, known)
    steps = await carry(
        db,
        SUCCESSIONS,
        succession_rows(register.changes),
        _without(await stored(db, SUCCESSIONS), ours, edition=1),
        remove=True,
    )
    await carry(
        db,
        FORMER_NAMES,
        former_name_rows(register),
        _without(await stored(db, FORMER_NAMES), ours, edition=1),
        remove=True,
    )
    await run(
        db,
        text(
            "INSERT INTO editions (edition, source, divisions) VALUES (:edition, :source, :n)"
            " ON CONFLICT (edition) DO UPDATE SET source = :source, divisions = :n,"
            " loaded_at = now() WHERE (editions.source, editions.divisions) <> (:source, :n)"
        ),
        {"edition": str(register.edition), "source": source, "n": len(register.divisions)},
    )
    told = 0
    if latest is not None:
        # The first load tells nobody: what ended before the platform began moves no record.
        new = {(row[0], row[1]) for row in [*steps.added, *(row for _, row in steps.changed)]}
        told = await _tell(db, register, new)
    ended = sum(_ends(before, after) for before, after in done.changed)
    return Loaded(
        new_edition=latest != str(register.edition),
        standing=len(register.divisions),
        former=len(known) + len(done.added) - len(register.divisions),
        added=len(done.added),
        changed=sum(before[2:] != after[2:] for before, after in done.changed) - ended,
        abolished=ended,
        told=told,
    )


def _without(rows: dict[Row, Row], ours: set[str], edition: int = 0) -> dict[Row, Row]:
    """What an order made of the register stays: an edition that knows nothing of it undoes none.

    Of steps and names, only those of an order (`2023+2024-05-01`), not an edition's own.
    """
    return {
        key: row
        for key, row in rows.items()
        if not (row[0] in ours and (not edition or "+" in str(row[edition])))
    }


def _ends(before: Row, after: Row) -> bool:
    return before[_ABOLISHED_ON] is None and after[_ABOLISHED_ON] is not None


def _refuse_another(register: Register, latest: str | None, known: dict[Row, Row]) -> None:
    if latest is None:
        return
    if int(latest) > register.edition:
        raise OtherRegister(f"数据库中已是 {latest} 年版，不能退回 {register.edition} 年版")
    codes = {division.code for division in register.divisions}
    provinces = sorted(code for (code,) in known if len(code) == 2)
    if not set(provinces) <= codes:
        raise OtherRegister(f"数据库中已是 {'、'.join(provinces)} 的名册，不能换成另一个省的")
    if faults := lost(register, (code for (code,) in known)):
        raise BadRegister(faults)


async def _tell(db: AsyncSession, register: Register, new: set[tuple[str, str]]) -> int:
    succession = register.succession()
    for code, edition in sorted(new):
        kinds = [step.kind for step in succession[code] if str(step.edition) == edition]
        fact = DivisionChanged(
            code=code,
            # A reused code has a meaning of its own today: ask for the one that it had before.
            successors=list(resolve(code, succession, int(edition) - 1)),
            kind=kinds[0],
        )
        await record(db, fact, subject=code, division=code, version=int(edition))
    return len(new)
