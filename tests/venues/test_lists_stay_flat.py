"""The list of venues: 1, 3 and 10,000 rows with the same number of queries."""

from services.kit.access import Role
from tests.engines import TestCluster
from tests.support.apps import Running, staff
from tests.support.lists import Listed, look, paths

GROW = {
    "venues": """INSERT INTO venues (id, name, kind, division_code, recorded_code, state, version,
        created_by)
        SELECT gen_random_uuid(), '科技馆 ' || n, 'science_museum', '630123', '630123', 'published',
            1, gen_random_uuid() FROM generate_series($1::int, $2::int) n""",
}
LISTS = (
    Listed("/venues", "staff"),
    Listed("/venues", "staff", "division=630123"),
    Listed("/venues", "anybody"),
)


async def test_every_list_asks_as_much_of_10000_rows_as_of_one(
    venues: Running, postgres: TestCluster
) -> None:
    assert {one.path for one in LISTS} == paths(venues.app)
    async with venues.as_(staff(Role.OFFICER, "63")) as officer, venues.as_() as anybody:
        wanted, found, much = await look(
            venues,
            postgres.dsn(venues.database_name),
            LISTS,
            GROW,
            {"staff": officer.get, "anybody": anybody.get},
        )
    assert (found, much) == (wanted, {})
