"""An informant in a village drafts without a network, and sends it over a line that drops."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from PIL import Image

from tests.engines import free_port
from tests.kit.files.makers import jpeg, png
from tests.support.lines import Fault, Line, line_to
from tests.support.province import Province

VILLAGE, COUNTY = "630123101200", "630123"
TITLE_BO = "རི་དྭགས་སྲུང་སྐྱོབ།"
PART = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}
BROKEN = (aiohttp.ClientError, ConnectionError, asyncio.IncompleteReadError)


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


class Phone:
    """The informant's: every request is a connection of its own, over the line."""

    def __init__(self, line: Line, token: str) -> None:
        self.line = line
        self.token = token
        self.api = f"http://127.0.0.1:{line.port}/api/v1"

    async def ask(
        self, method: str, path: str, *, data: bytes | None = None, json: Any = None, **more: str
    ) -> tuple[int, Any, dict[str, str]]:
        """One request; raises one of BROKEN when the line breaks."""
        headers = {"Authorization": f"Bearer {self.token}", "Connection": "close", **more}
        body = self._pieces(data) if data is not None else None
        async with (
            aiohttp.ClientSession() as http,
            http.request(
                method, f"{self.api}{path}", data=body, json=json, headers=headers
            ) as answer,
        ):
            text = await answer.read()
            kind = answer.headers.get("Content-Type", "")
            found = await answer.json(content_type=None) if "json" in kind else text
            return answer.status, found, {k.lower(): v for k, v in answer.headers.items()}

    @staticmethod
    async def _pieces(data: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(data), 8192):
            yield data[start : start + 8192]
            await asyncio.sleep(0)

    async def fails(self, fault: Fault, after: int, method: str, path: str, **more: Any) -> None:
        """A request whose line breaks."""
        self.line.next_fails(fault, after)
        with pytest.raises(BROKEN):
            await self.ask(method, path, **more)

    async def offset(self, file_id: str) -> int:
        """Where to go on."""
        status, _, headers = await self.ask("HEAD", f"/files/{file_id}/upload")
        assert status == 200
        return int(headers["upload-offset"])

    async def send(self, file_id: str, content: bytes) -> None:
        """From wherever it stands to the end."""
        at = await self.offset(file_id)
        status, body, _ = await self.ask(
            "PATCH",
            f"/files/{file_id}/upload",
            data=content[at:],
            **PART,
            **{"Upload-Offset": str(at), "Content-Length": str(len(content) - at)},
        )
        assert status == 204, body


def announced(content: bytes, name: str, media_type: str, alt: dict[str, str]) -> dict[str, Any]:
    return {
        "client_id": str(uuid4()),
        "name": name,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "media_type": media_type,
        "alt": alt,
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
