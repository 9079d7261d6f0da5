"""Every table with a division follows its changes, or says why not."""

from services.venues.follows import FOLLOWS, STAY
from tests.support.apps import Running
from tests.support.follows import codes_of, followed


async def test_every_column_with_a_division_follows_or_says_why_not(venues: Running) -> None:
    follows = {f"{each.table}.{each.column}" for each in FOLLOWS}
    recorded = {f"{each.table}.{each.recorded}" for each in FOLLOWS}
    assert await codes_of(venues) - follows - recorded - set(STAY) == set()
    assert await followed(venues) == {each.table for each in FOLLOWS}
