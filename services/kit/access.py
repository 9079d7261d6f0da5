"""Who may do what, and where: the one place where roles meet permissions.

A permission is granted at a division and reaches down. It has three faces that agree:
`Caller.require` (this row), `within` (this query) and relations such as `mine` (own rows).
What a caller cannot see is Missing; what they may not do is Forbidden.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, true

from services.kit.divisions import covers, topmost, upper
from services.kit.problems import Forbidden, Unauthenticated


class Kind(StrEnum):
    """What speaks: nobody known, one of the public, staff, another process, a partner system."""

    ANONYMOUS = "anonymous"
    CITIZEN = "citizen"
    STAFF = "staff"
    SERVICE = "service"
    PARTNER = "partner"


class P(StrEnum):
    """Permissions, noun first."""

    ACCOUNT_MANAGE = "account_manage"
    GRANT_MANAGE = "grant_manage"
    DIVISION_MANAGE = "division_manage"
    FACT_REPLAY = "fact_replay"
    ACTIVITY_READ = "activity_read"
    """Sees activities that are not public yet."""
    ACTIVITY_EDIT = "activity_edit"
    ACTIVITY_APPROVE = "activity_approve"
    ACTIVITY_RUN = "activity_run"
    """Publishes, postpones, cancels and closes."""
    REGISTRATION_READ = "registration_read"
    """Reads who is registered, masked. The wall around personal rows is drawn from its reach."""
    REGISTRATION_MANAGE = "registration_manage"
    REGISTRATION_CHECK_IN = "registration_check_in"
    PERSONAL_OPEN = "personal_open"
    """Opens a masked personal field for a stated purpose, which is logged."""
    ATTENDANCE_RECORD = "attendance_record"
    REPORT_READ = "report_read"
    VENUE_EDIT = "venue_edit"
    VENUE_APPROVE = "venue_approve"
    STATION_EDIT = "station_edit"
    """Opens, edits and closes stations."""
    POST_READ = "post_read"
    """Reads who holds which post, masked, and whom to ask at a station. Draws their wall."""
    POST_MANAGE = "post_manage"
    """Gives posts, hands them over and ends them."""
    TARGET_SET = "target_set"
    """Sets goals, and breaks them down to the divisions directly below."""
    TARGET_RECORD = "target_record"
    """Records a sourced value of a goal."""
    RESERVATION_READ = "reservation_read"
    """Reads who has reserved, masked. Draws the wall around reservations."""
    RESERVATION_MANAGE = "reservation_manage"
    """Reserves for others, approves groups, opens and shuts slots."""
    PROGRAMME_EDIT = "programme_edit"
    """Writes, checks, publishes and withdraws the versions of a programme."""
    APPLICATION_READ = "application_read"
    """Reads applications; the wall around their contacts and objections."""
    APPLICATION_REVIEW = "application_review"
    """Acts in the stages of review: eligibility, visits, credit; returns for supplement."""
    APPLICATION_DECIDE = "application_decide"
    """Recommends, deliberates, opens and closes notices, names; changes the state of an honour."""
    EXPERT_MANAGE = "expert_manage"
    """Keeps the pool, sets conflicts, draws panels and invites. Draws the wall around experts."""
    INSPECTION_CONDUCT = "inspection_conduct"
    """Plans and records inspections, and orders rectification."""


class Role(StrEnum):
    """What a person is at a division; the words are in GLOSSARY.md."""

    ADMINISTRATOR = "administrator"
    APPROVER = "approver"
    OFFICER = "officer"
    INFORMANT = "informant"
    CHECKER = "checker"
    OBSERVER = "observer"


_OBSERVER = {P.REPORT_READ, P.ACTIVITY_READ}
_CHECKER = {P.REGISTRATION_CHECK_IN, P.REGISTRATION_READ, P.RESERVATION_READ}
_INFORMANT = _OBSERVER | _CHECKER | {P.ACTIVITY_EDIT, P.REGISTRATION_MANAGE, P.ATTENDANCE_RECORD}
_INFORMANT |= {P.POST_READ}  # whom to ask in the next village
_OFFICER = _INFORMANT | {P.PERSONAL_OPEN, P.VENUE_EDIT}
_OFFICER |= {P.STATION_EDIT, P.POST_MANAGE, P.TARGET_RECORD}  # keeps the network of a division
_OFFICER |= {P.RESERVATION_READ, P.RESERVATION_MANAGE}
_OFFICER |= {P.APPLICATION_READ, P.APPLICATION_REVIEW, P.INSPECTION_CONDUCT}
_CERTIFYING = {P.APPLICATION_DECIDE, P.EXPERT_MANAGE}  # an expert pool is kept by who decides
_APPROVER = (
    _OFFICER | _CERTIFYING | {P.ACTIVITY_APPROVE, P.ACTIVITY_RUN, P.VENUE_APPROVE, P.TARGET_SET}
)

ROLES: dict[Role, frozenset[P]] = {
    Role.OBSERVER: frozenset(_OBSERVER),  # 观察员: reads figures and drafts
    Role.CHECKER: frozenset(_CHECKER),  # 签到员: stands at the door
    Role.INFORMANT: frozenset(_INFORMANT),  # 科普信息员: drafts, registers neighbours, checks in
    Role.OFFICER: frozenset(_OFFICER),  # 经办人: runs the work of a division
    Role.APPROVER: frozenset(_APPROVER),  # 审核人: approves, publishes, cancels
    Role.ADMINISTRATOR: frozenset(
        {P.ACCOUNT_MANAGE, P.GRANT_MANAGE, P.DIVISION_MANAGE, P.FACT_REPLAY, P.REPORT_READ}
        | {P.POST_READ, P.POST_MANAGE, P.PROGRAMME_EDIT}
    ),  # 管理员: people and register, not content
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A role at a division, valid now: dates are settled when the caller token is signed."""

    role: Role
    division: str


