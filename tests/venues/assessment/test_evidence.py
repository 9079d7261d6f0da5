"""Evidence of an application: taken by content, capped, replaced, kept, seen by few."""

import asyncio
from typing import Any

import asyncpg
import httpx
from PIL import Image

from services.kit.access import SERVICE
from services.kit.files.parts import Files
from services.kit.files.tidying import tidy
from services.kit.ids import uuid7
from services.venues.assessment.blind import blind_files
from services.venues.assessment.gate import missing_for_submission
from tests.engines import TestCluster
from tests.kit.files.makers import GPS, jpeg, pdf, pdf_bomb, xlsx
from tests.kit.files.phone import announced, finished, part, sent
from tests.support.apps import Running, citizen, staff
from tests.venues.assessment.cases import NEIGHBOUR, World, world
from tests.venues.assessment.test_assessment import frozen

PDF = "application/pdf"


def declared(content: bytes, media_type: str = PDF, **over: Any) -> dict[str, Any]:
    """A file for the one material that is asked for."""
    names = {"name": "湟源县科技馆法人证书.pdf", "part": "material", "key": "charter"}
    return announced(content, media_type=media_type, **{**names, **over})


async def added(
    client: httpx.AsyncClient, case: World, content: bytes, **over: Any
) -> dict[str, Any]:
    """Announced and arrived."""
    answer = await client.post(f"{case.at}/files", json=declared(content, **over))
    assert answer.status_code == 201, answer.text
    return await sent(client, answer.json()["id"], content)


async def listed(client: httpx.AsyncClient, case: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(f"{case.at}/files")).json()["items"]
    return found


async def test_a_trap_is_refused_by_name_and_leaves_nothing_behind(venues: Running) -> None:
    case = await world(venues)
    traps = {
        "expands-too-much": pdf_bomb(30),
        "file-in-file": pdf() + xlsx(),
        "content-not-accepted": "只是一段文字，不是 PDF".encode(),
    }
    async with venues.as_(case.applicant) as applicant:
        found = {}
        for slug, content in traps.items():
            file = (await applicant.post(f"{case.at}/files", json=declared(content))).json()
            await part(applicant, file["id"], 0, content)
            answer = await finished(applicant, file["id"])
            found[slug] = (answer.status_code, answer.json()["type"].rpartition("/")[2])
        word = declared(b"PK", "application/msword")
        unknown = await applicant.post(f"{case.at}/files", json=word)
        huge = await applicant.post(f"{case.at}/files", json=declared(b"x", size=2**30))
        left = await listed(applicant, case)
    assert found == {slug: (422, slug) for slug in traps}
    assert (unknown.status_code, huge.status_code, left) == (422, 413, [])
    assert await venues.scalar("SELECT count(*) FROM application_files") == 0


async def test_where_a_picture_was_taken_is_not_kept(venues: Running) -> None:
    case = await world(venues)
    over = {"media_type": "image/jpeg", "part": "criterion", "key": "guides", "name": "a.jpg"}
    async with venues.as_(case.applicant) as applicant:
        file = await added(applicant, case, jpeg(), **over)
        answer = await applicant.get(f"/files/{file['id']}")
    (venues.kit.keys.parent / "kept.jpg").write_bytes(answer.content)
    with Image.open(venues.kit.keys.parent / "kept.jpg") as kept:
        assert (dict(kept.getexif().get_ifd(GPS)), "comment" in kept.info) == ({}, False)
    # What is saved bears no name of whoever sent it.
    assert answer.headers["content-disposition"].startswith('inline; filename="guides-1.jpg"')
    assert answer.headers["cache-control"] == "private, no-store"


async def test_a_material_takes_so_many_files_and_no_more_also_at_once(venues: Running) -> None:
    case = await world(venues)
    async with venues.as_(case.applicant) as applicant:
        answers = await asyncio.gather(
            *(applicant.post(f"{case.at}/files", json=declared(pdf())) for _ in range(4))
        )
        wrong = await applicant.post(f"{case.at}/files", json=declared(pdf(), key="no_such"))
        again = declared(pdf(), part="criterion", key="guides")
        first = await applicant.post(f"{case.at}/files", json=again)
        second = await applicant.post(f"{case.at}/files", json=again)
    async with venues.kit.database.transaction(SERVICE) as db:
        missing = await missing_for_submission(db, case.application, case.rule)
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409]
    assert (wrong.status_code, wrong.json()["errors"][0]["rule"]) == (422, "no-such-material")
    assert (first.status_code, second.status_code, second.json()["id"]) == (
        201,
        200,
        first.json()["id"],
    )
    # Those that are announced have not arrived: nothing can be submitted with them.
    waiting = [each.values["count"] for each in missing if each.slug == "files-on-their-way"]
    assert waiting == [3]


