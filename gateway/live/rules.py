"""Who may see which fact on the live stream: a table, and nothing outside it is shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.kit.access import Caller, P
from services.kit.divisions import covers
from services.kit.facts import Envelope


@dataclass(frozen=True, slots=True)
class Audience:
    """Who sees a type of fact; `everywhere` is not held to the division that a client watches."""

    name: str
    sees: Callable[[Caller, Envelope], bool]
    everywhere: bool = False


def _holders(permission: P) -> Audience:
    """Staff who hold `permission` at the fact's division: their work list."""
    return Audience(permission.value, lambda caller, fact: caller.may(permission, at=fact.division))


def _is_recipient(caller: Caller, fact: Envelope) -> bool:
    given = fact.data.get("recipient")
    return given is not None and caller.is_(UUID(given))


EVERYBODY = Audience("everybody", lambda caller, fact: True)
RECIPIENT = Audience("recipient", _is_recipient, everywhere=True)

VISIBLE: Mapping[str, Audience] = {
    "events.activity_published.v1": EVERYBODY,
    "events.activity_rescheduled.v1": EVERYBODY,
    "events.activity_cancelled.v1": EVERYBODY,
    "events.activity_completed.v1": EVERYBODY,
    "venues.venue_published.v1": EVERYBODY,
    "venues.venue_closed.v1": EVERYBODY,
    "venues.venue_changed.v1": EVERYBODY,
    "venues.programme_published.v1": EVERYBODY,
    "venues.programme_withdrawn.v1": EVERYBODY,
    "venues.notice_opened.v1": EVERYBODY,
    "venues.notice_changed.v1": EVERYBODY,
    "venues.notice_finished.v1": EVERYBODY,
    "venues.notice_withdrawn.v1": EVERYBODY,
    "venues.panel_frozen.v1": EVERYBODY,
    "venues.panel_drawn.v1": EVERYBODY,
    "venues.panel_voided.v1": EVERYBODY,
    "venues.panel_disclosed.v1": EVERYBODY,
    "venues.honour_granted.v1": EVERYBODY,
    "venues.honour_confirmed.v1": EVERYBODY,
    "venues.honour_rectifying.v1": EVERYBODY,
    "venues.honour_suspended.v1": EVERYBODY,
    "venues.honour_reinstated.v1": EVERYBODY,
    "venues.honour_revoked.v1": EVERYBODY,
    "venues.honour_expired.v1": EVERYBODY,
    "venues.honour_followed.v1": EVERYBODY,
    "venues.honour_host_changed.v1": EVERYBODY,
    "events.draw_opened.v1": EVERYBODY,
    "events.draw_frozen.v1": EVERYBODY,
    "events.draw_drawn.v1": EVERYBODY,
    "events.draw_voided.v1": EVERYBODY,
    "events.device_enrolled.v1": _holders(P.REGISTRATION_CHECK_IN),
    "events.device_revoked.v1": _holders(P.REGISTRATION_CHECK_IN),
    "events.activity_submitted.v1": _holders(P.ACTIVITY_APPROVE),
    "events.activity_returned.v1": RECIPIENT,
    "events.activity_approved.v1": RECIPIENT,
    "events.hall_lost.v1": RECIPIENT,
    "events.place_offered.v1": RECIPIENT,
    "events.offer_lapsed.v1": RECIPIENT,
    "events.registration_confirmed.v1": RECIPIENT,
    "events.registration_entered.v1": RECIPIENT,
    "events.registration_waitlisted.v1": RECIPIENT,
    "events.registration_cancelled.v1": RECIPIENT,
    "events.registration_rescheduled.v1": RECIPIENT,
    "venues.inspection_recorded.v1": _holders(P.INSPECTION_CONDUCT),
    "venues.rectification_fulfilled.v1": _holders(P.INSPECTION_CONDUCT),
    "venues.rectification_failed.v1": _holders(P.INSPECTION_CONDUCT),
    "venues.removal_proposed.v1": _holders(P.APPLICATION_DECIDE),
    "venues.application_submitted.v1": RECIPIENT,
    "venues.application_returned.v1": RECIPIENT,
    "venues.application_decided.v1": RECIPIENT,
    "venues.credit_answered.v1": RECIPIENT,
    "venues.objection_answered.v1": RECIPIENT,
    "venues.expert_invited.v1": RECIPIENT,
    "venues.reservation_confirmed.v1": RECIPIENT,
    "venues.reservation_requested.v1": RECIPIENT,
    "venues.reservation_approved.v1": RECIPIENT,
    "venues.reservation_refused.v1": RECIPIENT,
    "venues.reservation_waitlisted.v1": RECIPIENT,
    "venues.reservation_lapsed.v1": RECIPIENT,
    "venues.reservation_cancelled.v1": RECIPIENT,
    "venues.visit_offered.v1": RECIPIENT,
}


def may_see(caller: Caller, fact: Envelope, division: str) -> bool:
    """May this caller, who watches `division`, be shown this fact? No, unless a row says so."""
    audience = VISIBLE.get(fact.type)
    if audience is None or not audience.sees(caller, fact):
        return False
    return audience.everywhere or any(covers(division, code) for code in _divisions(fact))


def _divisions(fact: Envelope) -> list[str]:
    """Where it happens: its division, and those of its co-hosts."""
    return [fact.division, *fact.data.get("hosts", ())]


def shown(fact: Envelope) -> dict[str, Any]:
    """What is sent of a fact: never whom it names."""
    return {
        "type": fact.type,
        "subject": fact.subject,
        "division": fact.division,
        "time": fact.time.isoformat(),
        "data": {name: value for name, value in fact.data.items() if name != "recipient"},
    }
