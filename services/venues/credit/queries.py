"""Reads of credit: an application's whole record, and the list within reach."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, within
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.venues.credit.models import Answer, Check, RedLine, Remedy
from services.venues.credit.rules import RemedyState, Result, plain_name

_MOST = 100
"""Rows of one application that are shown, the newest ones."""


@dataclass(frozen=True)
class Record:
    """What is known about the credit of one application's host."""

    checks: list[Check]
    answers: list[Answer]
    remedies: list[Remedy]


async def record_of(db: AsyncSession, application_id: UUID) -> Record:
    """The newest first."""

    async def newest(table: Any) -> list[Any]:
        statement = select(table).where(table.application_id == application_id)
        return list((await db.exec(statement.order_by(table.id.desc()).limit(_MOST))).all())

    return Record(await newest(Check), await newest(Answer), await newest(Remedy))


async def red_line_to_remedy(db: AsyncSession, application_id: UUID) -> Answer | None:
    """The newest red line of an application that no repair or upheld appeal has followed."""
    red = (
        select(Answer)
        .where(Answer.application_id == application_id, Answer.result == Result.RED_LINE)
        .order_by(col(Answer.id).desc())
        .limit(1)
    )
    found = (await db.exec(red)).first()
    if found is None:
        return None
    remedied = select(Remedy.id).where(
        Remedy.answer_id == found.id,
        col(Remedy.state).in_([RemedyState.RECORDED, RemedyState.UPHELD]),
    )
    return found if (await db.exec(remedied.limit(1))).first() is None else None


async def appeal(db: AsyncSession, application_id: UUID, remedy_id: UUID) -> Remedy:
    """An appeal of an application, held; Missing when there is none."""
    statement = select(Remedy).where(
        Remedy.id == remedy_id, Remedy.application_id == application_id
    )
    found = (await db.exec(statement.with_for_update(key_share=True))).first()
    if found is None:
        raise Missing()
    return found


async def red_lines(
    db: AsyncSession, caller: Caller, paging: Paging, uscc: str | None, name: str | None
) -> list[RedLine]:
    """The list, the latest entries first."""
    statement = select(RedLine).where(
        within(col(RedLine.division_code), caller, P.APPLICATION_READ)
    )
    if uscc is not None:
        statement = statement.where(RedLine.uscc == uscc)
    if name is not None:
        statement = statement.where(RedLine.name == plain_name(name))
    page = keyset(statement, paging, col(RedLine.id), descending=True)
    return list((await db.exec(page)).all())


async def red_line(db: AsyncSession, caller: Caller, line_id: UUID) -> RedLine:
    """One line, held; Missing for those who cannot see it."""
    statement = select(RedLine).where(
        RedLine.id == line_id, within(col(RedLine.division_code), caller, P.APPLICATION_READ)
    )
    found = (await db.exec(statement.with_for_update())).first()
    if found is None:
        raise Missing()
    return found
