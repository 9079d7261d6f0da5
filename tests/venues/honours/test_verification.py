"""What anybody may verify: as JSON with a stamp, and as a page in three languages."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import quote
from uuid import UUID, uuid4

import jwt

from services.kit.access import Role
from services.venues.honours.verification import as_of
from tests.support.apps import Running, staff
from tests.support.honours import named, source

APPROVER = staff(Role.APPROVER, "63")
REASON = {"reason": "弄虚作假骗取命名，经查实"}
NUMBER = "青科普〔2026〕001号"


class Tags(HTMLParser):
    """The tags of a page, its text, and what it would fetch or run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_the_answer_is_signed_public_and_the_same_within_its_minute(
    venues: Running, version: UUID
) -> None:
    honour = await named(venues, version)
    async with venues.as_() as anybody:
        by_id = await anybody.get(f"/certificates/{honour}")
        typed = [
            (await anybody.get(f"/certificates/{quote(text)}")).json()["honour_id"]
            for text in (NUMBER, "青科普[2026]001号", "青科普 （2026） 001号")
        ]
        keys = (await anybody.get("/honours/issuer")).json()
        unknown = [
            (await anybody.get(f"/certificates/{text}")).status_code
            for text in (uuid4(), "9999", "a/b/c")
        ]
        tag = {"If-None-Match": by_id.headers["ETag"]}
        again = await anybody.get(f"/certificates/{honour}", headers=tag)
    told = by_id.json()
    assert (told["standing"], told["state"], told["number"]) == ("valid", "valid", NUMBER)
    assert typed == [str(honour)] * 3
    assert unknown == [404, 404, 404]
    assert by_id.headers["Cache-Control"] == "public, max-age=30"
    # Another minute may have begun in between.
    assert again.status_code == 304 or again.json()["as_of"] > told["as_of"]
    kid = jwt.get_unverified_header(told["stamp"])["kid"].partition("#")[2]
    (key,) = [jwt.PyJWK(each) for each in keys["keys"] if each["kid"] == kid]
    stamp = jwt.decode(told["stamp"], key, algorithms=["EdDSA"], issuer=keys["id"])
    assert (stamp["sub"], stamp["exp"] - stamp["iat"]) == (f"urn:uuid:{honour}", 86_400)
    assert (stamp["honour"]["standing"], stamp["honour"]["number"]) == ("valid", NUMBER)


def test_a_stamp_never_speaks_of_a_moment_before_the_state_began() -> None:
    now = datetime(2026, 11, 22, 10, 0, 40, tzinfo=UTC)
    assert as_of(now, now - timedelta(days=1)) == datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    assert as_of(now, now - timedelta(seconds=10)) == now - timedelta(seconds=10)


async def test_the_page_follows_each_step_in_three_languages_without_a_script(
    venues: Running, version: UUID
) -> None:
    honour = await named(venues, version)
    at = f"/certificates/verify/{honour}"
    async with venues.as_() as anybody, venues.as_(APPROVER) as approver:
        first = await anybody.get(at)
        english = await anybody.get(at, headers={"Accept-Language": "en"})
        tibetan = await anybody.get(f"{at}?lang=bo")
        mongolian = await anybody.get(at, headers={"Accept-Language": "mn"})
        await approver.post(f"/honours/{honour}/rectify", json={"reason": "补足讲解员"})
        rectifying = Tags((await anybody.get(at)).text).text
        await approver.post(f"/honours/{honour}/suspend", json={"reason": "停业装修未报告"})
        suspended = Tags((await anybody.get(at)).text).text
        await approver.post(f"/honours/{honour}/revoke", json=REASON)
        revoked = await anybody.get(at)
        asked = await anybody.get("/certificates/verify", params={"number": NUMBER, "lang": "en"})
        empty = await anybody.get("/certificates/verify")
    assert [each.headers["Content-Language"] for each in (first, english, tibetan, mongolian)] == [
        "zh-CN",
        "en",
        "bo",
        "zh-CN",
    ]
    assert "有效该荣誉目前有效。" in Tags(first.text).text.replace("\n", "")
    assert "The honour stands today." in english.text
    assert "གོ་ཆོད་པ།" in tibetan.text
    assert "补足讲解员" in rectifying
    assert "停业装修未报告" in suspended
    text = Tags(revoked.text).text
    steps = text.split("公开记录")[1].split("证书版次")[0].split("2026-")
    assert [line.partition(" ")[2] for line in steps[1:]] == [
        "命名",
        "责令整改：补足讲解员",
        "暂停：停业装修未报告",
        f"撤销（摘牌）：{REASON['reason']}",
    ]
    assert "Revoked" in asked.text
    assert "/document" not in revoked.text
    assert empty.status_code == 200
    assert sorted(set(Tags(first.text).tags) & {"script", "img", "iframe", "link"}) == []
    policy = first.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


async def test_an_unknown_number_is_a_404_that_warns_and_escapes_what_was_typed(
    venues: Running,
) -> None:
    typed = "<script>alert(1)</script>"
    async with venues.as_() as anybody:
        page = await anybody.get("/certificates/verify", params={"number": typed})
        path = await anybody.get(f"/certificates/verify/{quote(typed)}")
    for each in (page, path):
        assert (each.status_code, each.headers["Cache-Control"]) == (404, "no-store")
        assert "script" not in Tags(each.text).tags
        assert f"平台上没有编号为“{typed}”的荣誉" in Tags(each.text).text
        assert "可能是伪造" in each.text


async def test_an_honour_from_elsewhere_is_shown_with_its_source_and_no_certificate(
    venues: Running, version: UUID
) -> None:
    honour = await named(venues, version)
    at = await venues.scalar("SELECT venue_id FROM honours WHERE id = :id", id=honour)
    given = source(venue_id=str(at), title="<b>全国</b>科普教育基地")
    async with venues.as_(APPROVER) as approver:
        made = (await approver.post("/honours", json=given)).json()["id"]
        told = (await approver.get(f"/certificates/{made}")).json()
        document = await approver.get(f"/certificates/{made}/document")
        page = (await approver.get(f"/certificates/verify/{made}")).text
    assert (told["editions"], told["document"], told["source"]) == ([], None, given["source"])
    assert document.status_code == 409
    assert "<b>全国</b>科普教育基地" in Tags(page).text
    assert "b" not in Tags(page).tags
    assert "平台不出具其证书" in page


async def test_a_term_that_is_over_is_said_before_the_clock_comes_by(
    venues: Running, version: UUID
) -> None:
    honour = await named(venues, version)
    await venues.scalar("UPDATE honours SET valid_until = '2026-10-31' RETURNING 1")
    async with venues.as_() as anybody:
        told = (await anybody.get(f"/certificates/{honour}")).json()
        document = await anybody.get(f"/certificates/{honour}/document")
        page = (await anybody.get(f"/certificates/verify/{honour}")).text
    assert (told["standing"], told["document"], document.status_code) == ("expired", None, 409)
    assert "有效期至 2026-10-31，已届满。" in page
