"""Safeguards of single capabilities by their exact text: what holds them apart from the kit's."""

from tests.safeguards import REPLACEMENT, listed

ACTIVITIES = "tests/events/activities"
DOOR = "tests/events/door"
DRAWS = "tests/events/draws/test_draws.py"
FACTORS = "tests/gateway/factors/test_factor.py"
FEEDBACK = "tests/events/feedback/test_feedback.py"
JOBS = "tests/kit/test_jobs.py"
OUTLIERS = f"{ACTIVITIES}/test_outliers.py"
RIGHTS = "tests/gateway/rights/test_rights.py"
ROSTERS = "tests/events/rosters/test_rosters.py"
UPLOADS = "tests/kit/files/test_uploads.py"

PARTS = (
    listed(
        "door: one settling of an occurrence at a time",
        "services/events/door/settling.py",
        "await door(db, occurrence_id, lock=True)",
        "await door(db, occurrence_id)",
        f"{DOOR}/test_syncing.py",
    ),
    listed(
        "door: a scan is signed by its device",
        "services/events/door/syncing.py",
        "if not proofs.is_signed(device.public_key, signed, signature):",
        "if False:",
        f"{DOOR}/test_syncing.py",
    ),
    listed(
        "door: devices are changed within the reach",
        "services/events/door/queries.py",
        """        Device.id == device_id,
        within(col(Device.division_code), caller, P.REGISTRATION_CHECK_IN),
""",
        "        Device.id == device_id,\n",
        f"{DOOR}/test_devices.py",
    ),
    listed(
        "door: kept scans are read within the reach",
        "services/events/door/queries.py",
        "within(col(ScanRow.division_code), caller, P.REGISTRATION_READ)",
        REPLACEMENT,
        f"{DOOR}/test_syncing.py",
    ),
    listed(
        "draws: the freeze holds the pools",
        "services/events/draws/queries.py",
        "        .with_for_update(key_share=True)\n",
        "",
        DRAWS,
    ),
    listed(
        "draws: one live draw of an occurrence",
        "services/events/migrations/versions/0005_feedback.py",
        "CREATE UNIQUE INDEX draws_live",
        "CREATE INDEX draws_live",
        DRAWS,
    ),
    listed(
        "draws: pools stay shut while one is on",
        "services/events/registrations/places.py",
        "SELECT FROM draws WHERE occurrence_id = :id AND state IN ('open', 'frozen')",
        "SELECT FROM draws WHERE false",
        DRAWS,
    ),
    listed(
        "draws: pools stay shut for who waits for the next one",
        "services/events/registrations/places.py",
        "SELECT FROM registrations WHERE occurrence_id = :id AND state = 'entered'",
        "SELECT FROM registrations WHERE false",
        DRAWS,
    ),
    listed(
        "feedback: no figure of fewer than five",
        "services/events/feedback/rules.py",
        "LEAST = 5\n",
        "LEAST = 4\n",
        FEEDBACK,
    ),
    listed(
        "feedback: one's own visit only",
        "services/events/feedback/actions.py",
        "if party.account_id != me:",
        "if False:",
        FEEDBACK,
    ),
    listed(
        "feedback: comments are for the host",
        "services/events/feedback/actions.py",
        "caller.require(P.PERSONAL_OPEN, at=row.division_code)",
        "pass",
        FEEDBACK,
    ),
    listed(
        "rosters: a list shows those within the reach",
        "services/events/rosters/queries.py",
        "registrations.visible(caller)",
        REPLACEMENT,
        ROSTERS,
    ),
    listed(
        "rosters: names are printed by who wrote them or may open them",
        "services/events/rosters/actions.py",
        "caller.require(P.PERSONAL_OPEN, at=row.division_code)",
        "pass",
        ROSTERS,
    ),
    listed(
        "outliers: the division above judges",
        "services/events/activities/outliers/actions.py",
        "at=judge_of(activity.division_code)",
        "at=activity.division_code",
        OUTLIERS,
    ),
    listed(
        "outliers: one weighing at a time",
        "services/events/activities/outliers/consumer.py",
        'select(func.pg_advisory_xact_lock(func.hashtextextended("outliers", 0)))',
        "select(func.now())",
        OUTLIERS,
    ),
    listed(
        "umbrellas: one is joined only where it is seen",
        "services/events/activities/umbrella_actions.py",
        "Activity.id == umbrella_id, queries.visible(caller)",
        "Activity.id == umbrella_id",
        f"{ACTIVITIES}/test_umbrellas.py",
    ),
    listed(
        "plans: a crowd has one after it was handed in",
        "services/events/activities/crowds.py",
        "if row.state not in EDITABLE:",
        "if False:",
        f"{ACTIVITIES}/test_safety_plans.py",
    ),
    listed(
        "plans: pools that grow at once are one crowd",
        "services/events/registrations/places.py",
        "whose.with_for_update(of=Activity, key_share=True)",
        "whose",
        f"{ACTIVITIES}/test_safety_plans.py",
    ),
    listed(
        "recoding: orders are for who manages their divisions",
        "services/events/recoding/queries.py",
        "within(col(Change.scope_code), caller, P.DIVISION_MANAGE)",
        REPLACEMENT,
        "tests/events/recoding/test_orders.py",
    ),
    listed(
        "jobs: one is seen by its owner and within its reach",
        "services/kit/jobs/routes.py",
        "jobs.select().where(jobs.c.id == job_id, visible(kit, caller))",
        "jobs.select().where(jobs.c.id == job_id)",
        JOBS,
    ),
    listed(
        "jobs: the list has one's own and those within reach",
        "services/kit/jobs/routes.py",
        "jobs.select().where(visible(kit, caller))",
        "jobs.select()",
        JOBS,
    ),
    listed(
        "files: an upload is its owner's",
        "services/kit/files/rows.py",
        "            mine(files.c.owner, caller),\n",
        "",
        UPLOADS,
    ),
    listed(
        "files: what belongs to nothing yet is its owner's",
        "services/kit/files/serving.py",
        "if not caller.is_(file.owner):",
        "if False:",
        UPLOADS,
    ),
    listed(
        "factors: a code works once",
        "gateway/factors/actions.py",
        ", col(SecondFactor.last_step) < step)",
        ")",
        FACTORS,
    ),
    listed(
        "factors: a recovery code works once",
        "gateway/factors/actions.py",
        """            col(RecoveryCode.used_at).is_(None),
            # A factor""",
        "            # A factor",
        FACTORS,
    ),
    listed(
        "factors: what is dangerous asks for it again",
        "gateway/identity/callers.py",
        "if is_dangerous(method, path) and not self._factor_is_fresh():",
        "if False:",
        FACTORS,
    ),
    listed(
        "rights: a citizen proves it anew before being erased",
        "gateway/rights/routes.py",
        "await proofs.by_code(kit, row, given.code)",
        "pass",
        RIGHTS,
    ),
    listed(
        "rights: who holds a post is not erased",
        "gateway/rights/actions.py",
        "        await _require_no_posts(db, row, today(now))",
        "        pass",
        RIGHTS,
    ),
    listed(
        "rights: the wall around requests",
        "gateway/migrations/versions/0003_second_factor.py",
        '    "rights_requests": ("subject",),\n',
        "",
        RIGHTS,
    ),
)
