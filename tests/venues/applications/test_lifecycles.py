"""Every shipped programme: each action from each state by each role, and nothing else."""

from itertools import product

import pytest

from services.kit.access import Caller, Role
from services.kit.workflow import WrongState
from services.venues.applications.rules import (
    Action,
    ApplicationState,
    At,
    allowed,
    find,
    holder,
    move,
    table,
)
from services.venues.programmes.definition import Definition, StageKind, Tier
from services.venues.programmes.shipped import shipped
from tests.support.apps import citizen, staff

PLACES = {Tier.VILLAGE: "630123101201", Tier.COUNTY: "630123"}
OFFICES = {
    Tier.PROVINCE: "63",
    Tier.PREFECTURE: "6301",
    Tier.COUNTY: "630123",
    Tier.TOWNSHIP: "630123101",
    Tier.VILLAGE: "630123101201",
}
DECIDED = {StageKind.RECOMMENDATION, StageKind.DELIBERATION, StageKind.NOTICE, StageKind.NAMING}
"""What an approver does; the rest is done by an officer, too."""
FINAL = (ApplicationState.WITHDRAWN, ApplicationState.NOT_NAMED, ApplicationState.NAMED)
PEOPLE: dict[str, Caller] = {
    "applicant": citizen(),
    "stranger": citizen(),
    **{
        f"{role.value} {code}": staff(role, code)
        for role, code in product(Role, ("63", "6301", "630123", "630121"))
    },
}


def places(definition: Definition) -> list[At]:
    """Everywhere that an application can stand, and could not."""
    inside = [
        At(state, stage.key)
        for state in (ApplicationState.UNDER_WAY, ApplicationState.RETURNED)
        for stage in definition.stages
    ]
    return [At(ApplicationState.DRAFT), *inside, *(At(state) for state in FINAL)]


def wanted(definition: Definition, at: At, who: str, *, late: bool) -> set[str]:
    """What the rules of the house say that somebody may do, told once more and differently."""
    own = {"withdraw"} if who == "applicant" and at.state not in FINAL else set()
    if at.stage is None:
        return own | ({"submit"} if own and at.state is ApplicationState.DRAFT else set())
    stage = definition.stage(at.stage)
    role, _, code = who.partition(" ")
    works = role == "approver" or (role == "officer" and stage.kind not in DECIDED)
    reaches = bool(code) and OFFICES[stage.tier].startswith(code)
    office = works and reaches
    if at.state is ApplicationState.RETURNED:
        if not (stage.may_return and stage.kind not in (StageKind.NOTICE, StageKind.NAMING)):
            return set()
        mine = own | ({"submit"} if own and not late else set())
        return mine | ({"extend", *(["refuse"] if late else [])} if office else set())
    on = {StageKind.RECOMMENDATION: "recommend", StageKind.NAMING: "name"}.get(stage.kind, "pass")
    if office:
        back = stage.may_return and stage.kind not in (StageKind.NOTICE, StageKind.NAMING)
        return {on, "refuse", *(["send_back"] if back else [])}
    return own | ({"pass"} if own and stage.kind is StageKind.SELF_ASSESSMENT else set())


@pytest.mark.parametrize("key", sorted(shipped()))
def test_each_role_may_do_from_each_state_what_the_house_says_and_no_more(key: str) -> None:
    definition = shipped()[key]
    rows = table(definition)
    subject = definition.subject_levels[0] if definition.subject_levels else Tier.COUNTY
    found, expected = {}, {}
    for at, (who, caller), late in product(places(definition), PEOPLE.items(), (False, True)):
        holds = holder(caller, PLACES[subject], own=who == "applicant")
        found[at, who, late] = set(allowed(rows, at, holds, late=late))
        expected[at, who, late] = wanted(definition, at, who, late=late)
    assert found == expected


@pytest.mark.parametrize("key", sorted(shipped()))
def test_an_action_leads_on_by_one_stage_and_from_elsewhere_nowhere(key: str) -> None:
    definition = shipped()[key]
    rows, keys = table(definition), [stage.key for stage in definition.stages]
    for at, action in product(places(definition), Action):
        there = [row for row in rows if row.action is action and row.source == at]
        assert len(there) <= 1
        if not there:
            with pytest.raises(WrongState):
                find(rows, action, at)
            continue
        late = at.state is ApplicationState.RETURNED and action is Action.REFUSE
        to = move(rows, action, at, late=late)
        match action:
            case Action.SUBMIT:
                assert to == At(ApplicationState.UNDER_WAY, at.stage or keys[0])
            case Action.SEND_BACK | Action.EXTEND:
                assert to == At(ApplicationState.RETURNED, at.stage)
            case Action.REFUSE:
                assert to == At(ApplicationState.NOT_NAMED)
            case Action.WITHDRAW:
                assert to == At(ApplicationState.WITHDRAWN)
            case _:
                after = keys.index(at.stage or "") + 1
                last = after == len(keys)
                assert to == (
                    At(ApplicationState.NAMED)
                    if last
                    else At(ApplicationState.UNDER_WAY, keys[after])
                )
                assert (action is Action.NAME) == last
