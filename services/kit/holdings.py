"""What a service holds about a person: declared once, copied, withdrawn and erased on request.

The gateway asks in the name of a person (个人信息保护法 44–50): a token of kind *service* whose
subject is that person. Nobody else is let in, and no path of the gateway leads here.

    HOLDINGS = (
        Holding("registrations", ("registrations", "members"), copy=…, erase=…, withdraw=…),
        by_sql("devices", ("devices",),
               copy="SELECT id, label FROM devices WHERE enrolled_by = :subject",
               erase="UPDATE devices SET enrolled_by = :pseudonym WHERE enrolled_by = :subject"),
    )

and `Service(holdings=HOLDINGS)`. A table behind a wall that no holding names fails a test.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, Kind
from services.kit.days import Moment
from services.kit.db import Db, run
from services.kit.identity import CallerDep
from services.kit.languages import WORDS, Words
from services.kit.problems import Missing
from services.kit.tables import idempotency_keys
from services.kit.vault import Vault

if TYPE_CHECKING:
    from services.kit.app import Kit


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose holdings are asked for."""

    id: UUID
    phone: str | None
    """A phone that they proved to have: rows that others made for them are found by it."""
    pseudonym: UUID
    """What a row that stays names instead of them, from an erasure on."""
    asked_at: datetime
    """When they asked: a row found by phone that is younger may be somebody else's."""


Copy = Callable[[AsyncSession, Vault, Subject], Awaitable[list[dict[str, Any]]]]
Change = Callable[[AsyncSession, Vault, Subject], Awaitable[int]]


@dataclass(frozen=True)
class Holding:
    """One kind of thing that a service holds about people.

    Each function runs in one transaction as the service principal, so it names the subject in
    every statement itself; `withdraw` and `erase` answer how many rows they touched, and a second
    run of either finds nothing left to do.
    """

    name: str
    tables: tuple[str, ...]
    """Every table with rows of it."""
    copy: Copy
    erase: Change
    withdraw: Change | None = None
    """What the end of a consent ends; None where nothing rests on one."""
    kept: str | None = None
    """Slug of the text (`words.toml`) that says what stays after an erasure, and why."""


def by_sql(
    name: str,
    tables: tuple[str, ...],
    *,
    copy: str,
    erase: str | None = None,
    kept: str | None = None,
) -> Holding:
    """A holding that two statements settle; they may use :subject, :pseudonym and :asked_at.

    Without `erase` all of it stays, and `kept` says why.
    """
    if erase is None and kept is None:
        raise ValueError(f"{name}: what is not erased needs a reason")

    async def copied(db: AsyncSession, _: Vault, subject: Subject) -> list[dict[str, Any]]:
        rows = await run(db, *_bound(copy, subject))
        return [dict(row._mapping) for row in rows.all()]

    async def erased(db: AsyncSession, _: Vault, subject: Subject) -> int:
        if erase is None:
            return 0
        return (await run(db, *_bound(erase, subject))).rowcount

    return Holding(name, tables, copy=copied, erase=erased, kept=kept)


def _bound(statement: str, subject: Subject) -> tuple[Any, dict[str, Any]]:
    values = {
        "subject": subject.id,
        "pseudonym": subject.pseudonym,
        "asked_at": subject.asked_at,
    }
    made = text(statement)
    return made, {name: values[name] for name in made._bindparams}


async def copy_all(
    db: AsyncSession, vault: Vault, holdings: tuple[Holding, ...], subject: Subject
) -> dict[str, list[dict[str, Any]]]:
    """Everything held about `subject`, by holding; what is empty is said to be empty."""
    return {each.name: await each.copy(db, vault, subject) for each in holdings}


async def withdraw_all(
    db: AsyncSession, vault: Vault, holdings: tuple[Holding, ...], subject: Subject
) -> dict[str, int]:
    """End what rests on the consent of `subject`; how much that was, by holding."""
    return {
        each.name: await each.withdraw(db, vault, subject)
        for each in holdings
        if each.withdraw is not None
    }


async def erase_all(
    db: AsyncSession, vault: Vault, holdings: tuple[Holding, ...], subject: Subject
) -> dict[str, int]:
    """Erase `subject`, and the stored answers to their requests; how many rows, by holding."""
    done = {each.name: await each.erase(db, vault, subject) for each in holdings}
    of_theirs = idempotency_keys.c.scope.startswith(f"{subject.id} ", autoescape=True)
    await run(db, delete(idempotency_keys).where(of_theirs))
    return done


def kept_of(holdings: tuple[Holding, ...]) -> dict[str, Words]:
    """What stays after an erasure, and why, in every language that it is said in."""
    return {each.name: WORDS[each.kept]["title"] for each in holdings if each.kept is not None}


# ── The internal interface ───────────────────────────────────────────────────────────────────────


class AskedFor(BaseModel):
    """What the gateway tells of the person; who it is, its token says."""

    model_config = ConfigDict(extra="forbid")

    phone: str | None = None
    pseudonym: UUID
    asked_at: Moment


class Copied(BaseModel):
    """Rows by holding."""

    held: dict[str, list[dict[str, Any]]]


class Done(BaseModel):
    """How many rows were touched, and what is kept and why (by language), by holding."""

    touched: dict[str, int]
    kept: dict[str, Words] = {}


async def _asked(caller: CallerDep, given: AskedFor) -> Subject:
    if caller.kind is not Kind.SERVICE or caller.subject is None:
        raise Missing()
    return Subject(caller.subject, given.phone, given.pseudonym, given.asked_at.astimezone(UTC))


SubjectDep = Annotated[Subject, Depends(_asked)]
PREFIX: Final = "/holdings"

router = APIRouter(prefix=PREFIX, include_in_schema=False)


def _declared(request: Request) -> "tuple[tuple[Holding, ...], Vault]":
    kit: Kit = request.app.state.kit
    return kit.service.holdings, kit.vault


@router.post("/copy")
async def copy(request: Request, db: Db, subject: SubjectDep) -> Copied:
    """Everything that this service holds about the token's subject."""
    holdings, vault = _declared(request)
    return Copied(held=await copy_all(db, vault, holdings, subject))


@router.post("/withdraw")
async def withdraw(request: Request, db: Db, subject: SubjectDep) -> Done:
    """End what rests on the subject's consent."""
    holdings, vault = _declared(request)
    return Done(touched=await withdraw_all(db, vault, holdings, subject))


@router.post("/erase")
async def erase(request: Request, db: Db, subject: SubjectDep) -> Done:
    """Erase the subject; asked again, it finds nothing and answers the same."""
    holdings, vault = _declared(request)
    return Done(
        touched=await erase_all(db, vault, holdings, subject),
        kept=kept_of(holdings),
    )


def named(subject: UUID) -> Caller:
    """The principal that the gateway asks as: a service, for one person."""
    return Caller(Kind.SERVICE, subject)
