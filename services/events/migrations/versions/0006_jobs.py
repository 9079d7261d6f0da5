"""Jobs, and changes of divisions: what follows them, and figures on the map of then."""

from alembic import op
from sqlalchemy import text

from services.kit.jobs.tables import create_jobs_table
from services.kit.recoding import RECODINGS, Follows, follow

revision = "0006"
down_revision = "0005"

CODE = 'varchar(12) COLLATE "C"'

# Counted from other rows, or said of the division itself (a population): they do not follow.
STAY = ("tallies", "haves", "coverage_counts", "populations")
KEYS = {
    "activity_hosts": "activity_id",
    "check_ins": "member_id",
    "enrolment_codes": "digest",
    "rosters": "registration_id",
    "scans": "key",
    "station_contacts": "station_id",
}

CHANGES = (
    f"""CREATE TABLE division_changes (
        id uuid PRIMARY KEY,
        document text NOT NULL,
        decided_on date NOT NULL,
        effective_on date NOT NULL,
        kind varchar(40) NOT NULL,
        scope_code {CODE} NOT NULL,
        lines jsonb NOT NULL,
        note text,
        state varchar(40) NOT NULL,
        rehearsed jsonb,
        rehearsed_at timestamptz,
        figures jsonb,
        applied_at timestamptz,
        job_id uuid,
        version integer NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT division_changes_document UNIQUE (document),
        CONSTRAINT division_changes_in_order CHECK (effective_on >= decided_on))""",
    "CREATE INDEX division_changes_scope ON division_changes (scope_code, id)",
    # One change at a time: the next is held against the register as this one leaves it.
    "CREATE UNIQUE INDEX division_changes_one_at_a_time ON division_changes ((true))"
    " WHERE state = 'running'",
    f"""CREATE TABLE division_change_codes (
        change_id uuid NOT NULL REFERENCES division_changes,
        old_code {CODE} NOT NULL,
        new_code {CODE} NOT NULL,
        PRIMARY KEY (change_id, old_code))""",
    # What an order made of the register: a later load of an edition leaves it as it is.
    f"""CREATE TABLE ordered_divisions (
        code {CODE} PRIMARY KEY,
        change_id uuid NOT NULL REFERENCES division_changes,
        founded boolean NOT NULL)""",
)

FIGURES = (
    # The codes of the fact as they are today: what the tallies count. `hosts` are those of then.
    "ALTER TABLE contributions ADD COLUMN today text[]",
    "UPDATE contributions SET today = hosts",
    "ALTER TABLE contributions ALTER COLUMN today SET NOT NULL",
    # The same cells on the map of then, less those of today: empty while nothing changed.
    "CREATE TABLE tallies_then (LIKE tallies INCLUDING ALL)",
    # The recorded codes of hosts that became one with this one.
    "ALTER TABLE activity_hosts ADD COLUMN absorbed text[] NOT NULL DEFAULT '{}'",
)


def upgrade() -> None:
    create_jobs_table(op)
    for statement in (*RECODINGS, *CHANGES, *FIGURES):
        op.execute(statement)
    standing = text(
        """SELECT c.table_name FROM information_schema.columns c
        JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE c.table_schema = 'public' AND c.column_name = 'division_code'
            AND t.table_type = 'BASE TABLE' AND NOT c.table_name = ANY (:stay) ORDER BY 1"""
    ).bindparams(stay=[*STAY, "tallies_then"])
    for (table,) in op.get_bind().execute(standing).all():
        for statement in follow(Follows(table, KEYS.get(table, "id"))):
            op.execute(statement)
