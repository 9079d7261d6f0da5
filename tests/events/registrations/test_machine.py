"""The waiting list under everything that can happen to it: rules in memory, then the database.

The first machine moves the pure rules and states the invariants in words of its own. The second
does the same steps to the database through the actions, and compares every row and count.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.events.registrations import actions, registering
from services.events.registrations.places import set_capacity
from services.events.registrations.rules import (
    CapacityBelowTaken,
    ListRule,
    OfferExpired,
    RegistrationState,
)
from services.events.registrations.schemas import RegistrationIn
from services.events.registrations.waiting import lapse
from services.kit.access import SERVICE, Caller
from services.kit.problems import BrokenRule
from tests.events.registrations.book import Book, Party, total
from tests.support.activities import Ids, published_activity
from tests.support.apps import Running, citizen, staff

S = RegistrationState
LIVE = {S.WAITING, S.OFFERED, S.CONFIRMED}
MINUTES = 30


class InMemory(RuleBasedStateMachine):
    """Parties come, go, accept, shrink; time passes; the pool grows and shrinks."""

    @initialize(capacity=st.integers(1, 12), list_rule=st.sampled_from(ListRule))
    def opens(self, capacity: int, list_rule: ListRule) -> None:
        self.now = datetime.now(UTC)
        self.book = Book(capacity, list_rule, self.now + timedelta(days=20), MINUTES)
        self.acknowledged: list[UUID] = []

    # What a driver of the database does beside the book.
    def did(self, what: str, party: Party | None, *given: Any) -> None:
        """Nothing here: the book is all there is."""

    def some(self, data: Any, *states: RegistrationState) -> Party:
        found = [party for party in self.book.parties.values() if party.state in states]
        chosen: Party = data.draw(st.sampled_from(found))
        return chosen

    def has(self, *states: RegistrationState) -> bool:
        return any(party.state in states for party in self.book.parties.values())

    @rule(size=st.integers(1, 5), split_ok=st.booleans())
    def register(self, size: int, split_ok: bool) -> None:
        if size > self.book.capacity and not split_ok:
            with pytest.raises(BrokenRule):
                self.book.register(size, split_ok, self.now)
            return
        stood_in_line = bool(self.book.line())
        party = self.book.register(size, split_ok, self.now)
        self.acknowledged.append(party.id)
        # Newcomers queue behind a list that is not empty: at best they are offered what is left.
        assert not (stood_in_line and party.state is S.CONFIRMED)
        self.did("register", party, size, split_ok)

    @precondition(lambda self: self.has(S.OFFERED))
    @rule(data=st.data(), fewer=st.booleans())
    def accept(self, data: Any, fewer: bool) -> None:
        party = self.some(data, S.OFFERED)
        wanted = list(party.members[-1:]) if fewer else None
        expired = party.expires_at is not None and party.expires_at <= self.now
        if expired:
            with pytest.raises(OfferExpired):
                self.book.accept(party.id, wanted, self.now)
        else:
            self.book.accept(party.id, wanted, self.now)
        self.did("accept", party, None if wanted is None else [party.size - 1], expired)

    @precondition(lambda self: self.has(S.OFFERED))
    @rule(data=st.data())
    def decline(self, data: Any) -> None:
        party = self.some(data, S.OFFERED)
        self.book.end(party.id, "decline", self.now)
        self.did("decline", party)

    @precondition(lambda self: self.has(*LIVE))
    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        party = self.some(data, *LIVE)
        self.book.end(party.id, "cancel", self.now)
        self.did("cancel", party)

    @precondition(lambda self: self.has(*LIVE))
    @rule(data=st.data())
    def reduce(self, data: Any) -> None:
        party = self.some(data, *LIVE)
        if party.size > 1:
            self.book.reduce(party.id, [party.members[0]], self.now)
            self.did("reduce", party, [0])

    @rule(minutes=st.integers(1, 45))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def expired_offers_lapse(self) -> None:
        self.book.lapse(self.now)
        self.did("lapse", None)

    @rule(capacity=st.integers(0, 14))
    def capacity_changes(self, capacity: int) -> None:
        below = capacity < self.book.counts.taken
        if below:
            with pytest.raises(CapacityBelowTaken):
                self.book.set_capacity(capacity, self.now)
        else:
            self.book.set_capacity(capacity, self.now)
        self.did("capacity", None, capacity, below)

    @invariant()
    def never_oversold(self) -> None:
        confirmed = sum(p.size for p in self.book.parties.values() if p.state is S.CONFIRMED)
        offered = sum(p.places for p in self.book.parties.values() if p.state is S.OFFERED)
        assert confirmed + offered <= self.book.capacity

    @invariant()
    def counts_are_the_sum_of_the_rows(self) -> None:
        assert self.book.counts == total(self.book.parties.values())

    @invariant()
    def every_acknowledged_party_exists_once(self) -> None:
        assert list(self.book.parties) == self.acknowledged

    @invariant()
    def whoever_could_be_served_has_been(self) -> None:
        free = self.book.capacity - self.book.counts.taken
        if free == 0:
            return
        for party in self.book.line():
            assert not party.split_ok
            assert party.size > free
            if self.book.rule is ListRule.STRICT and party.size <= self.book.capacity:
                break  # the places are kept for this one

    @invariant()
    def offers_are_whole_unless_a_split_was_agreed(self) -> None:
        for party in self.book.parties.values():
            if party.state is S.OFFERED:
                assert 1 <= party.places <= party.size
                assert party.split_ok or party.places == party.size


class NobodyPasses(InMemory):
    """Strict: whoever is served stood before everybody who still waits and could have fitted."""

    @initialize(capacity=st.integers(1, 12))
    def opens(self, capacity: int) -> None:
        super().opens(capacity, ListRule.STRICT)
        self.seen = 0

    @invariant()
    def nobody_is_passed(self) -> None:
        fresh, self.seen = self.book.log[self.seen :], len(self.book.log)
        for party_id, _ in fresh:
            number = self.book.parties[party_id].number
            for waits in self.book.line():
                assert waits.number > number or waits.size > self.book.capacity


def test_the_rules_hold_whatever_happens() -> None:
    run_state_machine_as_test(
        InMemory, settings=settings(max_examples=120, stateful_step_count=40, deadline=None)
    )


def test_under_the_strict_rule_nobody_is_passed() -> None:
    run_state_machine_as_test(
        NobodyPasses, settings=settings(max_examples=120, stateful_step_count=40, deadline=None)
    )


class OnTheDatabase(InMemory):
    """The same steps through the actions; after each, every row and count is the book's."""

    running: Running
    wait: Callable[[Coroutine[Any, Any, Any]], Any]

    @initialize(capacity=st.integers(2, 5), list_rule=st.sampled_from(ListRule))
    def opens(self, capacity: int, list_rule: ListRule) -> None:
        super().opens(capacity, list_rule)
        self.ids: Ids = self.wait(
            published_activity(
                self.running,
                capacity=capacity,
                list_rule=list_rule.value,
                offer_minutes=MINUTES,
                starts_at=self.book.starts_at,
            )
        )
        self.editor = staff("informant", "63")
        self.version = 1
        self.owners: dict[UUID, tuple[Caller, UUID, list[UUID]]] = {}

    def did(self, what: str, party: Party | None, *given: Any) -> None:
        self.wait(self._do(what, party, given))

    async def _do(self, what: str, party: Party | None, given: Any) -> None:
        transaction = self.running.kit.database.transaction
        if party is None:
            async with transaction(SERVICE if what == "lapse" else self.editor) as db:
                if what == "lapse":
                    await lapse(db, self.ids.pool, self.now)
                else:
                    await self._set_capacity(db, *given)
        elif what == "register":
            caller = citizen()
            size, split_ok = given
            body = RegistrationIn.model_validate(self.ids.party(size, split_ok=split_ok))
            async with transaction(caller) as db:
                entry, _ = await registering.register(
                    db, caller, self.running.kit.vault, body, self.now
                )
            members = [member.id for member, _ in entry.members]
            self.owners[party.id] = caller, entry.registration.id, members
        else:
            await self._move(what, party, given)

    async def _set_capacity(self, db: Any, capacity: int, below: bool) -> None:
        change = set_capacity(
            db,
            self.editor,
            self.ids.occurrence,
            self.ids.pool,
            capacity,
            self.version,
            self.now,
        )
        if below:
            with pytest.raises(CapacityBelowTaken):
                await change
        else:
            await change
            self.version += 1

    async def _move(self, what: str, party: Party, given: Any) -> None:
        caller, id_, members = self.owners[party.id]
        async with self.running.kit.database.transaction(caller) as db:
            match what:
                case "accept":
                    wanted, expired = given
                    chosen = wanted and [members[index] for index in wanted]
                    change = actions.accept(db, caller, id_, chosen, self.now)
                    if expired:
                        with pytest.raises(OfferExpired):
                            await change
                        return
                    await change
                    kept = members[: party.places] if wanted is None else chosen
                case "reduce":
                    await actions.reduce(db, caller, id_, [members[0]], self.now)
                    kept = members[1:]
                case _:
                    await actions.end(db, caller, id_, what, self.now)
                    kept = members
        self.owners[party.id] = caller, id_, kept or []

    @invariant()
    def the_rows_are_the_book(self) -> None:
        rows = self.wait(
            self.running.rows(
                "SELECT id, number, state, party_size, offered_places, offer_expires_at"
                " FROM registrations WHERE pool_id = :pool ORDER BY number",
                pool=self.ids.pool,
            )
        )
        assert rows == [
            (
                self.owners[party.id][1],
                party.number,
                party.state.value,
                party.size,
                party.places,
                party.expires_at,
            )
            for party in self.book.parties.values()
        ]
        pool = self.wait(
            self.running.rows(
                "SELECT capacity, confirmed, offered, waiting FROM pools WHERE id = :pool",
                pool=self.ids.pool,
            )
        )
        counts = self.book.counts
        assert pool == [(self.book.capacity, counts.confirmed, counts.offered, counts.waiting)]


async def test_the_database_does_what_the_rules_say(events: Running) -> None:
    loop = asyncio.get_running_loop()

    class Machine(OnTheDatabase):
        running = events

        def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
            return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    await asyncio.to_thread(
        run_state_machine_as_test,
        Machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