async def test_what_was_submitted_is_superseded_and_kept_what_was_not_goes(
    venues: Running,
) -> None:
    case = await world(venues)
    async with venues.as_(case.applicant) as applicant, venues.as_(case.reviewer) as reviewer:
        slip = await added(applicant, case, pdf())
        draft = await added(applicant, case, pdf(), replaces=slip["id"])
        typo = await added(applicant, case, pdf())
        gone = await applicant.delete(f"{case.at}/files/{typo['id']}")
        drafts = [each["id"] for each in await listed(applicant, case)]
        await frozen(case)
        await case.stands("under_way", "eligibility")
        closed = await applicant.post(f"{case.at}/files", json=declared(pdf()))
        await case.stands("returned", "eligibility")
        kept = await applicant.delete(f"{case.at}/files/{draft['id']}")
        newer = await added(applicant, case, pdf(Lang="zh"), replaces=draft["id"])
        twice = await applicant.post(f"{case.at}/files", json=declared(pdf(), replaces=draft["id"]))
        elsewhere = declared(pdf(), replaces=newer["id"], part="criterion", key="guides")
        moved = await applicant.post(f"{case.at}/files", json=elsewhere)
        mine, theirs = await listed(applicant, case), await listed(reviewer, case)
        old = await reviewer.get(f"/files/{draft['id']}")
    assert drafts == [draft["id"]]
    assert (gone.status_code, closed.status_code, kept.status_code) == (204, 409, 409)
    assert (twice.status_code, moved.status_code, old.status_code) == (409, 409, 200)
    assert [(each["id"], each["superseded_at"] is None, each["replaces"]) for each in mine] == [
        (draft["id"], False, None),
        (newer["id"], True, draft["id"]),
    ]
    # Staff see what was submitted; the newer one when it is.
    assert [each["id"] for each in theirs if each["submitted_at"] is not None] == [draft["id"]]
    await tidy(venues.kit.parts[Files])
    assert await venues.scalar("SELECT count(*) FROM files") == 2


async def seated(
    postgres: TestCluster, case: World, state: str, account: Any, expires: str = "now()"
) -> None:
    """A seat on the panel of the application, in this state."""
    connection = await asyncpg.connect(postgres.dsn(case.venues.database_name))
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(
            f"""INSERT INTO panel_seats (id, draw_id, application_id, expert_id, account_id,
                stage_key, division_code, recorded_code, stratum, rank, slip, state, expires_at,
                version) VALUES ($1, $2, $3, $4, $5, 'expert_review', '63', '63', 'a', 1, 's', $6,
                {expires}, 1)""",
            uuid7(), uuid7(), case.application.id, uuid7(), account, state,
        )  # fmt: skip
    finally:
        await connection.close()


async def test_evidence_is_seen_by_exactly_those_whom_it_concerns(
    venues: Running, postgres: TestCluster
) -> None:
    case = await world(venues)
    expert, declined = citizen(), citizen()
    await seated(postgres, case, "accepted", expert.subject)
    await seated(postgres, case, "declined", declined.subject)
    watchers = {
        "applicant": case.applicant,
        "province": staff("officer", "63"),
        "county": staff("officer", "630123"),
        "expert": expert,
        "declined": declined,
        "neighbour": staff("approver", NEIGHBOUR),
        "observer": staff("observer", "63"),
        "citizen": citizen(),
        "nobody": None,
    }

    async def who_sees(file_id: str) -> set[str]:
        seen = set()
        for name, caller in watchers.items():
            async with venues.as_(caller) as client:
                if (await client.get(f"/files/{file_id}")).status_code == 200:
                    seen.add(name)
        return seen

    async with venues.as_(case.applicant) as applicant:
        file = await added(applicant, case, pdf())
        draft = await who_sees(file["id"])
        await frozen(case)
        await case.stands("under_way", "eligibility")
        submitted = await who_sees(file["id"])
        async with venues.kit.database.transaction(SERVICE) as db:
            shown = [each.name for each in await blind_files(db, case.application.id)]
        await case.stands("returned", "eligibility")
        await added(applicant, case, pdf(Lang="zh"), replaces=file["id"])
        superseded = await who_sees(file["id"])
    inside = {"applicant", "province", "county"}
    # Officers of the venue's division act on its behalf, and so see its drafts.
    assert (draft, submitted, superseded) == (inside, inside | {"expert"}, inside)
    assert shown == ["charter-1"]


async def test_without_the_wall_around_seats_evidence_is_still_for_who_sits_there(
    venues: Running, postgres: TestCluster
) -> None:
    case = await world(venues)
    expert, stranger = citizen(), citizen()
    await seated(postgres, case, "accepted", expert.subject)
    async with venues.as_(case.applicant) as applicant:
        file = await added(applicant, case, pdf())
        await frozen(case)
        await case.stands("under_way", "eligibility")
    connection = await asyncpg.connect(postgres.dsn(venues.database_name))
    try:
        await connection.execute("ALTER TABLE panel_seats DISABLE ROW LEVEL SECURITY")
        found = []
        for who in (expert, stranger):
            async with venues.as_(who) as client:
                found.append((await client.get(f"/files/{file['id']}")).status_code)
    finally:
        await connection.execute("ALTER TABLE panel_seats ENABLE ROW LEVEL SECURITY")
        await connection.close()
    assert found == [200, 404]


async def test_nobody_else_adds_to_or_takes_from_the_evidence(venues: Running) -> None:
    case = await world(venues)
    async with venues.as_(case.applicant) as applicant:
        file = await added(applicant, case, pdf())
    for other in (staff("approver", NEIGHBOUR), staff("observer", "63"), citizen(), None):
        async with venues.as_(other) as client:
            adds = await client.post(f"{case.at}/files", json=declared(pdf()))
            takes = await client.delete(f"{case.at}/files/{file['id']}")
        assert (adds.status_code, takes.status_code) == (404, 404)