@dataclass(frozen=True)
class Caller:
    """Who speaks, as the gateway vouches for it."""

    kind: Kind = Kind.ANONYMOUS
    subject: UUID | None = None
    grants: tuple[Grant, ...] = ()

    @cached_property
    def _reach(self) -> dict[P, tuple[str, ...]]:
        found: dict[P, set[str]] = {}
        for grant in self.grants:
            for permission in ROLES[grant.role]:
                found.setdefault(permission, set()).add(grant.division)
        return {permission: topmost(frozenset(codes)) for permission, codes in found.items()}

    def reach(self, permission: P) -> tuple[str, ...]:
        """The topmost divisions where the caller holds `permission`; ("",) is everywhere."""
        if self.kind is Kind.SERVICE:
            return ("",)
        return self._reach.get(permission, ())

    def may(self, permission: P, at: str) -> bool:
        """Does the caller hold `permission` at the division `at`?"""
        return any(covers(code, at) for code in self.reach(permission))

    def may_any(self, permission: P, at: Iterable[str]) -> bool:
        """Does the caller hold `permission` at one of several divisions (co-hosts)?"""
        return any(self.may(permission, code) for code in at)

    def require(self, permission: P, at: str) -> None:
        """Raise Forbidden unless the caller holds `permission` at `at`."""
        if not self.may(permission, at):
            raise Forbidden(permission=permission.value, division=at)

    def known(self) -> UUID:
        """The caller's subject; raises Unauthenticated for nobody known."""
        if self.subject is None:
            raise Unauthenticated()
        return self.subject

    def is_(self, subject: UUID | None) -> bool:
        """Is `subject` this caller? The relation face of one row."""
        return subject is not None and subject == self.subject


ANONYMOUS = Caller()
SERVICE = Caller(kind=Kind.SERVICE)
"""The principal of handlers, schedules and the paths that serve everybody's waiting list."""


def at_or_below(column: Any, code: str) -> ColumnElement[bool]:
    """Rows whose division is at or below `code`, as a range on a C-collated column."""
    if code == "":
        return true()
    return and_(column >= code, column < upper(code))


def within(column: Any, caller: Caller, permission: P) -> ColumnElement[bool]:
    """The query face of a permission: rows in divisions where `caller` holds it."""
    codes = caller.reach(permission)
    return or_(false(), *(at_or_below(column, code) for code in codes))


def mine(column: Any, caller: Caller) -> ColumnElement[bool]:
    """The query face of a relation: rows that name the caller (own, guardian, applicant …)."""
    return column == caller.subject if caller.subject is not None else false()


def multirange(caller: Caller, permission: P) -> str:
    """A caller's reach as the text of a PostgreSQL `code_multirange`, for row-level security."""
    codes = caller.reach(permission)
    if codes == ("",):
        return "{(,)}"
    return "{" + ",".join(f"[{code},{upper(code)})" for code in codes) + "}"
