"""Coverage over HTTP: who has what, who lacks it, and what it costs."""

from typing import Any

import pytest

from services.events.coverage.counting import rebuild
from services.kit.access import SERVICE
from tests.events.coverage.network import post, province, station
from tests.support.apps import Running
from tests.support.queries import counted


async def read(events: Running, path: str, **headers: str) -> dict[str, Any]:
    async with events.as_(None, **headers) as public:
        answer = await public.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def network(events: Running) -> None:
    """The county has all four by 科协; one village has an informant, one township a venue."""
    await province(events)
    async with events.kit.database.transaction(SERVICE) as db:
        await station(db, "630123", kind="practice_centre", sector="02", lead="科协", unit="县政府")
        await post(db, "630123", sector="02")
        await post(db, "630123101201")
        await station(db, "630123101", kind="activity_venue", sector="03")
        await rebuild(db)


def line(found: dict[str, Any], tier: str) -> tuple[Any, ...]:
    (one,) = (each for each in found["tiers"] if each["tier"] == tier)
    names = ("institution", "people", "lead_department", "responsible_unit", "all_four", "venue")
    return (one["divisions"], *(one[name] for name in names))


async def test_each_tier_says_how_many_have_what_and_unknown_is_null(events: Running) -> None:
    await network(events)
    found = await read(events, "/coverage/630000", **{"Accept-Language": "en"})
    assert [each["tier"] for each in found["tiers"]] == [
        "prefecture",
        "county",
        "township",
        "village",
    ]
    assert {
        tier: line(found, tier) for tier in ("prefecture", "county", "township", "village")
    } == {
        "prefecture": (1, None, None, None, None, None, None),
        "county": (2, 1, 1, 1, 1, 1, 1),
        "township": (2, 1, 0, 0, 0, 0, None),
        "village": (3, 0, 1, 0, 0, 0, None),
    }
    assert found["haves"] is None
    assert [(each["field"], each["reason"]) for each in found["unknown"]] == [
        ("haves", "nothing-recorded"),
        ("tiers/prefecture", "nothing-recorded"),
        ("children/6301/haves", "nothing-recorded"),
    ]
    assert found["unknown"][0]["detail"].endswith("unknown is not zero")
    assert [child["code"] for child in found["children"]] == ["6301"]
    assert line(found["children"][0], "county") == line(found, "county")


async def test_a_division_says_what_it_has_itself(events: Running) -> None:
    await network(events)
    county = await read(events, "/coverage/630123")
    assert county["haves"] == {
        "institution": True,
        "people": True,
        "lead_department": True,
        "responsible_unit": True,
        "venue": True,
    }
    village = await read(events, "/coverage/630123101201")
    assert (village["tiers"], village["children"]) == ([], [])
    assert village["haves"] == {
        "institution": False,
        "people": True,
        "lead_department": False,
        "responsible_unit": False,
        "venue": None,
    }


async def test_the_same_by_sector(events: Running) -> None:
    await network(events)
    ast = await read(events, "/coverage/63?sector=02")
    education = await read(events, "/coverage/63?sector=03")
    assert (line(ast, "county"), line(education, "county")) == (
        (2, 1, 1, 1, 1, 1, 0),
        (2, 0, 0, 0, 0, 0, 1),
    )
    sectors = await read(events, "/coverage/63/sectors")
    assert len(sectors["items"]) == 19
    by_name = {each["name"]: each for each in sectors["items"]}
    assert line(by_name["科协"], "county") == line(ast, "county")
    assert line(by_name["教育"], "township") == (2, 1, 0, 0, 0, 0, None)
    assert line(by_name["应急"], "county") == (2, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("have", ["institution", "people", "lead_department", "responsible_unit"])
@pytest.mark.parametrize("tier", ["county", "township", "village"])
async def test_who_has_and_who_lacks_make_up_the_tier(
    events: Running, have: str, tier: str
) -> None:
    await network(events)
    found = await read(events, "/coverage/63")
    (one,) = (each for each in found["tiers"] if each["tier"] == tier)
    lacking = await read(events, f"/coverage/63/lacking?have={have}&tier={tier}")
    assert len(lacking["items"]) == one["divisions"] - one[have]


async def test_exactly_those_that_lack_it_are_named_page_by_page(events: Running) -> None:
    await network(events)
    first = await read(events, "/coverage/63/lacking?have=people&tier=village&limit=1")
    assert first["items"] == [
        {
            "code": "630102001001",
            "name": "北关街社区",
            "tier": "village",
            "kind": "居委会",
            "parent": {"code": "630102001", "name": "东关大街街道"},
        }
    ]
    path = "/coverage/63/lacking?have=people&tier=village&limit=1"
    second = await read(events, f"{path}&cursor={first['next']}")
    assert ([each["code"] for each in second["items"]], second["next"]) == (["630123101202"], None)
    venue = await read(events, "/coverage/63/lacking?have=venue&tier=county")
    assert [each["name"] for each in venue["items"]] == ["城东区"]
    sector = await read(events, "/coverage/6301/lacking?have=institution&tier=county&sector=03")
    assert [each["code"] for each in sector["items"]] == ["630102", "630123"]
    itself = await read(events, "/coverage/630102/lacking?have=people&tier=county")
    assert [each["code"] for each in itself["items"]] == ["630102"]


async def test_an_unknown_code_is_missing_and_a_former_one_says_where_it_went(
    events_with_register: Running,
) -> None:
    events = events_with_register
    former = await read(events, "/coverage/630122")
    assert (former["division"]["today"], former["tiers"]) == (["630106"], [])
    assert former["division"]["abolished_on"] is not None
    async with events.as_() as public:
        statuses = [
            (await public.get(f"/coverage/{path}")).status_code
            for path in (
                "6399",
                "6399/sectors",
                "6399/equity",
                "6399/lacking?have=people&tier=village",
                "6399/equity/villages?without=activity",
                "63/lacking?have=venue&tier=village",
                "630123/lacking?have=people&tier=province",
            )
        ]
    assert statuses == [404, 404, 404, 404, 404, 422, 422]


async def test_the_real_register_is_counted_whole(events_with_register: Running) -> None:
    found = await read(events_with_register, "/coverage/63")
    assert {each["tier"]: each["divisions"] for each in found["tiers"]} == {
        "prefecture": 8,
        "county": 45,
        "township": 422,
        "village": 4716,
    }
    counties = sum(line(child, "county")[0] for child in found["children"])
    assert (len(found["children"]), counties) == (8, 45)


@pytest.mark.parametrize(
    ("path", "cost"),
    [("", 1), ("/sectors", 1), ("/lacking?have=people&tier=village", 2), ("/equity", 1)],
)
async def test_the_cost_is_the_same_at_every_depth(
    events_with_register: Running, path: str, cost: int
) -> None:
    costs = []
    for code in ("63", "6301", "630123", "630123101", "630123101201"):
        async with counted(events_with_register) as statements:
            await read(events_with_register, f"/coverage/{code}{path}")
        costs.append(len(statements))
    assert costs == [cost] * 5


async def test_an_answer_has_a_strong_tag_that_a_second_read_may_name(events: Running) -> None:
    await network(events)
    async with events.as_() as public:
        first = await public.get("/coverage/63")
        tagged = {"If-None-Match": first.headers["etag"]}
        assert (await public.get("/coverage/63", headers=tagged)).status_code == 304
