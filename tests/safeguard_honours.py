"""Safeguards of honours and certificates by their exact text."""

from tests.safeguards import listed

HONOURS = "services/venues/honours"
TESTS = "tests/venues/honours"
TABLES = "services/venues/migrations/versions/0009_certificates.py"

HONOURS_LISTED = (
    listed(
        "honours: one serial at a time",
        f"{HONOURS}/actions.py",
        """INSERT INTO honour_serials AS s (programme_id, year, last) VALUES (:programme_id, :year, 1)
    ON CONFLICT (programme_id, year) DO UPDATE SET last = s.last + 1 RETURNING last""",
        "SELECT count(*) + 1 FROM honours WHERE programme_id = :programme_id AND :year > 0",
        f"{TESTS}/test_granting.py",
    ),
    listed(
        "honours: a number that stands elsewhere is passed over",
        f"{HONOURS}/actions.py",
        "if not await _is_taken(db, number):",
        "if True:",
        f"{TESTS}/test_granting.py",
    ),
    listed(
        "honours: a number is one honour's whatever its brackets",
        f"{HONOURS}/actions.py",
        '"spellings": sorted(spellings(number))',
        '"spellings": [number]',
        f"{TESTS}/test_granting.py",
    ),
    listed(
        "honours: a creation period is ended by its confirmation alone",
        f"{HONOURS}/steps.py",
        'action = "resume_creation"',
        "pass",
        f"{TESTS}/test_granting.py",
    ),
    listed(
        "honours: named on a day that was",
        f"{HONOURS}/rules.py",
        "if issued_on is not None and issued_on > today:",
        "if False:",
        f"{TESTS}/test_granting.py",
    ),
    listed(
        "inspections: held since the base was named",
        "services/venues/inspections/actions.py",
        "day_of(now), found.named_on)",
        "day_of(now))",
        "tests/venues/inspections/test_inspections.py",
    ),
    listed(
        "inspections: what inspectors wrote is not published",
        "services/venues/inspections/settling.py",
        "caller, RECHECK_PASSED, now",
        "caller, recheck.summary, now",
        "tests/venues/inspections/test_rectifying.py",
    ),
    listed(
        "honours: entered by who approves venues there",
        f"{HONOURS}/actions.py",
        "    caller.require(P.VENUE_APPROVE, at=at)\n",
        "",
        f"{TESTS}/test_granting.py",
    ),
    listed(
        "honours: what was named here is not corrected",
        f"{HONOURS}/actions.py",
        "if row.application_id is not None or row.state is HonourState.REVOKED:",
        "if False:",
        f"{TESTS}/test_granting.py",
    ),
    listed(
        "honours: decided where the programme is",
        f"{HONOURS}/queries.py",
        "return func.coalesce(Programme.division_code, named_elsewhere)",
        "return code",
        f"{TESTS}/test_steps.py",
    ),
    listed(
        "honours: the need of each step",
        f"{HONOURS}/steps.py",
        "        caller.require(P(need), at=found.authority)\n",
        "        pass\n",
        f"{TESTS}/test_steps.py",
    ),
    listed(
        "honours: the trigger that keeps a revocation",
        TABLES,
        "WHEN (OLD.state = 'revoked' AND NEW.state <> 'revoked')",
        "WHEN (false)",
        f"{TESTS}/test_steps.py",
    ),
    listed(
        "honours: a revocation withdraws the certificate",
        f"{HONOURS}/steps.py",
        "    if row.state is HonourState.REVOKED:\n        await withdraw(db, row, now)\n",
        "",
        f"{TESTS}/test_steps.py",
    ),
    listed(
        "certificates: none while it may not be relied on",
        f"{HONOURS}/verification.py",
        "    if state in IN_FORCE:\n",
        "    if True:\n",
        f"{TESTS}/test_steps.py",
        f"{TESTS}/test_verification.py",
    ),
    listed(
        "certificates: expired by the day, before the clock",
        f"{HONOURS}/rules.py",
        "    return S.EXPIRED if over and state in",
        "    return S.EXPIRED if False and over and state in",
        f"{TESTS}/test_verification.py",
    ),
    listed(
        "certificates: no box is drawn",
        f"{HONOURS}/drawing.py",
        "    if lacking:\n",
        "    if False:\n",
        f"{TESTS}/test_certificates.py",
    ),
    listed(
        "credentials: a suspension sets its bit",
        f"{HONOURS}/queries.py",
        "\"h.state = 'suspended'\"",
        '"false"',
        f"{TESTS}/test_credentials.py",
    ),
    listed(
        "credentials: a withdrawn edition sets its bit",
        f"{HONOURS}/queries.py",
        "c.withdrawn_at IS NOT NULL OR ",
        "",
        f"{TESTS}/test_credentials.py",
    ),
    listed(
        "credentials: the key that signs is the one that is named",
        f"{HONOURS}/signing.py",
        "kids[raw]",
        "next(iter(kids.values()))",
        f"{TESTS}/test_credentials.py",
    ),
    listed(
        "verification: what people wrote is escaped",
        f"{HONOURS}/page_words.py",
        "explained=escape(said.explained)",
        "explained=said.explained",
        f"{TESTS}/test_verification.py",
    ),
    listed(
        "verification: values are escaped",
        f"{HONOURS}/page_words.py",
        "<dd>{escape(value)}</dd>",
        "<dd>{value}</dd>",
        f"{TESTS}/test_verification.py",
    ),
    listed(
        "verification: a stamp is of no moment before the state",
        f"{HONOURS}/verification.py",
        "return max(minute, since.astimezone(UTC))",
        "return minute",
        f"{TESTS}/test_verification.py",
    ),
    listed(
        "honours: a named division is the division it stands at",
        TABLES,
        "IF NEW.subject_code IS NOT NULL THEN",
        "IF false THEN",
        f"{TESTS}/test_granting.py",
    ),
)
