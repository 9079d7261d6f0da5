"""Safeguards of programmes, applications and their assessment, by their exact text."""

from tests.safeguards import listed

APPLICATIONS = "services/venues/applications"
ASSESSMENT = "services/venues/assessment"
TESTS = "tests/venues/applications"
AT_ONCE = f"{TESTS}/test_at_once.py"
UNSEEN = f"{TESTS}/test_unseen_programme.py"
HELD = f"{TESTS}/test_held_by_the_database.py"

APPLICATIONS_LISTED = (
    listed(
        "applications: held while it is decided on",
        f"{APPLICATIONS}/queries.py",
        "    if lock:\n",
        "    if False:\n",
        AT_ONCE,
    ),
    listed(
        "applications: who goes on says which stage",
        f"{APPLICATIONS}/engine.py",
        "    if stage_key is not None and stage_key != row.stage_key:\n",
        "    if False:\n",
        UNSEEN,
    ),
    listed(
        "applications: a decision of a meeting says why",
        f"{APPLICATIONS}/engine.py",
        "    if stage.kind in SPOKEN and reason is None:\n",
        "    if False:\n",
        UNSEEN,
    ),
    listed(
        "applications: whoever goes on says why, in the database",
        "services/venues/migrations/versions/0013_grounds.py",
        "action NOT IN ('recommend', 'pass', 'name', 'send_back', 'extend', 'refuse')",
        "true",
        HELD,
    ),
    listed(
        "applications: what a stage came to says why",
        f"{APPLICATIONS}/engine.py",
        "        grounds=grounds,\n",
        "        grounds=[],\n",
        UNSEEN,
    ),
    listed(
        "applications: what reviewers note is not the applicant's to read",
        f"{APPLICATIONS}/shapes.py",
        "told=_is_told(one)),",
        "told=True),",
        f"{TESTS}/test_trail.py",
    ),
    listed(
        "objections: counted in the row that the end of the window takes",
        "services/venues/migrations/versions/0007_notices.py",
        "WHERE id = NEW.entry_id AND state = 'open' AND TG_OP = 'INSERT';",
        "WHERE id = NEW.entry_id;",
        AT_ONCE,
    ),
    listed(
        "notices: no end beside an objection that came first, in the database",
        "services/venues/migrations/versions/0007_notices.py",
        "            open_objections = 0\n            AND closed_at",
        "            closed_at",
        AT_ONCE,
    ),
)
