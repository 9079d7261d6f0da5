"""The provider of the embedded default: the red-line list that the province imports."""

from datetime import datetime, timedelta

from sqlalchemy import false, or_
from sqlmodel import col, func, select

from services.kit.access import SERVICE
from services.kit.db import Database
from services.kit.workdays import day_of
from services.venues.credit.models import RedLine
from services.venues.credit.port import Asked, Given, Item, NoAnswer, Said
from services.venues.credit.rules import Result, Standing, Waiting, plain_name
from services.venues.registry.hosts import check_digit_fits, uscc_fault

NAME = "失信红线名单（导入）"


class Listed:
    """Looks the institution up by its code and its name."""

    def __init__(self, database: Database, list_days: int) -> None:
        self._database = database
        self._days = timedelta(days=list_days)

    async def ask(self, asked: Asked) -> Given:
        """Clear only when the list is there, is recent, and the code can be relied on."""
        name = plain_name(asked.name)
        async with self._database.transaction(SERVICE) as db:
            here = col(RedLine.division_code) == asked.division
            newest = select(func.max(RedLine.confirmed_at)).where(here)
            as_of: datetime | None = (await db.exec(newest)).one()
            # Without a code, not every line that has none.
            by_code = false() if asked.uscc is None else col(RedLine.uscc) == asked.uscc
            about = or_(by_code, col(RedLine.name) == name)
            rows = (await db.exec(select(RedLine).where(here, about).limit(100))).all()
        if as_of is None:
            raise NoAnswer(Waiting.NO_LIST)
        found = _found(list(rows), asked, name)
        if found.result is not Result.RED_LINE and asked.asked_at - as_of > self._days:
            # An old list can still condemn; it cannot acquit.
            raise NoAnswer(Waiting.OLD_LIST)
        return Given(
            said=Said(
                request=asked.request,
                uscc=asked.uscc,
                result=found.result,
                items=found.items,
                provider=f"{NAME} {day_of(as_of)}",
                answered_at=asked.asked_at,
            ),
            reason=found.reason,
        )


class _Found:
    def __init__(self, result: Result, items: list[Item], reason: Waiting | None = None) -> None:
        self.result, self.items, self.reason = result, items, reason


def _found(rows: list[RedLine], asked: Asked, name: str) -> _Found:
    today = day_of(asked.asked_at)
    ours = [row for row in rows if asked.uscc is not None and row.uscc == asked.uscc]
    nameless = [row for row in rows if row.uscc is None and row.name == name]
    in_force = [
        row
        for row in rows
        if row.standing is Standing.RED_LINE
        and row.listed_on <= today
        and (row.until_on is None or today <= row.until_on)
        and (row.lifted_on is None or today < row.lifted_on)
    ]
    red = [row for row in in_force if row in ours or row in nameless]
    if red:
        return _Found(Result.RED_LINE, [_item(row) for row in red])
    if in_force:
        # By name alone: it may be them under a code that was given wrongly.
        return _Found(Result.UNKNOWN, [], Waiting.SAME_NAME)
    cleared = [
        row
        for row in (*ours, *nameless)
        if row.standing is Standing.CLEAR and (row.until_on is None or today <= row.until_on)
    ]
    sound = asked.uscc is not None and not uscc_fault(asked.uscc) and check_digit_fits(asked.uscc)
    if sound or cleared:
        return _Found(Result.CLEAR, [])
    return _Found(Result.UNKNOWN, [], Waiting.NO_CODE)


def _item(row: RedLine) -> Item:
    assert row.grounds is not None
    return Item(
        grounds=row.grounds,
        imposed_by=row.imposed_by,
        listed_on=row.listed_on,
        until_on=row.until_on,
    )
