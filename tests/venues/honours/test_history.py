"""Every honour begins with who entered it, when, and from which source, however it came."""

from typing import Any
from uuid import uuid4

from services.kit.access import SERVICE
from services.kit.db import run
from services.kit.ids import uuid7
from services.venues.registry.known import ADD_HONOUR
from tests.support.apps import Running, staff
from tests.venues.applications.cases import ok, venue

SOURCE = "https://www.qast.org.cn/kpjd/2021"


async def test_an_honour_that_came_with_a_list_says_who_when_and_from_which_source(
    venues: Running,
) -> None:
    where, by = await venue(venues), uuid7()
    # The first load gives ids that are no times: steps that come later still follow.
    listed: dict[str, Any] = dict.fromkeys(("host_name", "issued_on", "valid_until", "period"))
    listed |= {"id": uuid4(), "venue_id": where, "division_code": "630123", "created_by": by}
    listed |= {
        "title": "全国科普教育基地",
        "issuer": "中国科协",
        "co_issuers": "",
        "state": "valid",
    }
    listed |= {"level": "national", "source": SOURCE}
    async with venues.kit.database.transaction(SERVICE) as db:
        assert (await run(db, ADD_HONOUR, listed)).rowcount == 1
    since = await venues.scalar("SELECT created_at FROM honours")
    at = f"/honours/{listed['id']}"
    async with venues.as_(staff("approver", "63")) as approver, venues.as_() as anybody:
        (came,) = ok(await anybody.get(f"{at}/history"))["items"]
        for action in ("suspend", "reinstate"):
            done = await approver.post(f"{at}/{action}", json={"reason": "场馆改造"})
            assert done.status_code == 200, done.text
        first = ok(await anybody.get(f"{at}/history?limit=1"))
        rest = ok(await anybody.get(f"{at}/history?limit=5&cursor={first['next']}"))
    assert (came["action"], came["why"], came["decided_at"][:19]) == (
        "enter",
        SOURCE,
        since.isoformat()[:19],
    )
    assert [one["action"] for one in (*first["items"], *rest["items"])] == [
        *("enter", "suspend", "reinstate"),
    ]


async def test_an_honour_that_was_entered_by_hand_says_it_once(venues: Running) -> None:
    where = await venue(venues)
    given = {"venue_id": where, "title": "全国科普教育基地", "issuer": "中国科协", "source": SOURCE}
    async with venues.as_(staff("approver", "63")) as approver:
        made = ok(await approver.post("/honours", json=given), 201)
        history = ok(await approver.get(f"/honours/{made['id']}/history"))["items"]
    assert [(one["action"], one["why"]) for one in history] == [("enter", SOURCE)]
