"""Safeguards of experts, their draws and their scores by their exact text."""

from tests.safeguards import listed

EXPERTS = "services/venues/experts"
TABLES = "services/venues/migrations/versions/0006_experts.py"
DRAWS = "tests/venues/experts/test_draws.py"
INVITATIONS = "tests/venues/experts/test_invitations.py"
POOL = "tests/venues/experts/test_pool.py"
AROUND = "tests/venues/experts/test_no_way_around.py"
LISTING = "tests/venues/experts/test_listing.py"
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
        "    if causes:\n        why = said(causes)\n",
        "    if False:\n        why = said(causes)\n",
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
        "        elif is_busy(each.reviews, each.most, most_a_year):\n",
        "        elif False:\n",
        DRAWS,
    ),
    listed(
        "experts: who has judged least this year is drawn first",
        f"{EXPERTS}/draws/rules.py",
        "after=int(all(each.reviews > most[name] for name in each.strata))",
        "after=0",
        DRAWS,
    ),
    listed(
        "experts: an alternate with enough reviews is passed over",
        f"{EXPERTS}/invitations/seating.py",
        "        elif each.expert_id in busy:\n",
        "        elif False:\n",
        AROUND,
    ),
    listed(
        "experts: the trail opens no expert's account",
        f"{EXPERTS}/invitations/telling.py",
        "return caller if caller.kind is Kind.STAFF else SERVICE",
        "return caller",
        AROUND,
    ),
    listed(
        "experts: staff accept no invitation",
        f"{EXPERTS}/invitations/actions.py",
        "    if caller.kind is Kind.STAFF:\n",
        "    if False:\n",
        INVITATIONS,
    ),
    listed(
        "experts: another answer than the first is refused",
        f"{EXPERTS}/invitations/actions.py",
        "    return seat.state is same and seat.reason == given.reason\n",
        "    return True\n",
        INVITATIONS,
    ),
    listed(
        "experts: people are settled once a panel is drawn",
        f"{EXPERTS}/conflicts/actions.py",
        "    if drawn_at is not None and not caller.may(P.EXPERT_MANAGE, at=drawn_at):\n",
        "    if False:\n",
        AROUND,
    ),
    listed(
        "experts: whoever leaves gives up their seats",
        f"{EXPERTS}/pool/actions.py",
        "    if row.state is not ExpertState.STANDING:\n        await leave_panels",
        "    if False:\n        await leave_panels",
        AROUND,
    ),
    listed(
        "experts: who has left accepts nothing",
        f"{EXPERTS}/invitations/actions.py",
        "    if expert.state is not ExpertState.STANDING:\n",
        "    if False:\n",
        AROUND,
    ),
    listed(
        "experts: a conflict goes along with who is entered anew",
        f"{EXPERTS}/pool/actions.py",
        "    await carry_ties(db, caller, [row.id], now)\n",
        "",
        AROUND,
    ),
    listed(
        "experts: what is opened is written down",
        f"{EXPERTS}/pool/listing.py",
        "        if noted:\n",
        "        if False:\n",
        LISTING,
    ),
)
