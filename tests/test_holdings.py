"""Every table with rows about people is somebody's holding, in every service and the gateway."""

import asyncio
import re
import tomllib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from gateway.rights.own import HOLDINGS as GATEWAY
from services.kit.holdings import Holding
from tests.engines import TestCluster

PACKAGES = ("services.events", "services.venues", "gateway")
# What stands behind a wall, or holds something sealed, and is nobody's to copy or erase. Each with
# its reason.
EXCEPTIONS: dict[str, dict[str, str]] = {
    "services.events": {"draws": "what is sealed is the seed of a draw and its salt: nobody's"},
    "services.venues": dict.fromkeys(
        ("panel_draws", "inspection_samples"),
        "what is sealed is the seed of a draw and its salt: nobody's",
    ),
    "gateway": {},
}

# Behind a wall (row-level security), or with a sealed column.
ABOUT_PEOPLE = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND (c.relrowsecurity OR EXISTS (SELECT FROM information_schema.columns k
        WHERE k.table_schema = 'public' AND k.table_name = c.relname
        AND k.column_name LIKE '%\\_sealed'))
    ORDER BY 1
"""


def holdings_of(package: str) -> tuple[Holding, ...]:
    """What the package declares."""
    if package == "gateway":
        return GATEWAY
    found: tuple[Holding, ...] = import_module(f"{package}.main").SERVICE.holdings
    return found


@pytest.mark.parametrize("package", PACKAGES)
async def test_every_walled_table_belongs_to_a_holding(
    package: str, templates: Callable[[str], str], postgres: TestCluster
) -> None:
    connection = await asyncpg.connect(postgres.dsn(await _template(templates, package)))
    about_people = {row[0] for row in await connection.fetch(ABOUT_PEOPLE)}
    everything = {row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables")}
    await connection.close()
    declared = {table for holding in holdings_of(package) for table in holding.tables}
    assert about_people - declared - set(EXCEPTIONS[package]) == set()
    assert declared - everything == set()
    assert set(EXCEPTIONS[package]) & declared == set()


async def _template(templates: Callable[[str], str], package: str) -> str:
    return await asyncio.to_thread(templates, package)


@pytest.mark.parametrize("package", PACKAGES)
def test_names_of_holdings_are_plain_and_what_is_kept_is_said(package: str) -> None:
    holdings = holdings_of(package)
    names = [holding.name for holding in holdings]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z_]+", name)] == []
    kept = [holding.kept for holding in holdings if holding.kept is not None]
    said = texts(package)
    assert [slug for slug in kept if "zh-CN" not in said.get(slug, {}).get("title", {})] == []


def texts(package: str) -> dict[str, Any]:
    """What the process of a package can say: two processes may say a slug in different words."""
    folders = (Path(str(import_module(each).__file__)).parent for each in ("services.kit", package))
    files = (file for folder in folders for file in folder.rglob("words.toml"))
    return {
        slug: entry for file in files for slug, entry in tomllib.loads(file.read_text()).items()
    }
