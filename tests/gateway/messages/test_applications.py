"""Messages to applicants: each fact about an application in words of its own."""

from datetime import UTC, date, datetime
from uuid import UUID

import httpx

from gateway.messages.inbox import CONSUMER
from services.kit.access import SERVICE
from services.kit.facts import Envelope, Fact
from services.kit.ids import uuid7
from services.venues import facts
from tests.gateway.conftest import RunningGateway


async def test_an_applicant_hears_of_each_turn_of_the_application(gateway: RunningGateway) -> None:
    person = await gateway.citizen()
    who = UUID((await person.get("/api/v1/me")).json()["account"]["id"])
    about = {"recipient": who, "programme_id": uuid7(), "number": "POST-2026-0007"}
    told: list[Fact] = [
        facts.ApplicationSubmitted(**about, stage="papers"),
        facts.ApplicationReturned(**about, stage="papers", due_on=date(2026, 10, 12)),
        facts.ApplicationReturned(**about, stage="papers", due_on=None),
        *(
            facts.ApplicationDecided(**about, outcome=outcome)
            for outcome in ("named", "not_named", "withdrawn")
        ),
    ]
    await hear(gateway, told)
    assert await heard(person) == [
        "申报 POST-2026-0007 已提交，办理进度可随时查看。",
        "申报 POST-2026-0007 需要补正，请查看退回原因，并在 2026-10-12 前重新提交。",
        "申报 POST-2026-0007 需要补正，请查看退回原因并重新提交；补正期限待工作日历公布后确定。",
        "申报 POST-2026-0007 已获命名，证书可在荣誉中查看。",
        "申报 POST-2026-0007 未获命名，理由请在申报中查看。",
        "申报 POST-2026-0007 已撤回。",
    ]


async def test_objectors_experts_and_those_with_a_red_line_hear_what_is_theirs(
    gateway: RunningGateway,
) -> None:
    person = await gateway.citizen()
    who = UUID((await person.get("/api/v1/me")).json()["account"]["id"])
    states = ("accepted", "refused", "upheld", "rejected", "withdrawn")
    told: list[Fact] = [
        facts.CreditAnswered(recipient=who, result="clear"),
        facts.CreditAnswered(recipient=who, result="red_line"),
        facts.ExpertInvited(recipient=who, application_id=uuid7()),
        *(facts.ObjectionAnswered(recipient=who, notice_id=uuid7(), state=each) for each in states),
        facts.ObjectionAnswered(recipient=None, notice_id=uuid7(), state="upheld"),
    ]
    await hear(gateway, told)
    assert await heard(person) == [
        "依托单位存在失信红线，申报暂不能继续；可补充信用修复材料或提出申诉，详见申报的信用核查。",
        "您被抽取为评审专家，请在期限内接受、婉拒或申报回避。",
        "您提出的异议已受理，核查期间公示暂停计时。",
        "您提出的异议不予受理，理由请在异议中查看。",
        "经核查，您提出的异议成立，处理结果请在异议中查看。",
        "经核查，您提出的异议不成立，理由请在异议中查看。",
    ]


async def heard(person: httpx.AsyncClient) -> list[str]:
    """The details of a person's messages, oldest first."""
    items = (await person.get("/api/v1/messages")).json()["items"]
    return [item["detail"] for item in reversed(items)]


async def hear(gateway: RunningGateway, told: list[Fact]) -> None:
    """Let the gateway take facts of services/venues."""
    async with gateway.running.kit.database.transaction(SERVICE) as db:
        for number, fact in enumerate(told):
            reads = CONSUMER.handlers[fact.type]
            envelope = Envelope(
                id=uuid7(),
                source="venues",
                type=fact.type,
                subject=str(uuid7()),
                time=datetime(2026, 9, 30, 2, number, tzinfo=UTC),
                division="630123",
                traceparent="",
                aggregateversion=1,
                data={},
            )
            assert reads.handle is not None
            body = reads.body.model_validate(fact.model_dump(mode="json"))
            await reads.handle(db, envelope, body)
