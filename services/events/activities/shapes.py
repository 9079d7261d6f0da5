"""From rows to what goes over the wire: in the caller's language, with what they may do next."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from fastapi import Response

from services.events.activities.models import Activity, Occurrence
from services.events.activities.pictures_rules import waiting
from services.events.activities.pictures_schemas import pictures_out
from services.events.activities.queries import Around, Hosting, Placed
from services.events.activities.rules import (
    EDITABLE,
    LIFECYCLE,
    OCCURRENCE_LIFECYCLE,
    RUNNING,
    UNTIL_OVER,
    HostRole,
    Standing,
    change_needs,
    live,
    needs_until_over,
)
from services.events.activities.schemas import (
    ActivityIn,
    ActivityLine,
    ActivityOut,
    ActivityPatch,
    HostOut,
    OccurrenceOut,
    OccurrenceWithActivity,
    Text,
)
from services.events.activities.umbrella_rules import MEMBERSHIP, Membership
from services.events.settings import ActivitySettings
from services.kit.access import Caller, P
from services.kit.context import current
from services.kit.languages import DEFAULT, content_language
from services.kit.versions import tag

TEXTS = ("title", "summary", "translations")
"""What may still be edited once it is public, beside PLAN."""
PLAN = "safety_plan"
"""What may be added or replaced until it is over."""


@cache
def settings() -> ActivitySettings:
    """The settings of activities, read once."""
    return ActivitySettings()


def now() -> datetime:
    """The present moment, for rules that are told it."""
    return datetime.now(UTC)


def spoken() -> str:
    """The language of the request in hand."""
    work = current()
    return work.language if work else DEFAULT


def standing(row: Activity, around: Around) -> Standing:
    """An activity as the guards of its lifecycle look at it."""
    return Standing(
        title=row.title,
        occurrences=around.times,
        headcount=max(row.expected_headcount or 0, around.most_places),
        safety_plan=row.safety_plan,
        threshold=settings().safety_plan_headcount,
        now=now(),
        is_umbrella=row.is_umbrella,
        waiting_pictures=waiting(row.pictures),
    )


def text_in(row: Activity, part: str, language: str) -> tuple[str, str]:
    """A text of an activity in `language` when it has it, and the language it came out in."""
    found = row.translations.get(language, {}).get(part)
    return (found, language) if found else (getattr(row, part), DEFAULT)


def _actions(caller: Caller, row: Activity, around: Around) -> list[str]:
    return LIFECYCLE.allowed(
        row.state,
        lambda need: caller.may(P(need), at=row.division_code),
        standing=standing(row, around),
    )


def _occurrence_actions(caller: Caller, row: Activity, one: Occurrence) -> list[str]:
    if row.state not in EDITABLE | RUNNING:
        return []
    needed = change_needs("", row.state)
    may = caller.may(needed, at=row.division_code)
    return OCCURRENCE_LIFECYCLE.allowed(one.state, lambda need: may and need == needed)


def _umbrella_actions(caller: Caller, row: Activity) -> list[str]:
    if row.is_umbrella or row.state not in EDITABLE | RUNNING:
        return []
    needed = change_needs("", row.state)
    may = caller.may(needed, at=row.division_code)
    return MEMBERSHIP.allowed(membership(row), lambda need: may and need == needed)


def membership(row: Activity) -> Membership:
    """Whether it stands under an umbrella."""
    return Membership.UNDER if row.umbrella_id else Membership.ALONE


def _editable(caller: Caller, row: Activity) -> list[str]:
    if row.state not in UNTIL_OVER:
        return []
    if not caller.may(needs_until_over("", row.state), at=row.division_code):
        return []
    if row.state in EDITABLE:
        return list(ActivityPatch.model_fields)
    return [*(TEXTS if row.state in RUNNING else ()), PLAN]


def occurrence_out(caller: Caller, row: Activity, placed: Placed) -> OccurrenceOut:
    """An occurrence within its activity."""
    return OccurrenceOut(
        **placed.row.model_dump(exclude={"recorded_code", "verified"}),
        division_name=placed.division_name,
        venue_name=placed.venue_name,
        hall_name=placed.hall_name,
        capacity=placed.capacity,
        places_left=placed.places_left if placed.row in live([placed.row]) else None,
        allowed_actions=_occurrence_actions(caller, row, placed.row),
    )


def occurrence_alone(
    caller: Caller, row: Activity, around: Around, one: Occurrence, response: Response
) -> OccurrenceWithActivity:
    """An occurrence on its own, with its version in the ETag."""
    placed = next(placed for placed in around.occurrences if placed.row.id == one.id)
    title, language = text_in(row, "title", spoken())
    response.headers["Content-Language"] = language
    tag(response, one.version)
    return OccurrenceWithActivity(
        **occurrence_out(caller, row, placed).model_dump(),
        title=title,
        title_language=language,
        form=row.form,
        activity_state=row.state,
    )


def _line(caller: Caller, row: Activity, around: Around) -> dict[str, Any]:
    title, language = text_in(row, "title", spoken())
    times = live(around.times)
    return {
        **row.model_dump(include=set(ActivityLine.model_fields) - {"title"}),
        "division_name": around.hosts[0].division_name,
        "title": title,
        "title_language": language,
        "hosts": around.counted_hosts,
        "picture": next(iter(pictures_out(row.pictures, insider=False)), None),
        "occurrence_count": len(times),
        "starts_at": min((one.starts_at for one in times), default=None),
        "ends_at": max((one.ends_at for one in times), default=None),
        "allowed_actions": _actions(caller, row, around),
    }


def activity_line(caller: Caller, row: Activity, around: Around) -> ActivityLine:
    """An activity in a list."""
    return ActivityLine(**_line(caller, row, around))


def _host_out(one: Hosting) -> HostOut:
    return HostOut(
        division_code=one.row.division_code,
        division_name=one.division_name,
        role=one.row.role,
        accepted_at=one.row.accepted_at,
    )


def is_insider(caller: Caller, row: Activity, around: Around) -> bool:
    """May the caller read drafts of one of its hosts?"""
    hosts = (one.row.division_code for one in around.hosts)
    return caller.may_any(P.ACTIVITY_READ, [row.division_code, *hosts])


def activity_out(caller: Caller, row: Activity, around: Around) -> ActivityOut:
    """An activity, whole; what is for staff only is left out for others."""
    insider = is_insider(caller, row, around)
    summary, language = text_in(row, "summary", spoken())
    return ActivityOut(
        **_line(caller, row, around),
        summary=summary,
        summary_language=language,
        translations={name: Text(**text) for name, text in row.translations.items()},
        expected_headcount=row.expected_headcount,
        safety_plan=row.safety_plan if insider else None,
        returned=row.returned,
        cancel_reason=row.cancel_reason,
        pictures=pictures_out(row.pictures, insider=insider),
        occurrences=[occurrence_out(caller, row, placed) for placed in around.occurrences],
        co_hosts=[
            _host_out(one)
            for one in around.hosts
            if one.row.role is HostRole.CO and (insider or one.row.accepted_at)
        ],
        editable_fields=_editable(caller, row),
        umbrella_actions=_umbrella_actions(caller, row),
    )


def answer(caller: Caller, row: Activity, around: Around, response: Response) -> ActivityOut:
    """An activity as the answer of a route: its version in the ETag, and its languages."""
    out = activity_out(caller, row, around)
    tag(response, row.version)
    response.headers["Content-Language"] = content_language(
        [out.title_language, out.summary_language]
    )
    return out


def draft_shape(caller: Caller, row: Activity, around: Around) -> dict[str, Any]:
    """What one drafts of an activity, as it is on the wire: where a reviewer may point."""
    return activity_out(caller, row, around).model_dump(
        mode="json", include={*ActivityIn.model_fields, "pictures"}
    )
