"""Loads the real campaigns of the province that public reports tell of."""

import csv
from collections.abc import Collection
from importlib.resources import files
from uuid import UUID, uuid5

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.carry import Carried, Row, Shape, carry, stored

_NAMESPACE = UUID("6f1d2b1c-9f0e-5c55-9a63-6b6570750002")
CAMPAIGNS = Shape(
    "campaigns",
    (
        "id",
        "name",
        "theme",
        "starts_on",
        "ends_on",
        "place",
        "division_code",
        "reported",
        "source",
    ),
)
_DIVISION = CAMPAIGNS.columns.index("division_code")


def read_campaigns() -> list[Row]:
    """The columns of each campaign in the shipped file; a name has one id for ever."""
    text = files(__package__).joinpath("data/campaigns.csv").read_text("utf-8")
    return [
        (uuid5(_NAMESPACE, row["name"]), *(row[name] or None for name in CAMPAIGNS.columns[1:]))
        for row in csv.DictReader(text.splitlines())
    ]


async def load_campaigns(db: AsyncSession, divisions: Collection[str]) -> Carried:
    """Bring the table to the file, as far as `divisions` has their places; others stay."""
    rows = [row for row in read_campaigns() if row[_DIVISION] in divisions]
    return await carry(db, CAMPAIGNS, rows, await stored(db, CAMPAIGNS))
