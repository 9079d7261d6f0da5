"""What the database counts: numbers of a year, places of a channel; and who may apply when."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.workdays import day_of
from services.venues.applications.models import Application
from services.venues.applications.queries import Case
from services.venues.applications.rules import (
    ProgrammeClosed,
    ReapplyLater,
    office_of,
)
from services.venues.honours.rules import free_again
from services.venues.programmes.definition import Definition, Stage, StageKind
from services.venues.programmes.models import ProgrammeVersion, VersionState

# The rows are held until the transaction ends: what is undone is given again.
_SERIAL = text(
    """INSERT INTO application_serials AS s (programme_id, year, last) VALUES (:programme, :year, 1)
    ON CONFLICT (programme_id, year) DO UPDATE SET last = s.last + 1 RETURNING last"""
)
# CHECK recommendations_quota refuses the place that is not there, whoever comes at once.
_TAKE = text(
    """INSERT INTO recommendations AS r (programme_id, year, channel, office_code, taken, quota)
    VALUES (:programme, :year, :channel, :office, 1, :quota)
    ON CONFLICT (programme_id, year, channel, office_code)
    DO UPDATE SET taken = r.taken + 1, quota = excluded.quota"""
)
_GIVE_BACK = text(
    """UPDATE recommendations r SET taken = taken - 1
    WHERE programme_id = :programme AND year = :year AND channel = :channel
        AND office_code = :office AND EXISTS (SELECT FROM stage_runs
            WHERE application_id = :application AND stage_key = :stage AND state = 'passed')"""
)
_LAST_REFUSAL = text(
    """SELECT max(at) FROM (
        SELECT d.decided_at AS at FROM decisions d JOIN applications a ON a.id = d.application_id
        WHERE a.programme_id = :programme AND d.action = 'refuse'
            AND (a.venue_id = :venue OR a.subject_code = :subject)
        UNION ALL
        SELECT d.decided_at FROM decisions d JOIN honours h ON h.id = d.honour_id
        WHERE h.programme_id = :programme AND d.action = 'revoke' AND h.state = 'revoked'
            AND (h.venue_id = :venue OR h.subject_code = :subject)) ends"""
)


async def next_number(db: AsyncSession, case: Case) -> str:
    """The number of an application, from its first submission on: none twice, none left out."""
    row = case.application
    values = {"programme": row.programme_id, "year": row.year}
    serial = (await run(db, _SERIAL, values)).scalar_one()
    return f"{case.programme_key.upper().replace('_', '-')}-{row.year}-{serial:04d}"


def _counting(definition: Definition) -> Stage | None:
    # Of several that recommend in turn, the last one sends it to the authority: it has the quota.
    stages = [each for each in definition.stages if each.kind is StageKind.RECOMMENDATION]
    return stages[-1] if stages else None


def _place(row: Application, stage: Stage) -> dict[str, object]:
    return {
        "programme": row.programme_id,
        "year": row.year,
        "channel": row.channel,
        "office": office_of(row.division_code, stage.tier),
    }


async def take(db: AsyncSession, case: Case, stage: Stage) -> None:
    """Take one of the places that the channel has at the recommending office this year.

    The database refuses the one that is not there: ChannelFull.
    """
    row = case.application
    if row.channel is None or stage is not _counting(case.definition):
        return
    quotas = {each.key: each.quota for each in case.definition.channels}
    await run(db, _TAKE, {**_place(row, stage), "quota": quotas[row.channel]})


async def give_back(db: AsyncSession, case: Case) -> None:
    """The place of an application that is withdrawn after it was recommended."""
    row, stage = case.application, _counting(case.definition)
    if row.channel is not None and stage is not None:
        values = {**_place(row, stage), "application": row.id, "stage": stage.key}
        await run(db, _GIVE_BACK, values)


async def require_open(db: AsyncSession, case: Case, now: datetime) -> None:
    """Raise ProgrammeClosed or ReapplyLater when the subject may not apply now."""
    row = case.application
    in_force = select(ProgrammeVersion.id).where(
        ProgrammeVersion.programme_id == row.programme_id,
        col(ProgrammeVersion.state) == VersionState.PUBLISHED,
    )
    if (await db.exec(in_force)).first() is None:
        raise ProgrammeClosed(until="—", since="—")
    require_window(case.definition, day_of(now))
    until = await banned_until(
        db, case.definition, row.programme_id, row.venue_id, row.subject_code
    )
    if until is not None and day_of(now) < until:
        raise ReapplyLater(day=until.isoformat())


def require_window(definition: Definition, today: date) -> None:
    """Raise ProgrammeClosed outside of the days on which the programme takes applications."""
    opens, closes = definition.opens_on, definition.closes_on
    if (opens is not None and today < opens) or (closes is not None and today > closes):
        raise ProgrammeClosed(
            since=opens.isoformat() if opens else "—", until=closes.isoformat() if closes else "—"
        )


async def banned_until(
    db: AsyncSession,
    definition: Definition,
    programme_id: UUID,
    venue_id: UUID | None,
    subject_code: str | None,
) -> date | None:
    """The first day on which the subject may apply again; None when it was never refused."""
    if not definition.reapply_after_months:
        return None
    values = {"programme": programme_id, "venue": venue_id, "subject": subject_code}
    last = (await run(db, _LAST_REFUSAL, values)).scalar_one()
    return last and free_again(day_of(last), definition.reapply_after_months)
