"""Credit checks: never passed without a clear answer, a veto until it is repaired and asked anew."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.kit.access import SERVICE
from services.kit.holdings import Subject
from services.kit.workdays import day_of
from services.venues.credit import asking
from services.venues.credit.holding import APPEALS
from services.venues.credit.rules import Waiting
from services.venues.programmes.definition import StageKind
from services.venues.stages import WORK
from tests.support.apps import Running, citizen, staff, until
from tests.support.certification import USCC, application, programme
from tests.venues.credit.conftest import DECIDER, Credit

NOW = datetime(2026, 9, 1, 4, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)
DAY = timedelta(days=1)
OK, PAST = "91110000101623741K", "11330106000000001B"
OTHER = {"name": "青海某公司", "uscc": "91110000600037341L"}


async def _asked(credit: Credit, stage: str = "credit", **given: Any) -> UUID:
    one = await application(credit.running, await programme(credit.running), stage, **given)
    await credit.entered(one, NOW)
    return one


async def test_a_check_waits_without_a_list_and_passes_once_there_is_one(credit: Credit) -> None:
    one = await _asked(credit)
    assert await credit.unmet(one, NOW) == ["credit-queued"]
    assert await credit.turned(NOW) is True
    assert await credit.unmet(one, NOW) == ["credit-no-list"]
    await credit.lines(OTHER, confirmed_at=NOW)
    # Asked again after half a minute, and not before.
    assert await credit.turned(NOW + timedelta(seconds=29)) is False
    assert await credit.turned(SOON) is True
    assert await credit.unmet(one, SOON) == []
    assert await credit.unmet(one, SOON + timedelta(days=30)) == []
    assert await credit.unmet(one, SOON + timedelta(days=30, seconds=1)) == ["credit-too-old"]
    assert await credit.running.rows(
        "SELECT action, stage_key, reason FROM decisions ORDER BY id"
    ) == [("credit_clear", "credit", "失信红线名单（导入） 2026-09-01")]


TODAY = day_of(NOW)
ODD = "91350211M0000XUF46"
"""A code that was issued though its check digit is wrong."""


async def test_the_list_answers_by_code_and_by_name(credit: Credit) -> None:
    cases: list[tuple[dict[str, Any], str, str | None, list[str]]] = [
        ({"name": "别的名称", "uscc": "913502110000000011"}, "一馆", None, ["credit-no-code"]),
        ({"name": "别的名称", "uscc": USCC}, "二馆", USCC, ["credit-red-line"]),
        # A line without a code is found by name, whatever the width of its signs.
        ({"name": "三馆(西宁)"}, "三馆（西宁）", OTHER["uscc"], ["credit-red-line"]),
        ({"name": "四馆", "uscc": USCC}, "四馆", OTHER["uscc"], ["credit-same-name"]),
        ({"name": "五馆", "uscc": OK, "until_on": TODAY}, "五馆", OK, ["credit-red-line"]),
        ({"name": "六馆", "uscc": PAST, "until_on": TODAY - DAY}, "六馆", PAST, []),
        ({"name": "七馆"}, "八馆", ODD, ["credit-no-code"]),
        ({"name": "九馆", "standing": "clear", "grounds": None}, "九馆", ODD, []),
    ]
    await credit.lines(*(line for line, *_ in cases), confirmed_at=NOW)
    rule = await programme(credit.running)
    found = []
    for _, host, uscc, _ in cases:
        one = await application(credit.running, rule, "credit", host=host, uscc=uscc)
        await credit.entered(one, NOW)
        await credit.turned(NOW)
        found.append(await credit.unmet(one, NOW))
    assert found == [unmet for *_, unmet in cases]


async def test_an_old_list_condemns_and_does_not_acquit(credit: Credit) -> None:
    await credit.lines(
        {"name": "红", "uscc": OTHER["uscc"]}, confirmed_at=NOW - timedelta(days=181)
    )
    clear = await _asked(credit)
    red = await _asked(credit, uscc=OTHER["uscc"])
    assert [await credit.turned(NOW), await credit.turned(NOW)] == [True, True]
    assert await credit.unmet(clear, NOW) == ["credit-old-list"]
    assert await credit.unmet(red, NOW) == ["credit-red-line"]


async def test_a_red_line_is_a_veto_until_it_is_repaired_and_asked_anew(credit: Credit) -> None:
    await credit.lines({"name": "红", "uscc": USCC}, OTHER, confirmed_at=NOW)
    one = await _asked(credit)
    await credit.turned(NOW)
    assert await credit.unmet(one, NOW) == ["credit-red-line"]
    async with credit.running.as_(DECIDER) as decider:
        # Off the list, and asked again: a clear answer alone lifts no veto.
        (line,) = (await decider.get(f"/applications/red-lines?uscc={USCC}")).json()["items"]
        lifted = {"lifted_on": f"{day_of(datetime.now(UTC))}", "document": "青信修〔2026〕1号"}
        tag = {"If-Match": f'"v{line["version"]}"'}
        at = f"/applications/red-lines/{line['id']}/lift"
        assert (await decider.post(at, json=lifted, headers=tag)).status_code == 200
        assert (await decider.post(at, json=lifted, headers=tag)).status_code == 412
        asked = await decider.post(f"/applications/{one}/credit/ask")
        assert (asked.status_code, asked.json()["allowed_actions"]) == (
            200,
            ["ask", "repair", "appeal"],
        )
        now = datetime.now(UTC)
        await credit.turned(now)
        assert await credit.unmet(one, now) == ["credit-unrepaired"]
        repaired = await decider.post(
            f"/applications/{one}/credit/repairs",
            json={"grounds": "已足额支付工资", "document": "青信修〔2026〕1号"},
        )
        assert repaired.status_code == 201
        assert await credit.unmet(one, now) == ["credit-queued"]
        again = await decider.post(
            f"/applications/{one}/credit/repairs",
            json={"grounds": "已足额支付工资", "document": "青信修〔2026〕1号"},
        )
        assert (again.status_code, again.json()["type"].rpartition("/")[2]) == (409, "no-red-line")
        now = datetime.now(UTC)
        await credit.turned(now)
        assert await credit.unmet(one, now) == []
        record = (await decider.get(f"/applications/{one}/credit")).json()
    assert [answer["result"] for answer in record["answers"]] == ["clear", "clear", "red_line"]
    assert await credit.running.rows("SELECT action FROM decisions ORDER BY decided_at") == [
        ("credit_red_line",),
        ("credit_ask",),
        ("credit_clear",),
        ("credit_repair",),
        ("credit_clear",),
    ]


async def test_an_upheld_appeal_opens_the_way_to_a_new_answer_and_a_rejected_one_does_not(
    credit: Credit,
) -> None:
    await credit.lines({"name": "红", "uscc": USCC}, OTHER, confirmed_at=NOW)
    one = await _asked(credit)
    await credit.turned(NOW)
    grounds = {"grounds": "同名不同单位，列错了"}
    reason = {"reason": "经核实，情况属实"}
    at = f"/applications/{one}/credit/appeals"
    async with credit.running.as_(DECIDER) as decider:
        first = await decider.post(at, json=grounds)
        assert first.status_code == 201
        twice = await decider.post(at, json=grounds)
        assert (twice.status_code, twice.json()["type"].rpartition("/")[2]) == (
            409,
            "appeal-lodged",
        )
        remedy = first.json()["remedies"][0]["id"]
        assert (await decider.post(f"{at}/{remedy}/reject", json=reason)).status_code == 200
        assert (await decider.post(f"{at}/{remedy}/uphold", json=reason)).status_code == 409
        assert await credit.unmet(one, NOW) == ["credit-red-line"]
        remedy = (await decider.post(at, json=grounds)).json()["remedies"][0]["id"]
        assert (await decider.post(f"{at}/{remedy}/uphold", json=reason)).status_code == 200
    # Whoever lodged it leaves: the appeal stays, without them.
    assert DECIDER.subject is not None
    subject = Subject(DECIDER.subject, None, uuid4(), NOW)
    async with credit.running.kit.database.transaction(SERVICE) as db:
        vault = credit.running.kit.vault
        assert len(await APPEALS.copy(db, vault, subject)) == await APPEALS.erase(
            db, vault, subject
        )
        assert await APPEALS.copy(db, vault, subject) == []
    await credit.running.scalar(
        "UPDATE red_lines SET lifted_on = '2026-08-01', lift_document = '更正' RETURNING 1"
    )
    now = datetime.now(UTC)
    await credit.turned(now)
    assert await credit.unmet(one, now) == []


async def test_an_answer_that_was_changed_or_is_about_another_host_lets_nothing_pass(
    credit: Credit,
) -> None:
    await credit.lines(OTHER, confirmed_at=NOW)
    one = await _asked(credit)
    await credit.turned(NOW)
    running = credit.running
    await running.scalar(
        "UPDATE applications SET host_uscc = :code RETURNING 1", code=OTHER["uscc"]
    )
    assert await credit.unmet(one, NOW) == ["credit-other-host"]
    await running.scalar("UPDATE applications SET host_uscc = :code RETURNING 1", code=USCC)
    with pytest.raises(Exception, match="an answer is never changed"):
        await running.scalar("UPDATE credit_answers SET result = 'clear' RETURNING 1")
    # Copied from one application to another.
    two = await _asked(credit)
    copy = """WITH gone AS (UPDATE credit_checks SET state = 'dropped', closed_at = now()
            WHERE application_id = :two)
        INSERT INTO credit_answers SELECT gen_random_uuid(), check_id, :two, result, answered_at,
            document, signature, key_id FROM credit_answers RETURNING 1"""
    await running.scalar(copy, two=two)
    assert await credit.unmet(two, NOW) == ["credit-other-host"]


async def test_it_is_asked_before_the_experts_and_again_before_the_naming(credit: Credit) -> None:
    running = credit.running
    rule = await programme(running)
    one = await application(running, rule, "eligibility")
    for stage in ("eligibility", "review", "credit", "notice", "naming"):
        wanted = stage in ("eligibility", "credit", "naming")
        assert await credit.unmet(one, NOW, stage) == (["credit-not-asked"] if wanted else [])
    async with running.kit.database.transaction(SERVICE) as db:
        standing = await credit.standing(db, one, NOW, "eligibility")
        unmet = await WORK[StageKind.ELIGIBILITY].gate(db, standing)
    assert "credit-not-asked" in [each.slug for each in unmet]
    await credit.entered(one, NOW, "notice")
    assert await running.scalar("SELECT count(*) FROM credit_checks") == 0
    await credit.entered(one, NOW, "eligibility")
    await credit.entered(one, NOW, "naming")
    assert await running.rows("SELECT stage_key, state FROM credit_checks") == [
        ("naming", "waiting")
    ]
    without = await programme(running, credit=None, safeguards=["notice"])
    free = await application(running, without, "eligibility")
    assert await credit.unmet(free, NOW, "naming") == []


async def test_the_applicant_reads_the_record_and_others_do_not(credit: Credit) -> None:
    applicant = citizen()
    one = await _asked(credit, applicant=applicant.subject)
    found = {}
    for name, caller in {
        "applicant": applicant,
        "stranger": citizen(),
        "county": staff("officer", "630123"),
        "next county": staff("officer", "630121"),
    }.items():
        async with credit.running.as_(caller) as somebody:
            read = await somebody.get(f"/applications/{one}/credit")
            asked = await somebody.post(f"/applications/{one}/credit/ask")
            found[name] = (read.status_code, asked.status_code)
    assert found == {
        "applicant": (200, 403),
        "stranger": (404, 404),
        "county": (200, 403),
        "next county": (404, 404),
    }


async def test_an_application_that_went_away_is_not_answered(credit: Credit) -> None:
    await credit.lines(OTHER, confirmed_at=NOW)
    await _asked(credit)
    await credit.running.scalar("UPDATE applications SET state = 'withdrawn' RETURNING 1")
    await credit.turned(NOW)
    assert await credit.running.rows("SELECT state FROM credit_checks") == [("dropped",)]
    assert await credit.running.scalar("SELECT count(*) FROM credit_answers") == 0


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own loop looks once, and then waits to be told."""
    monkeypatch.setattr(asking, "IDLE_S", 3600)


async def test_the_service_itself_asks_as_soon_as_the_question_is_committed(
    patient: None, venues: Running
) -> None:
    one = await application(venues, await programme(venues), "credit")
    async with venues.as_(DECIDER) as decider:
        await decider.post(f"/applications/{one}/credit/ask")

        async def told() -> bool:
            record = (await decider.get(f"/applications/{one}/credit")).json()
            return bool(record["checks"][0]["reason"] == "no_list")

        await until(told)


def test_every_reason_to_wait_has_its_words() -> None:
    words = Path("services/venues/credit/words.toml").read_text("utf-8")
    slugs = [f"credit-{reason.replace('_', '-')}" for reason in Waiting]
    assert [slug for slug in slugs if f"[{slug}.title]" not in words] == []
