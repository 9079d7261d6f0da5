"""The page of an invitation: where its link leads, complete, from this server, in words for all."""

import re
from urllib.parse import urlsplit

from services.venues.experts.invitations.page_routes import FILES, FOLDER
from services.venues.experts.invitations.rules import SeatState
from tests.support.apps import Running
from tests.venues.experts.panels import BOSS, institution, panel, pool

WORDS = (FOLDER / "words.js").read_text()
SCRIPT = (FOLDER / "page.js").read_text()
HTML = (FOLDER / "page.html").read_text()
SHOWN = set(SeatState) - {SeatState.STANDING_BY, SeatState.INVITED}
"""What a link can lead to, besides an invitation that waits."""


async def test_a_link_leads_to_the_page_and_its_token_to_nobody(venues: Running) -> None:
    made = await panel(venues)
    await pool(venues, 30, await institution(venues, "青海大学"))
    assert (await made.freeze()).status_code == 201
    assert (await made.reveal()).status_code == 200
    first, *_ = await made.in_state("invited")
    path = f"/experts/invitations/{first['id']}/link"
    link = urlsplit((await made.do(BOSS, path, {"purpose": "发送邀请"}))["link"])
    assert (link.path, link.query, len(link.fragment)) == ("/api/v1/experts/invitation", "", 43)
    async with venues.as_() as client:
        page = await client.get(link.path.removeprefix("/api/v1"))
        assert (page.status_code, page.text) == (200, HTML)
        named = re.findall(r'(?:href|src)="invitation/assets/([^"]+)"', page.text)
        assert set(named) == set(FILES)
        for name, media_type in FILES.items():
            at = f"/experts/invitation/assets/{name}"
            file = await client.get(at)
            assert (file.headers["content-type"], file.text) == (
                media_type,
                (FOLDER / name).read_text(),
            )
            tag = {"If-None-Match": file.headers["etag"]}
            assert (await client.get(at, headers=tag)).status_code == 304
        missing = await client.get("/experts/invitation/assets/page.html")
        assert missing.status_code == 404
        paths = (await client.get("/openapi.json")).json()["paths"]
    assert [each for each in paths if each.startswith("/experts/invitation/")] == []
    assert page.headers["referrer-policy"] == "no-referrer"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src")
    assert "unsafe" not in policy


def test_nothing_on_the_page_is_inline_or_comes_from_elsewhere() -> None:
    assert re.findall(r"<style|\bstyle=|\bon\w+=|<script>", HTML) == []
    everything = "".join((FOLDER / name).read_text() for name in ("page.html", *FILES))
    assert re.findall(r"(?:https?:)?//[a-z][a-z0-9.-]+\.[a-z]+", everything) == []


def test_every_label_every_end_and_every_refusal_is_said_in_chinese_and_english() -> None:
    entries = re.findall(r'^  "?([\w-]+)"?: (\{.*?\}),$', WORDS, re.M | re.S)
    known = {key: re.findall(r'"?(zh-CN|bo|mn|en)"?: "', text) for key, text in entries}
    assert {key for key, tags in known.items() if not {"zh-CN", "en"} <= set(tags)} == set()
    ends = {f"{state}{part}" for state in SHOWN for part in ("", "_next")}
    needed = {
        *re.findall(r'data-say="(\w+)"', HTML),
        *re.findall(r'(?:say|warn|close)\("([\w-]+)"', SCRIPT),
        *re.findall(r'key: "([\w-]+)"', SCRIPT),
        *ends,
        *("gone", "gone_next", "sign-in-failed", "too-many-codes"),
        *("another-experts-account", "staff-account"),
    }
    assert needed - set(known) == set()
    # Nobody who is asked to answer, or to wait, reads it in a language they did not choose.
    for key in ("accept", "decline", "conflict", "accepted", "declined", "offline", "gone_next"):
        assert known[key] == ["zh-CN", "bo", "mn", "en"]
