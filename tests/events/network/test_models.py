"""The tables as the models say them, as the migration makes them, and as the loader fills them."""

import pytest
from sqlalchemy import Table
from sqlmodel import SQLModel

from services.events.campaigns.actions import CAMPAIGNS
from services.events.campaigns.models import Campaign
from services.events.carry import Shape
from services.events.network.actions import DIVISIONS, FORMER_NAMES, SUCCESSIONS
from services.events.network.models import Division, Edition, FormerName, Succession
from tests.support.apps import Running


@pytest.mark.parametrize("model", [Division, Edition, Succession, FormerName, Campaign])
async def test_a_model_has_the_columns_of_its_table(events: Running, model: type[SQLModel]) -> None:
    table: Table = model.__table__  # type: ignore[attr-defined]
    assert await events.rows(
        "SELECT column_name, is_nullable = 'YES' FROM information_schema.columns"
        # Where a row began is kept by a trigger (events/recoding), and read by no model here.
        " WHERE table_name = :name AND column_name <> 'recorded_code' ORDER BY 1",
        name=table.name,
    ) == sorted((column.name, bool(column.nullable)) for column in table.columns)


@pytest.mark.parametrize(
    ("shape", "model"),
    [
        (DIVISIONS, Division),
        (SUCCESSIONS, Succession),
        (FORMER_NAMES, FormerName),
        (CAMPAIGNS, Campaign),
    ],
)
def test_the_loader_fills_every_column(shape: Shape, model: type[SQLModel]) -> None:
    table: Table = model.__table__  # type: ignore[attr-defined]
    assert sorted(shape.columns) == sorted(table.columns.keys())
    assert {column.name for column in table.primary_key} == set(shape.columns[: shape.key])
