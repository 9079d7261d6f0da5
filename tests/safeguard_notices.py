"""Safeguards of notices, objections and credit checks, by their exact text."""

from tests.safeguards import listed

MIGRATION = "services/venues/migrations/versions/0007_notices.py"
NOTICES = "services/venues/notices"
CREDIT = "services/venues/credit"
WINDOWS = "tests/venues/notices/test_windows.py"
OBJECTIONS = "tests/venues/notices/test_objections.py"
CHECKS = "tests/venues/credit/test_checks.py"
REMOTE = "tests/venues/credit/test_remote.py"

NOTICES_LISTED = (
    listed(
        "notices: no honour without a finished one, in the database",
        MIGRATION,
        "FOR EACH ROW WHEN (NEW.application_id IS NOT NULL)",
        "FOR EACH ROW WHEN (false)",
        WINDOWS,
    ),
    listed(
        "notices: the newest run counts, in the database",
        MIGRATION,
        "ORDER BY r.attempt DESC LIMIT 1",
        "ORDER BY r.attempt LIMIT 1",
        WINDOWS,
    ),
    listed(
        "notices: none is finished early or beside an open objection, in the database",
        MIGRATION,
        "CHECK (state <> 'finished' OR COALESCE(",
        "CHECK (true OR COALESCE(",
        WINDOWS,
    ),
    listed(
        "notices: an application is shown once",
        MIGRATION,
        "CREATE UNIQUE INDEX notice_entries_once",
        "CREATE INDEX notice_entries_once",
        WINDOWS,
    ),
    listed(
        "notices: days under suspension do not count",
        f"{NOTICES}/rules.py",
        "left -= worked and not any(first <= day <= last for first, last in taken)",
        "left -= worked",
        WINDOWS,
    ),
    listed(
        "notices: the gate hears of what was upheld",
        f"{NOTICES}/gate.py",
        'return [Unmet("objection-upheld")]',
        "return []",
        WINDOWS,
    ),
    listed(
        "notices: who decides for the authority opens one",
        f"{NOTICES}/actions.py",
        "caller.require(P.APPLICATION_DECIDE, at=rule.division)",
        "pass",
        WINDOWS,
    ),
    listed(
        "notices: withdrawn only with every objection answered",
        f"{NOTICES}/actions.py",
        "if any(entry.open_objections for entry in entries):",
        "if False:",
        OBJECTIONS,
    ),
    listed(
        "objections: only while the notice is open, in the database",
        MIGRATION,
        "WHERE id = NEW.entry_id AND state = 'open' AND TG_OP = 'INSERT';",
        "WHERE id = NEW.entry_id;",
        OBJECTIONS,
    ),
    listed(
        "objections: one open one of a person to a name",
        MIGRATION,
        "CREATE UNIQUE INDEX objections_one_open",
        "CREATE INDEX objections_one_open",
        OBJECTIONS,
    ),
    listed(
        "objections: the wall",
        MIGRATION,
        '        *wall("objections", P.APPLICATION_READ, relations=("account_id",)),\n',
        "",
        OBJECTIONS,
    ),
    listed(
        "objections: under real name",
        f"{NOTICES}/objection_actions.py",
        "    require_named(given.name, given.phone, given.address, notice.basis)\n",
        "",
        OBJECTIONS,
    ),
    listed(
        "objections: late ones are complaints",
        f"{NOTICES}/objection_actions.py",
        "over = is_over(entry.last_on, now) and not entry.open_objections",
        "over = False",
        OBJECTIONS,
    ),
    listed(
        "objections: a letter is entered by the office",
        f"{NOTICES}/objection_actions.py",
        "        caller.require(P.APPLICATION_REVIEW, at=notice.division_code)\n",
        "        pass\n",
        OBJECTIONS,
    ),
    listed(
        "objections: who objects stands in no trail",
        f"{NOTICES}/objection_actions.py",
        '"receive_objection", caller if given.by_letter else SERVICE, now)',
        '"receive_objection", caller, now)',
        OBJECTIONS,
    ),
    listed(
        "credit: a question without an answer lets nothing pass",
        f"{CREDIT}/gate.py",
        "    if check is not None:\n",
        "    if False:\n",
        CHECKS,
    ),
    listed(
        "credit: a red line is a veto",
        f"{CREDIT}/gate.py",
        "    if newest.result is Result.RED_LINE:\n",
        "    if False:\n",
        CHECKS,
    ),
    listed(
        "credit: an answer is signed and about this host",
        f"{CREDIT}/gate.py",
        "if not is_sound(suite().keys, newest, row.id, row.host_uscc, row.host_name):",
        "if False:",
        CHECKS,
    ),
    listed(
        "credit: an answer grows old",
        f"{CREDIT}/gate.py",
        "if too_old(newest.answered_at, valid_days(standing.definition), standing.now):",
        "if False:",
        CHECKS,
    ),
    listed(
        "credit: after a red line there is a remedy",
        f"{CREDIT}/gate.py",
        "if red is not None and not await _remedied(db, red, newest):",
        "if False:",
        CHECKS,
    ),
    listed(
        "credit: asked for before the experts, whatever the stage",
        "services/venues/stages.py",
        "WORK.update({kind: credit.with_credit(work) for kind, work in WORK.items()})",
        "",
        CHECKS,
    ),
    listed(
        "credit: answers stay as they were",
        MIGRATION,
        "BEGIN RAISE EXCEPTION 'an answer is never changed'; END",
        "BEGIN RETURN NEW; END",
        CHECKS,
    ),
    listed(
        "credit: one appeal at a time",
        MIGRATION,
        "CREATE UNIQUE INDEX credit_remedies_one_lodged",
        "CREATE INDEX credit_remedies_one_lodged",
        CHECKS,
    ),
    listed(
        "credit: an old list does not acquit",
        f"{CREDIT}/listed.py",
        "if found.result is not Result.RED_LINE and asked.asked_at - as_of > self._days:",
        "if False:",
        CHECKS,
    ),
    listed(
        "credit: the provider's signature",
        f"{CREDIT}/remote.py",
        "self._key.verify(unbase64(signature), body)",
        "unbase64(signature)",
        REMOTE,
    ),
    listed(
        "credit: the answer is to this question",
        f"{CREDIT}/remote.py",
        "if (said.request, said.uscc) != (asked.request, asked.uscc):",
        "if False:",
        REMOTE,
    ),
    listed(
        "credit: the provider's deadline",
        f"{CREDIT}/remote.py",
        "async with asyncio.timeout(self._settings.deadline_s):",
        "async with asyncio.timeout(60):",
        REMOTE,
    ),
    listed(
        "credit: a question is asked once at a time",
        f"{CREDIT}/asking.py",
        "check.tries, check.tried_at, check.next_try_at = check.tries + 1, now, now + lease",
        "check.tries, check.tried_at, check.next_try_at = check.tries + 1, now, now",
        REMOTE,
    ),
    listed(
        "credit: the list is the province's",
        f"{CREDIT}/sheet.py",
        "if tier_of(home) is not Tier.PROVINCE:",
        "if False:",
        "tests/venues/credit/test_list.py",
    ),
)
