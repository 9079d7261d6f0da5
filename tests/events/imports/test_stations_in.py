"""Stations from a spreadsheet: checked cell by cell, written whole, undone while nobody needs them."""

import asyncio
import io
from collections.abc import AsyncIterator

import openpyxl
import pytest

from services.kit.access import Role
from services.kit.ids import uuid7
from tests.events.imports.sheets import HEADINGS, planted, row, stations
from tests.support.apps import Running, staff
from tests.support.queries import counted
from tests.support.workbooks import imported, marked, settled, workbook

HUANGYUAN = "630123"
OFFICER = staff(Role.OFFICER, HUANGYUAN)


async def count(events: Running) -> int:
    found: int = await events.scalar("SELECT count(*) FROM stations")
    return found


async def test_a_workbook_of_5000_rows_with_37_planted_errors_comes_back_with_exactly_37(
    events_with_register: Running,
) -> None:
    """Nothing is written; the caller's own file comes back, and openpyxl finds the very cells."""
    rows, rules = planted(5000, 37)
    async with events_with_register.as_(OFFICER) as client:
        done = await imported(client, "/stations", workbook(HEADINGS, rows), name="湟源县阵地.xlsx")
        assert (done["state"], done["rows"], done["good"]) == ("checked", 5000, 4963)
        assert (done["faults"], done["written"]) == (37, 0)
        assert await count(events_with_register) == 0
        listed = []
        cursor = ""
        while cursor is not None:
            page = (
                await client.get(
                    f"/stations/imports/{done['id']}/faults",
                    params={"limit": 10} | ({"cursor": cursor} if cursor else {}),
                )
            ).json()
            listed += page["items"]
            cursor = page["next"]
        assert {one["cell"]: one["rule"] for one in listed} == rules
        assert len(listed) == 37
        back = await client.get(f"/stations/imports/{done['id']}/workbook")
    found = marked(back.content)
    assert sorted(found.coloured) == sorted(rules)
    assert sorted(found.remarks) == sorted(rules)
    assert sorted(line[0] for line in found.listed) == sorted(rules)
    assert found.cells[1:] == [tuple(one) for one in rows]


