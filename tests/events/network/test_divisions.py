"""The register over HTTP: today's divisions, former codes, search, pages."""

from typing import Any

import pytest

from services.events.network.schemas import DivisionItem, DivisionOut, EditionOut, HistoryOut
from tests.support.apps import Running, staff
from tests.support.queries import counted

XINING = {"code": "6301", "name": "西宁市", "tier": "prefecture"}
QINGHAI = {"code": "63", "name": "青海省", "tier": "province"}


async def get(running: Running, path: str, **headers: str) -> Any:
    async with running.as_(**headers) as public:
        return await public.get(path)


async def read(running: Running, path: str) -> Any:
    answer = await get(running, path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def every(running: Running, path: str) -> list[Any]:
    """All items of a list, page after page."""
    items, cursor = [], ""
    while cursor is not None:
        page = await read(running, f"{path}{cursor and f'&cursor={cursor}'}")
        items += page["items"]
        cursor = page["next"]
    return items


async def test_a_county_says_where_it_stands(events_with_register: Running) -> None:
    county = await read(events_with_register, "/divisions/630106")
    point = county.pop("point")
    assert county == {
        "code": "630106",
        "name": "湟中区",
        "short_name": "湟中区",
        "tier": "county",
        "kind": "市辖区",
        "official": True,
        "edition": "2023",
        "parent": XINING,
        "path": [QINGHAI, XINING],
        "children": 17,
        "civil_affairs": None,
        "abolished_after": None,
        "abolished_on": None,
        "effective": None,
        "precision": None,
        "change": None,
        "successors": [],
        "today": [],
    }
    assert (round(point["longitude"]), round(point["latitude"])) == (101, 37)


async def test_the_old_code_of_huangzhong_answers_with_its_successor(
    events_with_register: Running,
) -> None:
    county = await read(events_with_register, "/divisions/630122")
    successor = {"code": "630106", "name": "湟中区", "tier": "county"}
    assert {
        name: county[name]
        for name in ("name", "change", "abolished_on", "effective", "precision", "edition")
    } == {
        "name": "湟中县",
        "change": "rename",
        "abolished_on": "2019-11-30",
        "effective": "2019-11",
        "precision": "month",
        "edition": "2019",
    }
    assert (county["successors"], county["today"]) == ([successor], [successor])
    assert county["children"] == 0


async def test_the_old_code_of_tongren_answers_with_its_successor(
    events_with_register: Running,
) -> None:
    county = await read(events_with_register, "/divisions/632321")
    assert (county["name"], county["effective"]) == ("同仁县", "2020-06")
    assert county["successors"] == [{"code": "632301", "name": "同仁市", "tier": "county"}]


async def test_successors_are_resolved_through_every_step(events_with_register: Running) -> None:
    township = await read(events_with_register, "/divisions/630122001")
    assert township["successors"] == [{"code": "630106401", "name": "康川街道", "tier": "township"}]
    history = await read(events_with_register, "/divisions/630122001/history")
    assert [
        (step["code"], step["successor_code"], step["change"]) for step in history["became"]
    ] == [("630122001", "630106001", "recode"), ("630106001", "630106401", "recode")]


async def test_a_unit_that_nothing_follows_is_stood_in_for_by_its_township(
    events_with_register: Running,
) -> None:
    village = await read(events_with_register, "/divisions/632802100210")
    assert (village["change"], village["successors"]) == ("unknown", [])
    assert village["effective"] == "2019-10-31/2020-06-30"
    assert [one["code"] for one in village["today"]] == ["632802100"]


async def test_a_padded_code_is_the_same_division(events_with_register: Running) -> None:
    for padded in ("630000", "630000000000", "63"):
        assert (await read(events_with_register, f"/divisions/{padded}"))["name"] == "青海省"
    below = await read(events_with_register, "/divisions?parent=630000000000&limit=100")
    assert [one["code"] for one in below["items"]] == [
        "6301",
        "6302",
        "6322",
        "6323",
        "6325",
        "6326",
        "6327",
        "6328",
    ]


async def test_a_village_names_its_township_county_prefecture_and_province(
    events_with_register: Running,
) -> None:
    found = await read(events_with_register, "/divisions?division=630123&tier=village&limit=1")
    village = await read(events_with_register, f"/divisions/{found['items'][0]['code']}")
    assert [(one["tier"], one["name"]) for one in village["path"]] == [
        ("province", "青海省"),
        ("prefecture", "西宁市"),
        ("county", "湟源县"),
        ("township", "城关镇"),
    ]
    assert (village["parent"], village["children"]) == (village["path"][-1], 0)


async def test_the_civil_affairs_code_comes_with_its_system(events_with_register: Running) -> None:
    found = await read(events_with_register, "/divisions?q=雨润镇")
    town = await read(events_with_register, f"/divisions/{found['items'][0]['code']}")
    assert town["civil_affairs"]["system"] == "MCA-2026"
    assert town["civil_affairs"]["code"] != town["code"]


@pytest.mark.parametrize("code", ["64", "639999", "630102999999", "441900003"])
async def test_a_code_that_no_edition_has_is_not_found(
    events_with_register: Running, code: str
) -> None:
    for path in ("", "/children", "/history"):
        answer = await get(events_with_register, f"/divisions/{code}{path}")
        assert answer.status_code == 404
        assert answer.json()["type"] == "/api/v1/problems/unknown-division"
        assert code in answer.json()["detail"]


@pytest.mark.parametrize("code", ["630", "6301021", "abc", "６３"])
async def test_what_is_no_code_in_any_system_is_said_so(
    events_with_register: Running, code: str
) -> None:
    answer = await get(events_with_register, f"/divisions/{code}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["rule"] in ("division-code", "string-too-short")
    assert answer.json()["errors"][0]["pointer"] == "/code"


async def test_search_finds_every_village_of_a_name(events_with_register: Running) -> None:
    found = await every(events_with_register, "/divisions?q=大庄村&limit=5")
    names = [one["name"] for one in found]
    assert (len(found), names.count("大庄村委会")) == (18, 16)
    assert [one["code"] for one in found] == sorted({one["code"] for one in found})


async def test_search_takes_one_character_and_takes_wildcards_literally(
    events_with_register: Running,
) -> None:
    found = await every(events_with_register, "/divisions?q=湟&tier=county&limit=100")
    assert [one["name"] for one in found] == ["湟中区", "湟源县"]
    for wildcard in ("%25", "_", "\\"):
        assert await every(events_with_register, f"/divisions?q={wildcard}&limit=100") == []
    assert (await get(events_with_register, "/divisions?q=%20")).status_code == 422


async def test_abolished_divisions_are_listed_only_when_asked_for(
    events_with_register: Running,
) -> None:
    assert await every(events_with_register, "/divisions?q=同仁县&limit=100") == []
    found = await every(events_with_register, "/divisions?q=同仁县&include_abolished=true&limit=9")
    assert [(one["code"], one["abolished_on"]) for one in found] == [("632321", "2020-06-30")]
    gone = await every(events_with_register, "/divisions/630122/children?include_abolished=1")
    assert [one["code"] for one in gone][:2] == ["630122001", "630122100"]


async def test_filters_narrow_together(events_with_register: Running) -> None:
    found = await every(
        events_with_register, "/divisions?division=6301&parent=630123&tier=township&q=乡&limit=100"
    )
    assert {one["parent_code"] for one in found} == {"630123"}
    assert [one["kind"] for one in found if one["kind"] not in ("乡", "民族乡")] == []


async def test_pages_cover_the_register_without_gap_or_repeat(
    events_with_register: Running,
) -> None:
    codes = [one["code"] for one in await every(events_with_register, "/divisions?limit=100")]
    assert codes == sorted(set(codes))
    assert len(codes) == 5192


async def test_history_looks_both_ways(events_with_register: Running) -> None:
    history = await read(events_with_register, "/divisions/632803/history")
    assert history["became"] == []
    assert [(step["code"], step["change"], step["edition"]) for step in history["came_from"]] == [
        ("632858", "merge", "2018"),
        ("632859", "merge", "2018"),
    ]
    backwards = await read(events_with_register, "/divisions/630106401/history")
    assert [step["code"] for step in backwards["came_from"]] == ["630122001", "630106001"]
    kept = await read(events_with_register, "/divisions/630102001/history")
    assert kept["former_names"] == [
        {
            "old_name": "东关大街社区公共服务中心",
            "new_name": "东关大街街道",
            "edition": "2019",
            "only_spelling": False,
            "doubtful": False,
        }
    ]


async def test_a_reused_code_means_todays_unit_and_says_that_it_was_another(
    events_with_register: Running,
) -> None:
    village = await read(events_with_register, "/divisions/632723104207")
    assert (village["abolished_on"], village["successors"]) == (None, [])
    history = await read(events_with_register, "/divisions/632723104207/history")
    assert [(step["successor_code"], step["reused"]) for step in history["became"]] == [
        ("632723104208", True)
    ]


async def test_the_edition_in_force_names_its_source(events_with_register: Running) -> None:
    (edition,) = (await read(events_with_register, "/editions"))["items"]
    assert (edition["edition"], edition["divisions"]) == ("2023", 5192)
    assert edition["source"].startswith("国家统计局")


async def test_answers_are_what_the_schema_says(events_with_register: Running) -> None:
    for code in ("63", "630106", "630122", "632802100210", "630102001001"):
        DivisionOut.model_validate(await read(events_with_register, f"/divisions/{code}"))
        HistoryOut.model_validate(await read(events_with_register, f"/divisions/{code}/history"))
    for one in await every(events_with_register, "/divisions?include_abolished=1&limit=100"):
        DivisionItem.model_validate(one)
    for one in (await read(events_with_register, "/editions"))["items"]:
        EditionOut.model_validate(one)


@pytest.mark.parametrize(
    "path",
    ["/divisions", "/divisions/630106", "/divisions/63/children", "/divisions/6301/history"],
)
async def test_public_reads_can_be_cached_and_say_their_language(
    events_with_register: Running, path: str
) -> None:
    first = await get(events_with_register, path, **{"Accept-Language": "bo"})
    assert first.headers["cache-control"] == "public, max-age=300"
    assert first.headers["content-language"] == "zh-CN"
    again = await get(events_with_register, path, **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (again.headers["etag"], again.headers["content-language"]) == (
        first.headers["etag"],
        "zh-CN",
    )


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("/divisions?limit={}", 1),
        ("/divisions?q=村&limit={}", 1),
        ("/divisions/63/children?limit={}", 2),
    ],
)
async def test_a_list_asks_the_same_number_of_times_for_1_3_and_many_rows(
    events_with_register: Running, path: str, number: int
) -> None:
    asked = []
    for limit in (1, 3, 100):
        async with counted(events_with_register) as statements:
            await read(events_with_register, path.format(limit))
        asked.append(len(statements))
    assert asked == [number] * 3


@pytest.mark.parametrize("code", ["63", "630122", "630106401", "632802100210"])
async def test_one_division_and_its_history_are_one_statement_each(
    events_with_register: Running, code: str
) -> None:
    async with counted(events_with_register) as statements:
        await read(events_with_register, f"/divisions/{code}")
        await read(events_with_register, f"/divisions/{code}/history")
    assert len(statements) == 2, statements


async def test_the_counter_hears_transactions_too(events: Running) -> None:
    async with counted(events) as statements:
        await events.scalar("SELECT 1")
        async with events.as_(staff("officer", "63")) as officer:
            await officer.get("/divisions")
    assert len(statements) == 2, statements
