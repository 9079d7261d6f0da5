"""The trail answers why, to staff with what was written, to the applicant with what is theirs."""

from services.kit.languages import WORDS, load_words
from services.venues.programmes.definition import StageKind
from tests.support import certification
from tests.support.apps import Running, citizen, staff
from tests.venues.applications.cases import ok

NOTED = "评审组组长与申报单位有往来"
INSERT = """INSERT INTO decisions (id, application_id, action, actor, reason, public, stage_key)
    VALUES (gen_random_uuid(), :id, :action, :id, :reason, :public, 'eligibility') RETURNING 1"""


async def test_what_reviewers_note_on_the_way_is_not_the_applicants_to_read(
    venues: Running,
) -> None:
    applicant, rule = citizen(), await certification.programme(venues)
    row = await certification.application(venues, rule, "eligibility", applicant=applicant.subject)
    for action, reason, public in (
        ("noted_on_the_way", NOTED, False),
        ("withdraw_notice", "名称有误", True),
        ("credit_ask", None, False),
    ):
        await venues.scalar(INSERT, id=row, action=action, reason=reason, public=public)
    found = {}
    for name, caller, path in (
        ("applicant", applicant, "timeline"),
        ("officer", staff("officer", "63"), "trail"),
    ):
        async with venues.as_(caller) as client:
            told = ok(await client.get(f"/applications/{row}/{path}"))
        lines = told["decisions"] if path == "timeline" else told["items"]
        found[name] = {one["action"]: (one["reason"], one["why"]) for one in lines}
    asked = (None, "需要新的信用答复")
    shown = ("名称有误", "名称有误")
    assert found == {
        "applicant": {
            "noted_on_the_way": (None, "依办理程序"),
            "withdraw_notice": shown,
            "credit_ask": asked,
        },
        "officer": {
            "noted_on_the_way": (NOTED, NOTED),
            "withdraw_notice": shown,
            "credit_ask": asked,
        },
    }


def test_every_kind_of_stage_that_does_not_ask_for_a_reason_has_words_for_what_it_came_to() -> None:
    load_words("services.venues")
    wanted = [f"found-{kind.value.replace('_', '-')}" for kind in StageKind]
    # A meeting says it itself; a credit check says the day of its answer.
    besides = {"found-deliberation", "found-credit-check"}
    assert [slug for slug in wanted if slug not in besides and slug not in WORDS] == []
