"""Feedback, class rosters and draws."""

from alembic import op

from services.kit.access import P
from services.kit.walls import wall

revision = "0005"
down_revision = "0004"

CODE = 'varchar(12) COLLATE "C"'

TABLES = (
    # A right that is spent: it says who, and nothing of what or when.
    """CREATE TABLE feedback_rights (
        registration_id uuid PRIMARY KEY REFERENCES registrations,
        activity_id uuid NOT NULL REFERENCES activities,
        account_id uuid)""",
    "CREATE UNIQUE INDEX feedback_rights_once ON feedback_rights (activity_id, account_id)"
    " WHERE account_id IS NOT NULL",
    # What was said, by nobody: until there is enough of it to be shown as a whole.
    """CREATE TABLE feedback_box (
        id uuid PRIMARY KEY,
        activity_id uuid NOT NULL REFERENCES activities,
        given_on date,
        sealed bytea NOT NULL)""",
    "CREATE INDEX feedback_box_activity ON feedback_box (activity_id, given_on)",
    "CREATE INDEX feedback_box_days ON feedback_box (given_on) WHERE given_on IS NOT NULL",
    """CREATE TABLE feedback_results (
        activity_id uuid PRIMARY KEY REFERENCES activities,
        answers integer NOT NULL,
        satisfied integer NOT NULL,
        released_on date NOT NULL,
        version integer NOT NULL,
        CONSTRAINT feedback_results_enough CHECK (answers >= 5),
        CONSTRAINT feedback_results_satisfied CHECK (satisfied BETWEEN 0 AND answers))""",
    f"""CREATE TABLE feedback_comments (
        id uuid PRIMARY KEY,
        activity_id uuid NOT NULL REFERENCES activities,
        division_code {CODE} NOT NULL,
        sealed bytea NOT NULL)""",
    "CREATE INDEX feedback_comments_activity ON feedback_comments (activity_id, id)",
    *(
        f"ALTER TABLE {table} ADD COLUMN {name} {kind} NOT NULL DEFAULT 0"
        for table, kind in (("contributions", "integer"), ("tallies", "bigint"))
        for name in ("answers", "satisfied")
    ),
    f"""CREATE TABLE rosters (
        registration_id uuid PRIMARY KEY REFERENCES registrations,
        division_code {CODE} NOT NULL,
        account_id uuid,
        proxy_by uuid,
        class_name text NOT NULL,
        school text,
        contact_sealed bytea NOT NULL,
        contact_masked text NOT NULL,
        contact_phone_sealed bytea NOT NULL,
        contact_phone_masked text NOT NULL,
        version integer NOT NULL)""",
    """CREATE TABLE draws (
        id uuid PRIMARY KEY,
        occurrence_id uuid NOT NULL REFERENCES occurrences,
        state varchar(40) NOT NULL,
        closes_at timestamptz NOT NULL,
        source_at timestamptz,
        commitment text NOT NULL,
        commitment_sha256 text NOT NULL,
        secret_sealed bytea NOT NULL,
        salt_sealed bytea NOT NULL,
        report text,
        void_reason text,
        opened_by uuid NOT NULL,
        opened_at timestamptz NOT NULL DEFAULT now(),
        drawn_at timestamptz,
        version integer NOT NULL,
        CONSTRAINT draws_report CHECK (state NOT IN ('frozen', 'drawn') OR report IS NOT NULL),
        CONSTRAINT draws_reason CHECK ((state = 'void') = (void_reason IS NOT NULL)))""",
    "CREATE UNIQUE INDEX draws_live ON draws (occurrence_id) WHERE state IN ('open', 'frozen')",
    "CREATE INDEX draws_occurrence ON draws (occurrence_id, id)",
    "CREATE INDEX draws_due ON draws (closes_at) WHERE state = 'open'",
    """CREATE TABLE draw_log (
        draw_id uuid NOT NULL REFERENCES draws,
        number integer NOT NULL,
        at timestamptz NOT NULL,
        event varchar(40) NOT NULL,
        detail jsonb NOT NULL,
        PRIMARY KEY (draw_id, number))""",
    # Who stands in a draw stands there once.
    "DROP INDEX registrations_once",
    "CREATE UNIQUE INDEX registrations_once ON registrations (occurrence_id, account_id)"
    " WHERE account_id IS NOT NULL AND state IN ('waiting', 'offered', 'confirmed', 'entered')",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for table, permission, relations in (
        ("feedback_rights", None, ("account_id",)),
        ("feedback_box", None, ()),
        ("feedback_comments", P.REGISTRATION_READ, ()),
        ("rosters", P.REGISTRATION_READ, ("account_id", "proxy_by")),
    ):
        for statement in wall(table, permission, relations=relations):
            op.execute(statement)
