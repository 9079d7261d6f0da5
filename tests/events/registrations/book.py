"""A pool and its registrations in memory, moved by the same pure rules as the database's."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.events.registrations.parties import choose, take_off
from services.events.registrations.rules import (
    LIFECYCLE,
    Counts,
    ListRule,
    Queued,
    RegistrationState,
    admit,
    expiry,
    hand_out,
    holds,
    require_capacity,
)
from services.kit.ids import uuid7

S = RegistrationState


@dataclass(frozen=True)
class Party:
    """One registration. `members` are those that have not been taken off."""

    id: UUID
    number: int
    members: tuple[UUID, ...]
    split_ok: bool
    state: RegistrationState
    places: int = 0
    expires_at: datetime | None = None

    @property
    def size(self) -> int:
        return len(self.members)

    @property
    def held(self) -> Counts:
        return holds(self.state, self.size, self.places)


@dataclass
class Book:
    """One pool: what the tables hold, without the tables."""

    capacity: int
    rule: ListRule
    starts_at: datetime
    minutes: int = 30
    counts: Counts = field(default_factory=Counts)
    parties: dict[UUID, Party] = field(default_factory=dict)
    log: list[tuple[UUID, int]] = field(default_factory=list)
    """Every offer ever made: party, places."""

    def line(self) -> list[Party]:
        """Those who wait, in order of arrival."""
        return [party for party in self.parties.values() if party.state is S.WAITING]

    def register(self, size: int, split_ok: bool, now: datetime) -> Party:
        state = admit(self.capacity, self.counts, size, split_ok=split_ok)
        members = tuple(uuid7() for _ in range(size))
        party = Party(uuid7(), len(self.parties) + 1, members, split_ok, state)
        self.parties[party.id] = party
        self.counts += party.held
        self.serve(now)
        return self.parties[party.id]

    def accept(self, party_id: UUID, wanted: list[UUID] | None, now: datetime) -> None:
        party = self.parties[party_id]
        state = LIFECYCLE.next(
            "accept",
            party.state,
            now=now,
            expires_at=party.expires_at,
            starts_at=self.starts_at,
            checked_in=False,
        )
        kept = tuple(choose(party.members, wanted, party.places))
        self._becomes(party, replace(party, state=state, members=kept), now)

    def end(self, party_id: UUID, action: str, now: datetime) -> None:
        party = self.parties[party_id]
        state = LIFECYCLE.next(
            action,
            party.state,
            now=now,
            expires_at=party.expires_at,
            starts_at=self.starts_at,
            checked_in=False,
        )
        self._becomes(party, replace(party, state=state), now)

    def reduce(self, party_id: UUID, leaving: list[UUID], now: datetime) -> None:
        party = self.parties[party_id]
        stay = tuple(take_off(party.members, leaving))
        smaller = replace(party, members=stay, places=min(party.places, len(stay)))
        self._becomes(party, smaller, now)

    def lapse(self, now: datetime) -> None:
        for party in list(self.parties.values()):
            if party.state is S.OFFERED and party.expires_at and party.expires_at <= now:
                gone = replace(party, state=LIFECYCLE.next("lapse", party.state))
                self._becomes(party, gone, now, serve=False)
        self.serve(now)

    def set_capacity(self, capacity: int, now: datetime) -> None:
        require_capacity(capacity, self.counts)
        self.capacity = capacity
        self.serve(now)

    def _becomes(self, party: Party, after: Party, now: datetime, *, serve: bool = True) -> None:
        if after.state is not S.OFFERED:
            after = replace(after, places=0, expires_at=None)
        self.parties[party.id] = after
        self.counts += after.held - party.held
        if serve:
            self.serve(now)

    def serve(self, now: datetime) -> None:
        if now >= self.starts_at:
            return
        line = [Queued(party.id, party.size, party.split_ok) for party in self.line()]
        for party_id, places in hand_out(self.capacity, self.counts, line, self.rule):
            party = self.parties[party_id]
            self.log.append((party_id, places))
            offered = replace(
                party,
                state=LIFECYCLE.next("offer", party.state),
                places=places,
                expires_at=expiry(now, self.minutes, self.starts_at),
            )
            self._becomes(party, offered, now, serve=False)


def total(parties: Iterable[Party]) -> Counts:
    """What the registrations hold, counted from scratch."""
    found = Counts()
    for party in parties:
        found += party.held
    return found
