"""Messages about visits: each fact of services/venues in words of its own."""

from datetime import UTC, datetime
from uuid import UUID

from gateway.messages.inbox import CONSUMER
from gateway.messages.rules import Template
from services.events.facts import HallLost
from services.kit.access import SERVICE
from services.kit.facts import Envelope, Fact
from services.kit.ids import uuid7
from services.venues import facts
from tests.gateway.conftest import RunningGateway

AT = datetime(2026, 9, 20, 2, 0, tzinfo=UTC)
LATER = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)


async def test_every_fact_about_a_visit_reads_in_its_own_words(gateway: RunningGateway) -> None:
    person = await gateway.citizen()
    who = UUID((await person.get("/api/v1/me")).json()["account"]["id"])
    about = {"recipient": who, "venue_id": uuid7(), "venue": "湟源县科技馆"}
    visit = about | {"starts_at": AT}
    penalty = about | {"until_at": LATER}
    told: list[Fact] = [
        facts.ReservationConfirmed(**visit, places=2),
        facts.ReservationApproved(**visit, places=40),
        facts.ReservationRefused(**visit),
        facts.ReservationWaitlisted(**visit),
        facts.VisitOffered(**visit, places=2, expires_at=AT),
        facts.ReservationLapsed(**visit),
        facts.ReservationCancelled(**visit, cause="cancelled_by_owner"),
        facts.ReservationCancelled(**visit, cause="venue_closed"),
        facts.ReservationMissed(**visit),
        facts.PenaltyImposed(**penalty),
        facts.PenaltyUpheld(**penalty),
        facts.PenaltyLifted(**penalty),
        facts.ReservationConfirmed(**visit | {"recipient": None}, places=1),
        # The host of an activity whose hall the venue took back.
        HallLost(recipient=who, occurrence_id=uuid7(), starts_at=AT, cause="venue_closed"),
    ]
    async with gateway.running.kit.database.transaction(SERVICE) as db:
        for number, fact in enumerate(told):
            reads = CONSUMER.handlers[fact.type]
            envelope = Envelope(
                id=uuid7(),
                source="venues",
                type=fact.type,
                subject=str(uuid7()),
                time=AT.replace(minute=number),
                division="630123",
                traceparent="",
                aggregateversion=1,
                data={},
            )
            assert reads.handle is not None
            body = reads.body.model_validate(fact.model_dump(mode="json"))
            await reads.handle(db, envelope, body)
    items = list(reversed((await person.get("/api/v1/messages")).json()["items"]))
    visits = [each.value for each in Template if each.value.startswith(("visit-", "penalty-"))]
    assert [item["template"] for item in items] == [*visits, "hall-lost"]
    assert [items[number]["detail"] for number in (4, 7, 9, -1)] == [
        "湟源县科技馆 2026-09-20 10:00 有 2 个名额为您保留，请在 2026-09-20 10:00 前确认；"
        "逾期将让给下一位。",
        "湟源县科技馆在 2026-09-20 10:00 不开放，您的预约已取消，原因请在预约中查看。"
        "给您带来不便，敬请谅解。",
        "因多次未到，您在 2026-10-20 10:00 前不能预约湟源县科技馆。如有异议，可提出申诉。",
        "该活动（2026-09-20 10:00）申请的活动厅未获确认，或已被场馆收回。请另选场地、改期或取消，"
        "已报名的人会收到通知。",
    ]
    assert all("{" not in item["detail"] + item["title"] for item in items)
