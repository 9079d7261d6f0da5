"""Safeguards of experts, their draws and their scores by their exact text."""

from tests.safeguards import listed

EXPERTS = "services/venues/experts"
TABLES = "services/venues/migrations/versions/0006_experts.py"
DRAWS = "tests/venues/experts/test_draws.py"
INVITATIONS = "tests/venues/experts/test_invitations.py"
POOL = "tests/venues/experts/test_pool.py"
SCORES = "tests/venues/experts/test_scores.py"

EXPERTS_LISTED = (
    listed(
        "experts: whoever has a conflict stands in no pool",
        f"{EXPERTS}/draws/rules.py",
        "        if each.id in conflicted:\n",
        "        if False:\n",
        DRAWS,
    ),
    listed(
        "experts: the whole line of the host is in conflict",
        f"{EXPERTS}/conflicts/finding.py",
        "WHERE e.employer_id = ANY (:line) AND",
        "WHERE e.employer_id = (CAST(:line AS uuid[]))[1] AND",
        DRAWS,
    ),
    listed(
        "experts: one draw of an application at a time",
        TABLES,
        "ON panel_draws (application_id) WHERE state = 'frozen'",
        "ON panel_draws (application_id) WHERE state = 'frozen' AND false",
        DRAWS,
    ),
    listed(
        "experts: the value is entered after its time",
        f"{EXPERTS}/draws/actions.py",
        "    if now < row.source_at:\n",
        "    if False:\n",
        DRAWS,
    ),
    listed(
        "experts: who sits on a panel is told after its scoring",
        f"{EXPERTS}/draws/actions.py",
        "    if not is_over(application.state, application.stage_key, row.stage_key):\n",
        "    if False:\n",
        SCORES,
    ),
    listed(
        "experts: identities wait for the disclosure",
        f"{EXPERTS}/draws/identities.py",
        "    if row.disclosed_at is None:\n        raise Missing()\n",
        "",
        DRAWS,
    ),
    listed(
        "experts: a token is kept as its hash",
        f"{EXPERTS}/invitations/queries.py",
        "return sha256(token.encode()).digest()",
        "return token.encode()",
        INVITATIONS,
    ),
    listed(
        "experts: a conflict is looked for on acceptance",
        f"{EXPERTS}/invitations/actions.py",
        "    if causes:\n        await give_up",
        "    if False:\n        await give_up",
        INVITATIONS,
    ),
    listed(
        "experts: a conflict is looked for before a score is saved",
        f"{EXPERTS}/scores/actions.py",
        "        if not await recheck_seat(db, SERVICE, application, row, seat, now):\n",
        "        if False:\n",
        INVITATIONS,
    ),
    listed(
        "experts: a conflict set above is lifted above",
        f"{EXPERTS}/conflicts/rules.py",
        "    if set_at is not None and not caller.may(P.EXPERT_MANAGE, at=set_at):\n",
        "    if False:\n",
        INVITATIONS,
    ),
    listed(
        "experts: the gate waits for every sheet",
        f"{EXPERTS}/gate.py",
        "    if missing := len(work.seated) - len(work.final):\n",
        "    if missing := 0:\n",
        SCORES,
    ),
    listed(
        "experts: a section below its floor does not pass",
        f"{EXPERTS}/gate.py",
        "        if not each.met\n",
        "        if False\n",
        SCORES,
    ),
    listed(
        "experts: one expert of a phone",
        TABLES,
        "ON experts (phone_index) WHERE state <> 'left'",
        "ON experts (phone_index) WHERE false",
        POOL,
    ),
    listed(
        "experts: an agreement of the year",
        f"{EXPERTS}/draws/rules.py",
        "        elif not each.agreed:\n",
        "        elif False:\n",
        DRAWS,
    ),
    listed(
        "experts: no more reviews than allowed",
        f"{EXPERTS}/draws/rules.py",
        "        elif is_busy(each, most_a_year):\n",
        "        elif False:\n",
        DRAWS,
    ),
)
