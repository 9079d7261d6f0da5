"""County and village people without a network: a draft, a door, what was thought, a workbook."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from PIL import Image

from tests.engines import free_port
from tests.events.imports.sheets import HEADINGS, planted
from tests.journeys.doors import (
    SIZES,
    in_airplane_mode,
    night,
    phone,
    registered,
    taken_along,
    what_it_came_to,
)
from tests.journeys.pasture import PART, Phone, announced
from tests.kit.files.makers import jpeg, png
from tests.support.lines import Fault, line_to
from tests.support.province import Province
from tests.support.workbooks import marked, workbook

VILLAGE, COUNTY = "630123101200", "630123"
TITLE_BO = "རི་དྭགས་སྲུང་སྐྱོབ།"


def draft(client_id: str) -> dict[str, Any]:
    """What the informant wrote in the pasture."""
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)
    return {
        "client_id": client_id,
        "division_code": VILLAGE,
        "title": "草原野生动物保护科普讲座",
        "summary": "讲给牧民听的野生动物保护知识。" * 40,
        "translations": {"bo": {"title": TITLE_BO, "summary": ""}},
        "form": "lecture",
        "audiences": ["farmers_and_herders"],
        "languages": ["bo", "zh"],
        "occurrences": [
            {
                "place": "村文化活动室",
                "starts_at": starts_at.isoformat(),
                "ends_at": (starts_at + timedelta(hours=2)).isoformat(),
                "capacity": 40,
            }
        ],
    }


@pytest.mark.timeout(240)
async def test_a_draft_with_two_pictures_sent_three_times_over_a_bad_line_is_one_activity(
    qinghai: Province, http: aiohttp.ClientSession
) -> None:
    informant = await qinghai.staff(http, f"informant-{VILLAGE}")
    county = await qinghai.staff(http, f"approver-{COUNTY}")
    public = qinghai.anybody(http)
    photo = jpeg((1600, 1200), orientation=6, noise=60)
    poster = png((800, 1200))
    assert len(photo) > 300_000
    assert informant.token is not None

    async with line_to(qinghai.installation.port, free_port()) as line:
        phone = Phone(line, informant.token)

        # Three times: cut half way, answered into nothing, and at last through.
        body = draft(str(uuid4()))
        await phone.fails(Fault.CUT_HALF_WAY, 1200, "POST", "/activities", json=body)
        await phone.fails(Fault.ANSWER_LOST, 0, "POST", "/activities", json=body)
        status, found, headers = await phone.ask("POST", "/activities", json=body)
        assert (status, headers["idempotency-replayed"]) == (200, "true"), found
        where = f"/activities/{found['id']}"

        # Two pictures, each announced on a line that drops: one each, in this order.
        said = [
            announced(photo, "IMG_20261120.jpg", "image/jpeg", {"bo": "རི་དྭགས།", "zh-CN": "岩羊"}),
            announced(poster, "海报.png", "image/png", {"zh-CN": "讲座海报"}),
        ]
        ids = []
        for each in said:
            await phone.fails(Fault.ANSWER_LOST, 0, "POST", f"{where}/pictures", json=each)
            status, file, headers = await phone.ask("POST", f"{where}/pictures", json=each)
            assert (status, file["state"]) == (200, "open")
            assert headers["location"] == f"/api/v1/files/{file['id']}/upload"
            ids.append(file["id"])

        # The photograph breaks twice on its way; what had come is not sent again.
        at, before = 0, line.sent
        for cut in (150_000, 120_000):
            await phone.fails(
                Fault.CUT_HALF_WAY,
                cut,
                "PATCH",
                f"/files/{ids[0]}/upload",
                data=photo[at:],
                **PART,
                **{"Upload-Offset": str(at), "Content-Length": str(len(photo) - at)},
            )
            for _ in range(100):
                stands = await phone.offset(ids[0])
                if stands > at:
                    break
                await asyncio.sleep(0.1)
            assert at < stands < len(photo)
            at = stands
        await phone.send(ids[0], photo)
        assert line.sent - before < len(photo) + 60_000
        # The poster arrives, but the phone does not hear of it; nor of the end of either.
        await phone.fails(
            Fault.ANSWER_LOST,
            0,
            "PATCH",
            f"/files/{ids[1]}/upload",
            data=poster,
            **PART,
            **{"Upload-Offset": "0", "Content-Length": str(len(poster))},
        )
        assert await phone.offset(ids[1]) == len(poster)
        for file_id in ids:
            await phone.fails(Fault.ANSWER_LOST, 0, "POST", f"/files/{file_id}/finish")
            status, file, _ = await phone.ask("POST", f"/files/{file_id}/finish")
            assert (status, file["state"]) == (200, "ready"), file

        # An edit whose answer is lost is sent again, and is no conflict.
        change, based_on = {"summary": "讲给牧民听。"}, {"If-Match": f'"v{found["version"]}"'}
        await phone.fails(Fault.ANSWER_LOST, 0, "PATCH", where, json=change, **based_on)
        status, edited, headers = await phone.ask("PATCH", where, json=change, **based_on)
        assert (status, headers["etag"], edited["summary"]) == (200, '"v2"', "讲给牧民听。")
        assert line.broken == 10

    # One activity results, with both pictures, which only its staff see before it is public.
    mine = (await informant.get("/activities?mine=true"))["items"]
    assert [each["id"] for each in mine] == [found["id"]]
    assert (await public.ask("GET", f"/files/{ids[0]}")).status == 404
    await informant.do(f"{where}/submit")
    for step in ("approve", "publish"):
        await county.do(f"{where}/{step}")
    shown = await public.get(where, **{"Accept-Language": "bo"})
    assert shown["title"] == TITLE_BO
    assert [(each["id"], each["alt"], each["width"], each["height"]) for each in shown["pictures"]] == [
        (ids[0], said[0]["alt"], 1200, 1600),
        (ids[1], said[1]["alt"], 800, 1200),
    ]  # fmt: skip
    for each, size in zip(shown["pictures"], ((1200, 1600), (800, 1200)), strict=True):
        async with http.get(f"{qinghai.api[: -len('/api/v1')]}{each['url']}") as answer:
            picture = Image.open(io.BytesIO(await answer.read()))
        picture.load()
        assert (answer.headers["Cache-Control"], picture.size) == ("public, max-age=600", size)
        assert dict(picture.getexif()) == {}


async def until(check: Any) -> Any:
    """Wait for what a job or a fact brings about."""
    for _ in range(150):
        if found := await check():
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("it did not come")


async def test_two_scanners_in_airplane_mode_come_to_the_same_and_four_opinions_stay_hidden(
    qinghai: Province, http: aiohttp.ClientSession
) -> None:
    officer = await qinghai.staff(http, f"officer-{COUNTY}")
    approver = await qinghai.staff(http, f"approver-{COUNTY}")
    checker = await qinghai.staff(http, f"checker-{COUNTY}")
    public, people = qinghai.anybody(http), await qinghai.citizens(http, 6000, 5)
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=20)
    times = draft(str(uuid4()))["occurrences"][0] | {"capacity": 80}
    times |= {"starts_at": begin.isoformat(), "ends_at": (begin + timedelta(hours=2)).isoformat()}
    body = {**draft(str(uuid4())), "occurrences": [times, {**times, "place": "学校操场"}]}
    where = f"/activities/{(await officer.do('/activities', body))['id']}"
    await officer.do(f"{where}/submit")
    for step in ("approve", "publish"):
        await approver.do(f"{where}/{step}")
    occurrences = [each["id"] for each in (await public.get(where))["occurrences"]]

    # At one hall the east door has its line again first, at the other the west door.
    results, came = [], []
    for occurrence, east_first in zip(occurrences, (True, False), strict=True):
        parties = await registered(occurrence, officer, [] if came else people)
        came = came or [registration for registration, _ in parties[:5]]
        # The second phone's clock is three hours fast.
        fast = timedelta(hours=3)
        doors = [
            await phone(qinghai, checker, VILLAGE, "东门"),
            await phone(qinghai, checker, VILLAGE, "西门", wrong_by=fast),
        ]
        packs = [await taken_along(door, occurrence) for door in doors]
        assert [sorted(each["id"] for each in pack) for pack in packs] == [
            sorted(registration for registration, _ in parties)
        ] * 2
        await in_airplane_mode(qinghai, occurrence, [ticket for _, ticket in parties], *doors)
        for door in doors if east_first else reversed(doors):
            await door.sync(door.queue[:20])
            told = await door.sync()
        assert told["verified"] == {occurrence: sum(SIZES)}
        numbers = {registration: at for at, (registration, _) in enumerate(parties)}
        results.append(await what_it_came_to(checker, occurrence, numbers))
        attendance = await officer.get(f"/occurrences/{occurrence}/attendance")
        assert attendance["verified"] == 80
    assert results[0] == results[1]
    assert sorted(number for _, number, outcome, _ in results[0] if outcome == "counted") == [
        *range(len(SIZES))
    ]
    twice = [(number, name) for name, number, outcome, _ in results[0] if outcome != "counted"]
    assert sorted(twice) == [(0, "西门"), (1, "东门"), (2, "西门"), (3, "东门"), (4, "西门")]
    assert [doubtful for *_, doubtful in results[0]] == [False] * (len(SIZES) + 5)

    # Four say what they thought: no tier shows it, whatever is subtracted. The fifth lets it out.
    year = f"from={begin.year}-01-01&to={begin.year}-12-31"
    tiers = [VILLAGE[:size] for size in (2, 4, 6, 9, 12)]

    async def shown() -> list[Any]:
        found = [(await public.get(f"{where}/feedback"))["satisfaction"]]
        for code in tiers:
            rollup = await public.get(f"/reports/rollup?division={code}&{year}")
            listed = await public.get(f"/feedback?division={code}")
            found += [rollup["figures"]["satisfaction"], *(each for each in listed["items"])]
        return found

    for person, registration in zip(people[:4], came, strict=False):
        await person.do("/feedback", {"registration_id": registration, "rating": 5})
    await night(qinghai, 1)
    assert await shown() == [None] * 6
    await people[4].do("/feedback", {"registration_id": came[4], "rating": 1})
    await night(qinghai, 2)
    whole = {"answers": 5, "satisfied": 4, "rate": 0.8}

    async def at_every_tier() -> bool:
        found = await shown()
        return [each.get("satisfaction", each) for each in found if each] == [whole] * 11

    await until(at_every_tier)


async def test_a_workbook_of_5000_rows_comes_back_with_its_37_planted_errors_marked(
    qinghai: Province, http: aiohttp.ClientSession
) -> None:
    officer = await qinghai.staff(http, "officer-6301")
    rows, rules = planted(5000, 37)
    headers = {"Authorization": f"Bearer {officer.token}"}
    at = "/stations/imports"
    async with http.post(
        f"{qinghai.api}{at}", data=workbook(HEADINGS, rows), headers=headers
    ) as answer:
        assert answer.status == 202, await answer.text()
        at = f"{at}/{(await answer.json())['id']}"

    async def checked() -> Any:
        found = await officer.get(at)
        return found if found["state"] != "checking" else None

    found = await until(checked)
    assert [found[name] for name in ("state", "rows", "good", "faults", "written")] == [
        *("checked", 5000, 4963, 37, 0)
    ]
    async with http.get(f"{qinghai.api}{at}/workbook", headers=headers) as answer:
        back = marked(await answer.read())
    assert sorted(back.coloured) == sorted(back.remarks) == sorted(rules)
    assert [row[0] for row in back.listed] == list(dict.fromkeys(row[0] for row in back.listed))
    assert {row[0] for row in back.listed} == set(rules)
