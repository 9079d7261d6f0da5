"""A draft is seen at its division and above, and nowhere else."""

import pytest

from tests.support.apps import Running, staff

VENUE = {"name": "湟源县科技馆", "kind": "science_museum", "division_code": "630123"}


@pytest.mark.parametrize(
    ("role", "division", "seen"),
    [
        ("officer", "630123", True),
        ("officer", "6301", True),
        ("officer", "630121", False),
        ("officer", "630123101", False),
        ("observer", "63", False),
    ],
)
async def test_a_draft_is_seen_only_within_reach(
    venues: Running, role: str, division: str, seen: bool
) -> None:
    async with venues.as_(staff("officer", "630123")) as officer:
        where = (await officer.post("/venues", json=VENUE)).headers["location"]
    async with venues.as_(staff(role, division)) as somebody:
        assert (await somebody.get(where)).status_code == (200 if seen else 404)
        assert len((await somebody.get("/venues")).json()["items"]) == (1 if seen else 0)
