"""Venues that close and open again, drafts that were a mistake; names told to other services."""

from alembic import op

from services.kit.recoding import Follows, follow

revision = "0012"
down_revision = "0010"

CODE = 'varchar(12) COLLATE "C"'

STATEMENTS = (
    """CREATE TABLE venue_closings (
        id uuid PRIMARY KEY,
        venue_id uuid NOT NULL REFERENCES venues,
        reason text,
        parties integer NOT NULL DEFAULT 0,
        people integer NOT NULL DEFAULT 0,
        holds integer NOT NULL DEFAULT 0,
        closed_by uuid NOT NULL,
        closed_at timestamptz NOT NULL,
        settled_at timestamptz,
        reopened_by uuid,
        reopened_at timestamptz,
        CONSTRAINT venue_closings_said CHECK (parties + holds = 0 OR reason IS NOT NULL),
        CONSTRAINT venue_closings_over CHECK (reopened_at IS NULL OR settled_at IS NOT NULL))""",
    "CREATE UNIQUE INDEX venue_closings_standing ON venue_closings (venue_id)"
    " WHERE reopened_at IS NULL",
    "CREATE INDEX venue_closings_venue ON venue_closings (venue_id, id)",
    "CREATE INDEX venue_closings_unsettled ON venue_closings (id) WHERE settled_at IS NULL",
    f"""CREATE TABLE venue_deletions (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        kind varchar(40) NOT NULL,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        entered jsonb NOT NULL,
        reason text NOT NULL,
        deleted_by uuid NOT NULL,
        deleted_at timestamptz NOT NULL)""",
    "CREATE INDEX venue_deletions_division ON venue_deletions (division_code, id)",
)

# Who still has a reservation of a venue that closed before is told.
CLOSED = """INSERT INTO venue_closings (id, venue_id, reason, closed_by, closed_at)
    SELECT gen_random_uuid(), id, '场馆已关闭', created_by, now() FROM venues
    WHERE state = 'closed'"""

# Whoever shows a venue or a hall by its name learns the names of those that were there before
# their facts said them.
TELL = (
    """INSERT INTO outbox (id, type, subject, division, version, traceparent, data)
    SELECT gen_random_uuid(), 'venues.venue_changed.v1', id::text, division_code, version,
        '00-' || replace(gen_random_uuid()::text, '-', '') || '-'
            || left(replace(gen_random_uuid()::text, '-', ''), 16) || '-01',
        jsonb_build_object('kind', kind, 'name', name)
    FROM venues WHERE state = 'published' ORDER BY id""",
    """INSERT INTO outbox (id, type, subject, division, version, traceparent, data)
    SELECT gen_random_uuid(), 'venues.hall_changed.v1', h.id::text, v.division_code, h.version,
        '00-' || replace(gen_random_uuid()::text, '-', '') || '-'
            || left(replace(gen_random_uuid()::text, '-', ''), 16) || '-01',
        jsonb_build_object('venue_id', h.venue_id, 'name', h.name, 'open', h.open)
    FROM halls h JOIN venues v ON v.id = h.venue_id ORDER BY h.id""",
)


def upgrade() -> None:
    for statement in (
        *STATEMENTS,
        CLOSED,
        *follow(Follows("venue_deletions", exactly=True)),
        *TELL,
    ):
        op.execute(statement)