async def test_good_rows_become_stations_with_their_contacts_facts_and_a_log(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(OFFICER) as client:
        done = await imported(client, "/stations", stations(1500))
        assert (done["state"], done["written"], done["faults"]) == ("done", 1500, 0)
        assert done["allowed_actions"] == ["undo"]
        line = (await client.get("/stations", params={"limit": 1})).json()["items"][0]
        assert (line["contact"]["name"], line["contact"]["phone"]) == ("才**" + "*", "138****0000")
        log = (await client.get("/stations/imports")).json()["items"]
        assert [(one["state"], one["written"]) for one in log] == [("done", 1500)]
    assert await count(events_with_register) == 1500
    facts = "SELECT count(*) FROM outbox WHERE type = 'events.station_opened.v1'"
    assert await events_with_register.scalar(facts) == 1500
    sealed = "SELECT count(*) FROM station_contacts WHERE name_sealed::text LIKE '%才让%'"
    assert await events_with_register.scalar(sealed) == 0


async def test_the_valid_rows_alone_are_written_when_asked(events_with_register: Running) -> None:
    rows = [row(1), row(2, kind="电影院"), row(3)]
    async with events_with_register.as_(OFFICER) as client:
        done = await imported(client, "/stations", workbook(HEADINGS, rows))
        assert (done["state"], done["allowed_actions"]) == ("checked", ["commit", "discard"])
        path = f"/stations/imports/{done['id']}/commit"
        refused = await client.post(path, json={})
        assert (refused.status_code, refused.json()["type"]) == (
            409,
            "/api/v1/problems/bad-rows-left",
        )
        assert (await client.post(path, json={"valid_only": True})).status_code == 202
        done = await settled(client, "/stations", done["id"])
        assert (done["state"], done["written"]) == ("done", 2)
        # Which were left out can still be seen.
        assert marked(
            (await client.get(f"/stations/imports/{done['id']}/workbook")).content
        ).coloured == ["B3"]
    assert await count(events_with_register) == 2


async def test_a_file_that_is_only_to_be_checked_waits_for_somebody(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(OFFICER) as client:
        done = await imported(client, "/stations", stations(3), mode="check")
        assert (done["state"], done["good"], await count(events_with_register)) == ("checked", 3, 0)
        assert done["sample"][0]["cells"]["contact_name"] == "才***"
        # Its job ended in the same transaction: whoever sees it checked may commit it.
        together = "SELECT i.xmin = j.xmin FROM imports i JOIN jobs j ON j.id = i.job_id"
        assert await events_with_register.scalar(together)
        await client.post(f"/stations/imports/{done['id']}/commit", json={})
        assert (await settled(client, "/stations", done["id"]))["state"] == "done"
        done = await imported(client, "/stations", workbook(HEADINGS, [row(9)]), mode="check")
        gone = await client.post(f"/stations/imports/{done['id']}/discard")
        assert (gone.json()["state"], gone.json()["allowed_actions"]) == ("discarded", [])
    assert await count(events_with_register) == 3


async def test_the_same_file_is_recognised_and_taken_twice_only_when_said(
    events_with_register: Running,
) -> None:
    content = stations(2)
    async with events_with_register.as_(OFFICER) as client:
        first = await imported(client, "/stations", content, name="a.xlsx")
        again = await client.post("/stations/imports", content=content, params={"name": "b.xlsx"})
        assert (again.status_code, again.json()["type"]) == (
            409,
            "/api/v1/problems/file-seen-before",
        )
        assert first["id"] in again.json()["detail"]
        said = await imported(client, "/stations", content, again=True)
        # Taken, and every row is there already.
        assert (said["state"], said["faults"]) == ("checked", 2)
        assert {one["rule"] for one in said["first_faults"]} == {"row-exists"}
    assert await count(events_with_register) == 2


async def test_ten_of_the_same_file_at_once_are_one_import(events_with_register: Running) -> None:
    content = stations(2)
    async with events_with_register.as_(OFFICER) as client:
        answers = await asyncio.gather(
            *(client.post("/stations/imports", content=content) for _ in range(10))
        )
        assert sorted(answer.status_code for answer in answers) == [202] + [409] * 9
        (sent,) = [answer.json() for answer in answers if answer.status_code == 202]
        assert (await settled(client, "/stations", sent["id"]))["state"] == "done"
    assert await count(events_with_register) == 2


async def test_an_import_is_undone_while_nothing_depends_on_it(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(OFFICER) as client:
        done = await imported(client, "/stations", stations(3))
        undone = await client.post(f"/stations/imports/{done['id']}/undo")
        assert (undone.status_code, undone.json()["state"]) == (200, "undone")
        assert await count(events_with_register) == 0
        assert await events_with_register.scalar("SELECT count(*) FROM station_contacts") == 0
        twice = await client.post(f"/stations/imports/{done['id']}/undo")
        assert (twice.status_code, twice.json()["type"]) == (409, "/api/v1/problems/wrong-state")
        # And the same file may come again.
        assert (await imported(client, "/stations", stations(3)))["state"] == "done"


async def test_an_import_that_somebody_built_on_is_not_undone_and_says_which_rows(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(OFFICER) as client:
        done = await imported(client, "/stations", stations(4))
        ids = dict(await events_with_register.rows("SELECT name, id FROM stations"))
        given = {"name": "多杰", "role": "informant", "begins_on": "2026-01-01"}
        post = await client.post("/posts", json={**given, "station_id": str(ids["第1科普站"])})
        assert post.status_code == 201
        edited = await client.patch(
            f"/stations/{ids['第3科普站']}", json={"place": "村口"}, headers={"If-Match": '"v1"'}
        )
        assert edited.status_code == 200
        refused = await client.post(f"/stations/imports/{done['id']}/undo")
        assert (refused.status_code, refused.json()["type"]) == (
            409,
            "/api/v1/problems/import-in-use",
        )
        assert [(one["pointer"], one["rule"]) for one in refused.json()["errors"]] == [
            ("/rows/3", "row-staffed"),
            ("/rows/5", "row-changed"),
        ]
        english = await client.post(
            f"/stations/imports/{done['id']}/undo", headers={"Accept-Language": "en"}
        )
        assert [one["detail"] for one in english.json()["errors"]] == [
            "row 3: somebody holds a post there",
            "row 5: changed since the import",
        ]
        assert (await client.get(f"/stations/imports/{done['id']}")).json()["state"] == "done"
    assert await count(events_with_register) == 4


async def test_a_row_outside_the_reach_is_a_bad_cell_and_strangers_see_no_import(
    events_with_register: Running,
) -> None:
    rows = [row(1), row(2, code="630225")]
    async with events_with_register.as_(OFFICER) as client:
        done = await imported(client, "/stations", workbook(HEADINGS, rows))
        (fault,) = done["first_faults"]
        assert (fault["cell"], fault["rule"]) == ("A3", "row-out-of-reach")
        assert fault["reason"] == "630225 不在您的管辖范围内"
    path = f"/stations/imports/{done['id']}"
    above = staff(Role.OFFICER, "6301")
    async with events_with_register.as_(above) as client:
        assert (await client.get(path)).status_code == 200
    for stranger in (staff(Role.OFFICER, "6302"), staff(Role.INFORMANT, HUANGYUAN)):
        async with events_with_register.as_(stranger) as client:
            for method, end in (
                ("GET", ""),
                ("GET", "/workbook"),
                ("GET", "/faults"),
                ("POST", "/discard"),
            ):
                assert (await client.request(method, path + end)).status_code == 404
            assert (await client.get("/stations/imports")).json()["items"] == []
    async with events_with_register.as_(staff(Role.INFORMANT, HUANGYUAN)) as client:
        assert (await client.post("/stations/imports", content=stations(1))).status_code == 403
    async with events_with_register.as_() as client:
        assert (await client.post("/stations/imports", content=stations(1))).status_code == 401


async def test_the_log_asks_the_same_number_of_queries_for_one_and_for_many(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(OFFICER) as client:
        asked = []
        for number in range(3):
            await imported(client, "/stations", workbook(HEADINGS, [row(number)]), mode="check")
            async with counted(events_with_register) as statements:
                listed = (await client.get("/stations/imports")).json()["items"]
            asked.append((len(listed), len(statements)))
    assert asked == [(1, 1), (2, 1), (3, 1)]


async def test_a_cancel_in_the_middle_of_the_writing_leaves_nothing_behind(
    events_with_register: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.kit.imports import work

    reached, go_on = asyncio.Event(), asyncio.Event()
    remember = work._remember

    async def slowly(*given: object) -> None:
        await remember(*given)  # type: ignore[arg-type]
        reached.set()
        await go_on.wait()

    monkeypatch.setattr(work, "_remember", slowly)
    async with events_with_register.as_(OFFICER) as client:
        sent = (await client.post("/stations/imports", content=stations(2500))).json()
        await asyncio.wait_for(reached.wait(), 20)
        cancelled = await client.post(f"/jobs/{sent['job']}/cancel")
        assert cancelled.status_code == 200
        go_on.set()
        found = await settled(client, "/stations", sent["id"])
        job = (await client.get(f"/jobs/{sent['job']}")).json()
        assert (job["state"], found["state"], found["written"]) == ("cancelled", "checked", 0)
        assert await count(events_with_register) == 0
        assert await events_with_register.scalar("SELECT count(*) FROM import_rows") == 0
        # It can still be committed: the file is there.
        monkeypatch.undo()
        await client.post(f"/stations/imports/{sent['id']}/commit", json={})
        assert (await settled(client, "/stations", sent["id"]))["written"] == 2500


async def test_what_became_bad_between_check_and_commit_is_found_and_nothing_is_written(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(OFFICER) as client:
        done = await imported(client, "/stations", stations(3), mode="check")
        given = {"division_code": "630123101", "kind": "science_station", "name": "第1科普站"}
        assert (await client.post("/stations", json=given)).status_code == 201
        await client.post(f"/stations/imports/{done['id']}/commit", json={})
        found = await settled(client, "/stations", done["id"])
        assert (found["state"], found["written"]) == ("checked", 0)
        assert [(one["cell"], one["rule"]) for one in found["first_faults"]] == [
            ("C3", "row-exists")
        ]
    assert await count(events_with_register) == 1


async def test_a_reach_that_shrank_between_check_and_commit_is_asked_again(
    events_with_register: Running,
) -> None:
    me = uuid7()
    content = workbook(HEADINGS, [row(1), row(2, code="630225")])
    async with events_with_register.as_(staff(Role.OFFICER, "63", me)) as client:
        done = await imported(client, "/stations", content, mode="check")
        assert (done["good"], done["faults"]) == (2, 0)
    async with events_with_register.as_(staff(Role.OFFICER, HUANGYUAN, me)) as client:
        await client.post(f"/stations/imports/{done['id']}/commit", json={})
        done = await settled(client, "/stations", done["id"])
        assert (done["state"], done["first_faults"][0]["rule"]) == ("checked", "row-out-of-reach")
    assert await count(events_with_register) == 0


async def test_the_file_lies_sealed_and_is_let_go_of_when_it_is_done_with(
    events_with_register: Running,
) -> None:
    from datetime import UTC, datetime

    from services.kit.imports.tidying import let_go

    kit = events_with_register.kit
    async with events_with_register.as_(OFFICER) as client:
        waits = await imported(client, "/stations", stations(1), mode="check")
        (key,) = await kit.objects.keys("events/imports")
        assert key == f"events/imports/{waits['id']}/given"
        content = b"".join([piece async for piece in await kit.objects.read(key)])
        assert not content.startswith(b"PK")
        assert b"xl/workbook.xml" not in content
        assert await let_go(kit, datetime.now(UTC)) == 0
        await client.post(f"/stations/imports/{waits['id']}/commit", json={})
        await settled(client, "/stations", waits["id"])
        assert await let_go(kit, datetime.now(UTC)) == 1
        assert await kit.objects.keys("events/imports") == []
        gone = await client.get(f"/stations/imports/{waits['id']}/workbook")
        assert (gone.status_code, gone.json()["type"]) == (409, "/api/v1/problems/file-forgotten")


async def test_a_form_and_a_bare_body_are_taken_alike_and_neither_beyond_the_limit(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(OFFICER) as client:
        form = {"file": ("C:\\表\\阵地.xlsx", stations(1))}
        sent = await client.post("/stations/imports", files=form)
        assert (sent.status_code, sent.json()["name"]) == (202, "阵地.xlsx")
        assert sent.headers["Location"] == f"/jobs/{sent.json()['job']}"
        assert (await settled(client, "/stations", sent.json()["id"]))["written"] == 1
        empty = await client.post("/stations/imports", content=b"")
        assert (empty.status_code, empty.json()["type"]) == (422, "/api/v1/problems/no-file")

        async def unannounced() -> AsyncIterator[bytes]:
            for _ in range(9):
                yield bytes(2**20)

        for content in (bytes(8 * 2**20 + 1), unannounced()):
            large = await client.post("/stations/imports", content=content)
            assert large.status_code == 413
            assert large.json()["type"] == "/api/v1/problems/file-too-large"


async def test_a_file_that_is_no_sheet_is_refused_in_words(events_with_register: Running) -> None:
    async with events_with_register.as_(OFFICER, **{"Accept-Language": "en"}) as client:
        for content, rule in (
            (b"%PDF-1.7 \x00\x01", "sheet-not-a-workbook"),
            (b"\xd0\xcf\x11\xe0" + bytes(600), "sheet-old-or-locked"),
            (workbook(("名称", "备注"), [("甲", "乙")]), "sheet-columns-missing"),
            (workbook(HEADINGS, []), "sheet-no-rows"),
        ):
            found = await imported(client, "/stations", content)
            assert (found["state"], found["problem"]["rule"]) == ("refused", rule)
            marked_one = await client.get(f"/stations/imports/{found['id']}/workbook")
            assert marked_one.json()["type"] == "/api/v1/problems/file-not-readable"
            assert found["problem"]["reason"]


async def test_the_template_filled_in_is_taken_in_every_language(
    events_with_register: Running,
) -> None:
    for number, language in enumerate(("zh-CN", "bo", "mn", "en")):
        async with events_with_register.as_(OFFICER, **{"Accept-Language": language}) as client:
            made = await client.get("/stations/imports/template")
            book = openpyxl.load_workbook(io.BytesIO(made.content))
            kinds = book["lists"]["B"]
            page = book.worksheets[0]
            for at, value in enumerate(("630123101", kinds[3].value, f"站{number}"), 1):
                page.cell(2, at, value)
            filled = io.BytesIO()
            book.save(filled)
            assert (await imported(client, "/stations", filled.getvalue()))["written"] == 1
    kinds = await events_with_register.rows("SELECT DISTINCT kind FROM stations")
    assert kinds == [("science_station",)]


async def test_an_export_holds_what_is_within_reach_masked_and_comes_back_as_it_was(
    events_with_register: Running,
) -> None:
    names = ["=1+1 站", "'@站", "-5站", "科普\t站"]
    rows = [row(at, name=name) for at, name in enumerate(names)]
    async with events_with_register.as_(OFFICER) as client:
        assert (await imported(client, "/stations", workbook(HEADINGS, rows)))["written"] == 4
    async with events_with_register.as_(staff(Role.OFFICER, "6302")) as client:
        foreign = await client.get("/stations/export")
        assert (
            list(openpyxl.load_workbook(io.BytesIO(foreign.content)).worksheets[0].values)[1:] == []
        )
    async with events_with_register.as_(OFFICER) as client:
        for given in ({"format": "xlsx"}, {"format": "csv"}, {"format": "csv", "mark": False}):
            out = await client.get("/stations/export", params=given)
            assert out.status_code == 200
            assert "13800000000" not in out.text
            if given["format"] == "xlsx":
                page = openpyxl.load_workbook(io.BytesIO(out.content)).worksheets[0]
                quoted = {
                    row[2].value: bool(row[2].quotePrefix) for row in page.iter_rows(min_row=2)
                }
                assert quoted == dict.fromkeys(names, True) | {"科普\t站": False}
            if given["format"] == "csv":
                assert out.content.startswith(b"\xef\xbb\xbf") is given.get("mark", True)
            found = await imported(client, "/stations", out.content, mode="check")
            assert found["problem"] is None, found
            # Every row is recognised as one that is there: so its name came back letter by letter.
            rules = [(one["key"], one["rule"]) for one in found["first_faults"]]
            assert sorted(rules) == sorted(
                [("name", "row-exists")] * 4
                + [("contact_name", "cell-masked")] * 4
                + [("contact_phone", "cell-phone")] * 4
            )
    async with events_with_register.as_(staff(Role.CHECKER, HUANGYUAN)) as client:
        assert (await client.get("/stations/export")).status_code == 403
