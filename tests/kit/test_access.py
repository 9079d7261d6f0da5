"""The faces of a permission agree: what `may` allows is what `within` finds and the wall shows."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import column, select, text, values
from sqlalchemy.types import String

from services.kit.access import (
    ANONYMOUS,
    ROLES,
    SERVICE,
    Caller,
    Grant,
    Kind,
    P,
    Role,
    mine,
    multirange,
    within,
)
from services.kit.answers import problem_body
from services.kit.divisions import lineage, normalise, tier_of, topmost, upper
from services.kit.ids import uuid7
from services.kit.languages import WORDS, load_words
from services.kit.problems import Forbidden
from tests.support.apps import Running, citizen, staff

CODES = [
    "63", "6301", "630121", "630123", "630123100", "630123101", "630123101201", "6302",
    "630202", "6309", "639900", "64", "441900101", "4419",
]  # fmt: skip
callers = st.lists(st.tuples(st.sampled_from(list(Role)), st.sampled_from(CODES)), max_size=4).map(
    lambda grants: Caller(Kind.STAFF, uuid7(), tuple(Grant(*grant) for grant in grants))
)


@given(caller=callers, permission=st.sampled_from(list(P)))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.asyncio(loop_scope="function")
async def test_the_query_and_the_wall_find_exactly_what_may_allows(
    divisions_db: Running, caller: Caller, permission: P
) -> None:
    rows = values(column("code", String(collation="C")), name="rows").data([(c,) for c in CODES])
    async with divisions_db.kit.database.engine.connect() as connection:
        found = set(
            (
                await connection.execute(
                    select(rows.c.code).where(within(rows.c.code, caller, permission))
                )
            ).scalars()
        )
        walled = set(
            (
                await connection.execute(
                    text(
                        "SELECT c FROM unnest(CAST(:codes AS text[])) c WHERE c <@ CAST(CAST(:reach AS text) AS code_multirange)"
                    ),
                    {"codes": CODES, "reach": multirange(caller, permission)},
                )
            ).scalars()
        )
    allowed = {code for code in CODES if caller.may(permission, code)}
    assert found == allowed
    assert walled == allowed


@given(caller=callers, permission=st.sampled_from(list(P)), code=st.sampled_from(CODES))
def test_require_raises_exactly_where_may_refuses(caller: Caller, permission: P, code: str) -> None:
    expected = any(
        permission in ROLES[grant.role] and grant.division in lineage(code)
        for grant in caller.grants
    )
    assert caller.may(permission, code) is expected
    if not expected:
        with pytest.raises(Forbidden):
            caller.require(permission, at=code)


def test_nobody_and_a_citizen_hold_nothing_and_a_service_everything() -> None:
    for permission in P:
        assert ANONYMOUS.reach(permission) == citizen().reach(permission) == ()
        assert SERVICE.may(permission, "63")


def test_an_administrator_runs_people_and_register_but_sees_no_registration() -> None:
    admin = staff("administrator", "63")
    assert not admin.may(P.REGISTRATION_READ, "63")
    assert not admin.may(P.ACTIVITY_APPROVE, "63")


def test_mine_is_false_for_nobody() -> None:
    assert str(mine(column("account_id"), ANONYMOUS)) == "false"


@pytest.mark.parametrize(
    ("given_code", "code", "tier"),
    [
        ("630000", "63", "province"),
        ("630000000000", "63", "province"),
        ("630100", "6301", "prefecture"),
        ("630123", "630123", "county"),
        ("630123000000", "630123", "county"),
        ("630123101000", "630123101", "township"),
        (" 630123101201 ", "630123101201", "village"),
        ("441900101", "441900101", "township"),
        ("441900", "4419", "prefecture"),
    ],
)
def test_a_padded_code_is_normalised(given_code: str, code: str, tier: str) -> None:
    assert (normalise(given_code), tier_of(code)) == (code, tier)


@pytest.mark.parametrize(
    "nonsense", ["", "6", "630", "63012", "６３０１２３", "63012x", "6301231012011"]
)
def test_what_is_no_code_is_refused(nonsense: str) -> None:
    with pytest.raises(ValueError, match="division code"):
        normalise(nonsense)


@given(st.sampled_from(CODES), st.sampled_from(CODES))
def test_a_subtree_is_a_range(above: str, code: str) -> None:
    assert (above <= code < upper(above)) is code.startswith(above)


def test_topmost_drops_what_another_covers() -> None:
    assert topmost(frozenset({"630123101", "6301", "630202"})) == ("6301", "630202")


def test_every_permission_is_named_where_people_are_refused() -> None:
    load_words("services.kit")
    refused = Forbidden(permission=P.ACTIVITY_APPROVE.value, division="630123")
    detail = problem_body(refused, "zh-CN")[0]["detail"]
    assert detail.startswith("您在 630123 没有“审核活动”权限。")
    for permission in P:
        assert WORDS[f"permission-{permission.value}".replace("_", "-")].keys() == {"title"}
