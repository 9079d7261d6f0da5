"""Uploads over a line that breaks: nothing twice, nothing lost, nothing believed unseen."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.kit.files import uploading
from services.kit.files.declaring import declare
from services.kit.files.parts import Files, Purpose, Sight
from services.kit.files.rules import DOCUMENT_KINDS, File, Kind
from services.kit.files.schemas import FileIn
from services.kit.files.tidying import tidy
from tests.kit.files.makers import jpeg, pdf, pdf_bomb, xlsx
from tests.kit.files.phone import announce, announced, finished, part, pictured, sent
from tests.support.activities import published_activity
from tests.support.apps import Running, staff
from tests.support.buckets import Server

DIVISION = "630123101"


async def _nobody(db: AsyncSession, caller: Caller, file: File) -> Sight:
    return Sight.PRIVATE


EVIDENCE = Purpose("evidence", DOCUMENT_KINDS, sight=_nobody)


def parts_of(events: Running) -> Files:
    found: Files = events.kit.parts[Files]
    return found


@pytest.fixture
async def activity_id(events: Running) -> str:
    return str((await published_activity(events, DIVISION)).activity)


def objects(events: Running) -> list[str]:
    """What lies in the store, whatever the rows say."""
    root: Path = events.kit.objects.root  # type: ignore[attr-defined]
    return (
        sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        if root.exists()
        else []
    )


async def test_a_file_comes_in_pieces_and_is_whole(events: Running, activity_id: str) -> None:
    content = jpeg((900, 600), noise=40)
    async with events.as_(staff("approver", DIVISION)) as phone:
        file = await announce(phone, activity_id, content)
        assert (file["state"], file["received"], file["size"]) == ("open", 0, len(content))
        offsets = []
        for start in range(0, len(content), 20_000):
            answer = await part(phone, file["id"], start, content[start : start + 20_000])
            assert answer.status_code == 204, answer.text
            offsets.append(int(answer.headers["upload-offset"]))
        asked = await phone.head(f"/files/{file['id']}/upload")
        ready = (await finished(phone, file["id"])).json()
        again = (await finished(phone, file["id"])).json()
        shown = await phone.get(f"/files/{file['id']}")
    assert offsets[-1] == len(content)
    assert {name: asked.headers[name] for name in ("upload-offset", "upload-length",
            "tus-resumable", "cache-control")} == {
        "upload-offset": str(len(content)),
        "upload-length": str(len(content)),
        "tus-resumable": "1.0.0",
        "cache-control": "no-store",
    }  # fmt: skip
    assert (ready["state"], ready["width"], ready["height"]) == ("ready", 900, 600)
    assert again == ready
    assert shown.content.startswith(b"\xff\xd8\xff")


async def test_a_file_announced_three_times_is_one(events: Running, activity_id: str) -> None:
    content = jpeg()
    body = announced(content)
    path = f"/activities/{activity_id}/pictures"
    async with events.as_(staff("approver", DIVISION)) as phone:
        answers = [await phone.post(path, json=body) for _ in range(2)]
        await sent(phone, answers[0].json()["id"], content)
        last = await phone.post(path, json=body)
        other = await phone.post(path, json={**body, "sha256": "0" * 64})
        at_once = announced(content)
        many = await asyncio.gather(*(phone.post(path, json=at_once) for _ in range(5)))
    assert [answer.status_code for answer in (*answers, last)] == [201, 200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert answers[0].headers["location"] == f"/files/{answers[0].json()['id']}/upload"
    assert (last.json()["id"], last.json()["state"]) == (answers[0].json()["id"], "ready")
    assert (other.status_code, other.json()["type"]) == (409, "/api/v1/problems/upload-differs")
    assert sorted(answer.status_code for answer in many) == [200] * 4 + [201]
    assert len({answer.json()["id"] for answer in many}) == 1
    assert await events.scalar("SELECT count(*) FROM files") == 2


async def test_bytes_that_do_not_follow_are_refused_with_the_place_to_go_on(
    events: Running, activity_id: str
) -> None:
    content = jpeg()
    async with events.as_(staff("approver", DIVISION)) as phone:
        file = await announce(phone, activity_id, content)
        await part(phone, file["id"], 0, content[:1000])
        repeated = await part(phone, file["id"], 0, content[:1000])
        ahead = await part(phone, file["id"], 2000, content[2000:])
        early = await finished(phone, file["id"])
        much = await part(phone, file["id"], 1000, content)
        await part(phone, file["id"], 1000, content[1000:])
        ready = await finished(phone, file["id"])
    assert [(answer.status_code, answer.json()["type"].rpartition("/")[2]) for answer in
            (repeated, ahead, early, much)] == [
        (409, "offset-differs"), (409, "offset-differs"), (409, "upload-incomplete"),
        (422, "more-than-declared"),
    ]  # fmt: skip
    assert repeated.json()["title"] == "请从第 1000 字节继续上传"
    assert ready.status_code == 200


async def test_what_came_before_the_line_broke_is_kept(events: Running, activity_id: str) -> None:
    content = jpeg()

    async def broken() -> AsyncIterator[bytes]:
        yield content[:700]
        yield content[700:1500]
        raise uploading.ClientDisconnect()  # as Starlette says it of a real line

    caller = staff("approver", DIVISION)
    async with events.as_(caller) as phone:
        file = await announce(phone, activity_id, content)
        file_id = UUID(file["id"].removeprefix("events-"))
        kept = await uploading.receive(parts_of(events), caller, file_id, 0, broken())
        asked = await phone.head(f"/files/{file['id']}/upload")
        await part(phone, file["id"], 1500, content[1500:])
        ready = await finished(phone, file["id"])
    assert (kept.received, asked.headers["upload-offset"]) == (1500, "1500")
    assert ready.status_code == 200


async def test_the_same_part_at_once_counts_once(events: Running, activity_id: str) -> None:
    content = jpeg((900, 600), noise=40)
    async with events.as_(staff("approver", DIVISION)) as phone:
        file = await announce(phone, activity_id, content)
        answers = await asyncio.gather(*(part(phone, file["id"], 0, content) for _ in range(6)))
        ready = await asyncio.gather(*(finished(phone, file["id"]) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204] + [409] * 5
    refused = [answer.json()["type"] for answer in answers if answer.status_code == 409]
    assert refused == ["/api/v1/problems/offset-differs"] * 5
    assert [answer.status_code for answer in ready] == [200] * 3
    assert len({answer.text for answer in ready}) == 1
    assert await events.scalar("SELECT count(*) FROM file_parts") == 1
    # Neither the losers' parts nor the losers' pictures stay behind.
    assert len(objects(events)) == 3
    await tidy(parts_of(events))
    assert sorted(await events.rows("SELECT unnest(ARRAY[object, preview]) FROM files")) == [
        (key,) for key in objects(events)
    ]


async def test_what_was_changed_on_its_way_is_sent_again(events: Running, activity_id: str) -> None:
    content = jpeg()
    async with events.as_(staff("approver", DIVISION)) as phone:
        file = await announce(phone, activity_id, content)
        await part(phone, file["id"], 0, b"\0" * len(content))
        refused = await finished(phone, file["id"])
        asked = await phone.head(f"/files/{file['id']}/upload")
        left = objects(events)
        ready = await sent(phone, file["id"], content)
    assert (refused.status_code, refused.json()["type"]) == (422, "/api/v1/problems/hash-differs")
    assert asked.headers["upload-offset"] == "0"
    assert left == []
    assert ready["state"] == "ready"


@pytest.mark.parametrize(
    ("content", "slug"),
    [(b"<html><script>alert(1)</script>", "content-not-accepted"), (pdf(), "content-not-accepted"),
     (jpeg()[:3000], "picture-unreadable")],
)  # fmt: skip
async def test_what_is_no_picture_is_refused_by_its_content_every_time(
    events: Running, activity_id: str, content: bytes, slug: str
) -> None:
    async with events.as_(staff("approver", DIVISION)) as phone:
        file = await announce(phone, activity_id, content)
        await part(phone, file["id"], 0, content)
        answers = [await finished(phone, file["id"]) for _ in range(2)]
        state = (await phone.get(f"/files/{file['id']}/upload")).json()
        shown = await phone.get(f"/files/{file['id']}")
        more = await part(phone, file["id"], len(content), b"x")
    assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [
        (422, f"/api/v1/problems/{slug}")
    ] * 2
    assert (state["state"], state["refusal"], shown.status_code) == ("refused", slug, 404)
    assert (more.status_code, more.json()["type"]) == (409, "/api/v1/problems/wrong-state")


@pytest.mark.parametrize(
    ("over", "status", "slug"),
    [({"media_type": "video/mp4"}, 422, "content-not-accepted"),
     ({"size": 31 * 2**20}, 413, "upload-too-large"), ({"size": 0}, 422, "broken-rule"),
     ({"sha256": "xyz"}, 422, "broken-rule"), ({"name": "../x.jpg"}, 422, "broken-rule"),
     ({"name": "a\0.jpg"}, 422, "broken-rule"), ({"more": 1}, 422, "broken-rule")],
)  # fmt: skip
async def test_what_cannot_be_taken_is_refused_before_a_byte_is_sent(
    events: Running, activity_id: str, over: dict[str, Any], status: int, slug: str
) -> None:
    async with events.as_(staff("approver", DIVISION)) as phone:
        answer = await phone.post(
            f"/activities/{activity_id}/pictures", json=announced(jpeg(), **over)
        )
    assert (answer.status_code, answer.json()["type"]) == (status, f"/api/v1/problems/{slug}")


async def test_an_upload_is_its_owners_alone(events: Running, activity_id: str) -> None:
    content = jpeg()
    colleague = staff("approver", DIVISION)
    async with (
        events.as_(staff("approver", DIVISION)) as phone,
        events.as_(colleague) as other,
        events.as_() as nobody,
    ):
        file = await announce(phone, activity_id, content)
        path = f"/files/{file['id']}"
        answers = [
            await ask
            for each in (other, nobody)
            for ask in (
                each.head(f"{path}/upload"),
                each.get(f"{path}/upload"),
                part(each, file["id"], 0, content),
                finished(each, file["id"]),
                each.delete(f"{path}/upload"),
            )
        ]
        wrong = [
            await phone.get(f"/files/{name}/upload")
            for name in (file["id"].removeprefix("events-"), f"venues-{uuid4()}",
                         file["id"].upper(), "events-x", f"events-{uuid4()}")
        ]  # fmt: skip
        plain = await phone.patch(f"{path}/upload", content=content, headers={"Upload-Offset": "0"})
    assert [answer.status_code for answer in answers] == [404] * 10
    assert [answer.status_code for answer in wrong] == [404] * 5
    assert (plain.status_code, plain.json()["type"]) == (422, "/api/v1/problems/not-a-part")


async def test_a_part_larger_than_memory_should_hold_is_kept_in_parts(
    events: Running, activity_id: str
) -> None:
    content = os.urandom(9 * 2**20)
    async with events.as_(staff("approver", DIVISION)) as phone:
        file = await announce(phone, activity_id, content)

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(content), 2**20):
                yield content[start : start + 2**20]

        await part(phone, file["id"], 0, pieces())
    sizes = [row[0] for row in await events.rows("SELECT size FROM file_parts ORDER BY starts_at")]
    assert sizes == [4 * 2**20, 4 * 2**20, 2**20]


async def test_forgotten_uploads_go_with_their_bytes(events: Running, activity_id: str) -> None:
    content = jpeg()
    async with events.as_(staff("approver", DIVISION)) as phone:
        old, young = [await announce(phone, activity_id, content) for _ in range(2)]
        for file in (old, young):
            await part(phone, file["id"], 0, content[:500])
        async with events.kit.database.engine.begin() as connection:
            await connection.exec_driver_sql(
                "UPDATE files SET touched_at = touched_at - INTERVAL '8 days' WHERE id = $1",
                (old["id"].removeprefix("events-"),),
            )
        while await tidy(parts_of(events)):
            continue
        asked = [await phone.head(f"/files/{file['id']}/upload") for file in (old, young)]
    assert [answer.status_code for answer in asked] == [404, 200]
    assert len(objects(events)) == 1
    assert await events.scalar("SELECT count(*) FROM files") == 1


async def test_one_person_cannot_begin_without_end(
    events: Running, activity_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts_of(events).settings, "most_unfinished", 2)
    async with events.as_(staff("approver", DIVISION)) as phone:
        for _ in range(2):
            await announce(phone, activity_id, jpeg())
        third = await phone.post(f"/activities/{activity_id}/pictures", json=announced(jpeg()))
    assert (third.status_code, third.json()["type"]) == (429, "/api/v1/problems/too-many-uploads")


def stand_in_the_way(root: Path) -> None:
    """A file where the folder of the store should be."""
    root.parent.mkdir(exist_ok=True)
    root.write_text("no folder")


async def test_a_store_that_is_away_is_said_and_the_upload_goes_on_later(
    events: Running, activity_id: str
) -> None:
    content = jpeg()
    root: Path = events.kit.objects.root  # type: ignore[attr-defined]
    async with events.as_(staff("approver", DIVISION)) as phone:
        file = await announce(phone, activity_id, content)
        stand_in_the_way(root)
        away = await part(phone, file["id"], 0, content)
        os.unlink(root)
        ready = await sent(phone, file["id"], content)
    assert (away.status_code, away.json()["type"]) == (503, "/api/v1/problems/store-away")
    assert ready["state"] == "ready"


async def test_a_public_picture_is_cached_in_ranges_and_never_run(
    events: Running, activity_id: str
) -> None:
    async with (
        events.as_(staff("approver", DIVISION)) as phone,
        events.as_() as nobody,
    ):
        file = await pictured(phone, activity_id, jpeg(), name="青海湖.jpg")
        path = f"/files/{file['id']}"
        whole = await nobody.get(path)
        same = await nobody.get(path, headers={"If-None-Match": whole.headers["etag"]})
        some = await nobody.get(path, headers={"Range": "bytes=10-19"})
        resumed = await nobody.get(path, headers={"Range": "bytes=10-19", "If-Range": '"another"'})
        behind = await nobody.get(path, headers={"Range": "bytes=99999999-"})
        head = await nobody.head(path)
        small = await nobody.get(f"{path}/preview")
    assert whole.headers["cache-control"] == "public, max-age=600"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert whole.headers["content-type"] == "image/jpeg"
    assert whole.headers["content-disposition"].startswith('inline; filename="___.jpg"')
    assert (same.status_code, same.content) == (304, b"")
    assert (some.status_code, some.content) == (206, whole.content[10:20])
    assert some.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
    assert (resumed.status_code, resumed.content) == (200, whole.content)
    assert (behind.status_code, behind.headers["content-range"]) == (
        416, f"bytes */{len(whole.content)}")  # fmt: skip
    assert (head.content, head.headers["content-length"]) == (b"", str(len(whole.content)))
    assert small.headers["etag"] != whole.headers["etag"]
    assert len(small.content) < len(whole.content)


async def document(events: Running, caller: Caller, content: bytes, media_type: str) -> UUID:
    """A document of another purpose, declared as its resource would."""
    parts = parts_of(events)
    parts.purposes["evidence"] = EVIDENCE
    said = announced(content, media_type=media_type, name="材料.pdf")
    async with events.kit.database.transaction(caller) as db:
        file, _ = await declare(db, parts, caller, EVIDENCE, FileIn(**said))

    async def body() -> AsyncIterator[bytes]:
        yield content

    await uploading.receive(parts, caller, file.id, 0, body())
    return file.id


async def test_a_document_is_checked_kept_as_given_and_saved_not_shown(events: Running) -> None:
    caller, content = staff("officer", DIVISION), pdf()
    file_id = await document(events, caller, content, "application/pdf")
    async with events.as_(caller) as owner, events.as_(staff("officer", DIVISION)) as other:
        ready = await finished(owner, f"events-{file_id}")
        shown = await owner.get(f"/files/events-{file_id}")
        theirs = await other.get(f"/files/events-{file_id}")
    assert ready.json()["media_type"] == Kind.PDF
    assert shown.content == content
    assert shown.headers["content-disposition"].startswith("attachment;")
    assert shown.headers["cache-control"] == "private, no-store"
    # Not attached to anything yet: only its owner sees it.
    assert theirs.status_code == 404


@pytest.mark.parametrize(
    ("content", "slug"),
    [(pdf_bomb(600), "expands-too-much"), (xlsx({"xl/vbaProject.bin": b"x"}), "file-active")],
    ids=["bomb", "macro"],
)
async def test_a_trap_is_refused_by_name(events: Running, content: bytes, slug: str) -> None:
    caller = staff("officer", DIVISION)
    file_id = await document(events, caller, content, "application/pdf")
    async with events.as_(caller) as owner:
        refused = await finished(owner, f"events-{file_id}")
    assert (refused.status_code, refused.json()["type"]) == (422, f"/api/v1/problems/{slug}")


async def test_a_file_in_a_bucket_is_the_same(
    events: Running, activity_id: str, rclone: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = rclone.store()
    monkeypatch.setattr(events.kit, "objects", store)
    content = jpeg((900, 600), noise=40)
    async with events.as_(staff("approver", DIVISION)) as phone, events.as_() as nobody:
        file = await announce(phone, activity_id, content)
        await part(phone, file["id"], 0, content[:40_000])
        await part(phone, file["id"], 40_000, content[40_000:])
        assert (await finished(phone, file["id"])).status_code == 200
        whole = await nobody.get(f"/files/{file['id']}")
        some = await nobody.get(f"/files/{file['id']}", headers={"Range": "bytes=100-199"})
        assert await tidy(parts_of(events)) == 1
        left = await store.keys("events/files")
        await phone.delete(f"/activities/{activity_id}/pictures/{file['id']}")
        assert await tidy(parts_of(events)) == 1
    assert (some.status_code, some.content) == (206, whole.content[100:200])
    assert len(left) == 2
    assert await store.keys("events/files") == []


async def test_given_up_is_gone(events: Running, activity_id: str) -> None:
    async with events.as_(staff("approver", DIVISION)) as phone:
        file = await announce(phone, activity_id, jpeg())
        gone = await phone.delete(f"/files/{file['id']}/upload")
        asked = await phone.head(f"/files/{file['id']}/upload")
    assert (gone.status_code, asked.status_code) == (204, 404)
