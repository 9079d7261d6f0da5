"""Who speaks: from the token of a request to a Caller, remembered for half a minute.

Signing out, locking and ending a grant take effect at once in this process, and in the others
when their memory of the token ends.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import Request
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import Scope

from gateway.factors.rules import (
    SecondFactorNeeded,
    StepUpNeeded,
    is_dangerous,
    is_open,
    needed_by,
)
from gateway.factors.settings import factor
from gateway.identity.rules import CrossSite, today
from gateway.settings import GatewaySettings
from services.kit.access import ANONYMOUS, SERVICE, Caller, Grant, Kind, Role
from services.kit.db import Database, after_commit, run
from services.kit.tokens import BadToken

if TYPE_CHECKING:
    from gateway.parts import Gateway

REMEMBERED_S = 30.0
REMEMBERED = 20_000
USED_EVERY = timedelta(minutes=5)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_LOOK_UP = text(
    """SELECT s.id, s.account_id, s.expires_at, s.factor_at, a.kind, a.password_temporary,
        s.last_used_at < :recent AS stale,
        EXISTS (SELECT FROM second_factors f
         WHERE f.account_id = a.id AND f.confirmed_at IS NOT NULL) AS enrolled,
        (SELECT min(g.from_day) FROM grants g
         WHERE g.account_id = a.id AND g.ended_at IS NULL AND g.from_day <= :today
         AND (g.until_day IS NULL OR g.until_day >= :today)
         AND g.role = ANY(CAST(:roles AS text[]))) AS factor_role_from,
        (SELECT array_agg(DISTINCT g.role || '@' || g.division_code) FROM grants g
         WHERE g.account_id = a.id AND g.ended_at IS NULL AND g.from_day <= :today
         AND (g.until_day IS NULL OR g.until_day >= :today)) AS grants
    FROM sessions s JOIN accounts a ON a.id = s.account_id
    WHERE s.token_hash = :token AND s.revoked_at IS NULL AND s.expires_at > :now
    AND a.state = 'active'"""
)
_USED = text("UPDATE sessions SET last_used_at = :now WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Speaker:
    """A caller and the session that they speak in."""

    caller: Caller
    session: UUID | None = None
    password_temporary: bool = False
    enrolled: bool = False
    """Has a second factor."""
    factor_at: datetime | None = None
    """When it was given in this session."""
    needed_by: date | None = None
    """The last day without one; None when their roles need none."""

    def require_factor(self, method: str, path: str) -> None:
        """Raise SecondFactorNeeded or StepUpNeeded when this request is not open to them."""
        if self.enrolled:
            if is_dangerous(method, path) and not self._factor_is_fresh():
                raise StepUpNeeded(minutes=factor().fresh_minutes)
        elif self.needed_by is not None and today(datetime.now(UTC)) > self.needed_by:
            self._require_open(path, self.needed_by)

    def _require_open(self, path: str, last_day: date) -> None:
        if not is_open(path):
            raise SecondFactorNeeded(day=last_day.isoformat())

    def _factor_is_fresh(self) -> bool:
        fresh = timedelta(minutes=factor().fresh_minutes)
        return self.factor_at is not None and datetime.now(UTC) - self.factor_at <= fresh


NOBODY = Speaker(ANONYMOUS)


class Callers:
    """Looks tokens up, and remembers them."""

    def __init__(self, database: Database, settings: GatewaySettings) -> None:
        self._database = database
        self._settings = settings
        self._known: OrderedDict[bytes, tuple[float, Speaker]] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[Speaker | None]] = {}
        self._forgotten = 0
        self.cookie = "__Host-kepu_session" if settings.is_secure else "kepu_session"
        self._cookie = f"{self.cookie}=".encode()

    async def speaker(self, scope: Scope) -> Speaker:
        """Who sent this request. A bad bearer token is refused; an old cookie is nobody.

        Raises BadToken, and CrossSite for a change with a cookie from somebody else's page.
        """
        authorization: bytes | None = None
        token: bytes | None = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value
            elif name == b"cookie" and token is None:
                token = self._from_cookie(value)
        if authorization is not None:
            scheme, _, bearer = authorization.partition(b" ")
            found = await self._of(bearer) if scheme.lower() == b"bearer" else None
            if found is None:
                raise BadToken()
            found.require_factor(scope["method"], scope["path"])
            return found
        if token is None:
            return NOBODY
        found = await self._of(token)
        if found is None:
            return NOBODY
        if scope["method"] not in SAFE:
            require_own_page(scope, self._settings)
        found.require_factor(scope["method"], scope["path"])
        return found

    def peek(self, scope: Scope) -> str | None:
        """The account of a token that is remembered; None for any other. Asks nobody."""
        token: bytes | None = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                token = value.partition(b" ")[2]
                break
            if name == b"cookie" and token is None:
                token = self._from_cookie(value)
        if token is None:
            return None
        found = self._known.get(sha256(token).digest())
        return str(found[1].caller.subject) if found is not None else None

    def _from_cookie(self, header: bytes) -> bytes | None:
        for part in header.split(b";"):
            part = part.strip()
            if part.startswith(self._cookie):
                return part[len(self._cookie) :]
        return None

    async def _of(self, token: bytes) -> Speaker | None:
        key = sha256(token).digest()
        found = self._known.get(key)
        if found is not None and found[0] > time.monotonic():
            return found[1]
        # A hundred requests with one token ask the database once.
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._look_up(key))
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(task)

    async def _look_up(self, key: bytes) -> Speaker | None:
        forgotten, now = self._forgotten, datetime.now(UTC)
        async with self._database.transaction(SERVICE) as db:
            values = {
                "token": key,
                "now": now,
                "recent": now - USED_EVERY,
                "today": today(now),
                "roles": sorted(factor().roles),
            }
            row = (await run(db, _LOOK_UP, values)).one_or_none()
            if row is None:
                self._known.pop(key, None)
                return None
            if row.stale:
                await run(db, _USED, {"now": now, "id": row.id})
        # Whoever knows a temporary password of somebody else gets no further with it.
        grants = () if row.password_temporary else tuple(_grant(g) for g in row.grants or ())
        caller = Caller(Kind(row.kind), row.account_id, grants)
        speaker = Speaker(
            caller,
            row.id,
            row.password_temporary,
            row.enrolled,
            row.factor_at,
            needed_by(row.factor_role_from, factor().since, factor().grace_days),
        )
        # What was forgotten while we asked may be what we were told.
        if forgotten == self._forgotten:
            left = min(REMEMBERED_S, (row.expires_at - now).total_seconds())
            self._known[key] = (time.monotonic() + left, speaker)
            self._known.move_to_end(key)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return speaker

    def forget(self, *accounts: UUID) -> None:
        """Look these accounts up again at their next request."""
        self._forgotten += 1
        gone = [key for key, (_, who) in self._known.items() if who.caller.subject in accounts]
        for key in gone:
            del self._known[key]

    def forget_after(self, db: AsyncSession, *accounts: UUID) -> None:
        """`forget`, once the transaction has changed what is to be looked up."""
        after_commit(db, lambda: self.forget(*accounts))


def _grant(spelled: str) -> Grant:
    role, _, division = spelled.partition("@")
    return Grant(Role(role), division)


def require_own_page(scope: Scope, settings: GatewaySettings) -> None:
    """Raise CrossSite unless the browser says that a page of ours sent this request.

    Sec-Fetch-Site decides where it is sent; older browsers and plain http have only Origin.
    """
    headers = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        if site != b"same-origin":
            raise CrossSite()
        return
    origin = headers.get(b"origin", b"").decode("latin-1").lower()
    host = headers.get(b"host", b"").decode("latin-1").lower()
    own = {settings.public_origin, f"{'https' if settings.is_secure else 'http'}://{host}"}
    if origin not in own:
        raise CrossSite()


def address_of(scope: Scope, settings: GatewaySettings) -> str:
    """The client's address; X-Forwarded-For counts only as far as our own proxies wrote it."""
    trusted = settings.gateway_trusted_proxies
    if trusted:
        headers = dict(scope["headers"])
        told = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        if len(told) >= trusted:
            return str(told[-trusted]).strip()
    client = scope.get("client")
    return str(client[0]) if client else "local"


async def authenticate(request: Request) -> Caller:
    """The caller of one of the gateway's own routes."""
    gateway: Gateway = request.app.state.gateway
    speaker: Speaker = await gateway.callers.speaker(request.scope)
    request.state.speaker = speaker
    request.state.session = speaker.session
    request.state.password_temporary = speaker.password_temporary
    return speaker.caller
