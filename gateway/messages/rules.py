"""Vocabulary of messages: templates, channels, and how a text is made. Pure, no I/O."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from services.kit.languages import Words, say

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Template(StrEnum):
    """What is said; the words are in words.toml, at `message-<template>`."""

    PLACE_OFFERED = "place-offered"
    OFFER_LAPSED = "offer-lapsed"
    REGISTRATION_CONFIRMED = "registration-confirmed"
    REGISTRATION_ENTERED = "registration-entered"
    REGISTRATION_WAITLISTED = "registration-waitlisted"
    REGISTRATION_CANCELLED = "registration-cancelled"
    REGISTRATION_RESCHEDULED = "registration-rescheduled"
    REGISTRATION_POSTPONED = "registration-postponed"
    """As rescheduled, while the new time is unknown."""
    ACTIVITY_RETURNED = "activity-returned"
    ACTIVITY_APPROVED = "activity-approved"
    HALL_LOST = "hall-lost"
    VISIT_CONFIRMED = "visit-confirmed"
    VISIT_APPROVED = "visit-approved"
    VISIT_REFUSED = "visit-refused"
    VISIT_WAITLISTED = "visit-waitlisted"
    VISIT_OFFERED = "visit-offered"
    VISIT_LAPSED = "visit-lapsed"
    VISIT_CANCELLED = "visit-cancelled"
    VISIT_CLOSED = "visit-closed"
    """As cancelled, when it is the venue that is closed."""
    VISIT_MISSED = "visit-missed"
    PENALTY_IMPOSED = "penalty-imposed"
    PENALTY_UPHELD = "penalty-upheld"
    PENALTY_LIFTED = "penalty-lifted"
    APPLICATION_SUBMITTED = "application-submitted"
    APPLICATION_RETURNED = "application-returned"
    APPLICATION_RETURNED_OPEN = "application-returned-open"
    """As returned, while no calendar tells the last day."""
    APPLICATION_NAMED = "application-named"
    APPLICATION_NOT_NAMED = "application-not-named"
    APPLICATION_WITHDRAWN = "application-withdrawn"
    CREDIT_RED_LINE = "credit-red-line"
    OBJECTION_ACCEPTED = "objection-accepted"
    OBJECTION_REFUSED = "objection-refused"
    OBJECTION_UPHELD = "objection-upheld"
    OBJECTION_REJECTED = "objection-rejected"
    EXPERT_INVITED = "expert-invited"


class Channel(StrEnum):
    """Where a message goes. Only IN_APP has a provider in this build (actions.PROVIDERS)."""

    IN_APP = "in_app"
    SMS = "sms"
    WECHAT = "wechat"


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


def render(
    words: Mapping[str, Mapping[str, Words]],
    template: Template,
    values: Mapping[str, Any],
    titles: Mapping[str, str],
    language: str,
) -> tuple[dict[str, str], list[str]]:
    """The message's title and detail, and the languages that they came out in.

    `titles` are the activities' titles by id; one that is unknown is named without its title.
    """
    entry = words[f"message-{template.value}"]
    text: dict[str, str] = {}
    used: list[str] = []
    for part in ("title", "detail"):
        pattern, tag = say(entry[part], language)
        text[part] = pattern.format(**_spoken(words, values, titles, tag))
        used.append(tag)
    return text, used


def _spoken(
    words: Mapping[str, Mapping[str, Words]],
    values: Mapping[str, Any],
    titles: Mapping[str, str],
    language: str,
) -> dict[str, Any]:
    """The values as they read within a sentence of `language`."""
    title = titles.get(str(values.get("activity_id")))
    naming, _ = say(words["message-activity"]["unnamed" if title is None else "named"], language)
    spoken = {
        name: _clock(value) if name.endswith("_at") and value else value
        for name, value in values.items()
    }
    return {**spoken, "activity": naming.format(title=title)}


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
