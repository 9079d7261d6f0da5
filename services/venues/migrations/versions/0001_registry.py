"""The kit's tables and the register of venues."""

from alembic import op

from services.kit.migrations import create_kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    op.execute(
        """CREATE TABLE venues (
            id uuid PRIMARY KEY,
            name text NOT NULL,
            kind varchar(30) NOT NULL,
            division_code varchar(12) COLLATE "C" NOT NULL,
            recorded_code varchar(12) COLLATE "C" NOT NULL,
            longitude double precision CHECK (longitude BETWEEN 73 AND 136),
            latitude double precision CHECK (latitude BETWEEN 3 AND 54),
            source text,
            place_evidence varchar(40),
            state varchar(20) NOT NULL,
            version integer NOT NULL,
            created_by uuid NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now())"""
    )
    op.execute("CREATE INDEX venues_division ON venues (division_code)")
    op.execute("CREATE INDEX venues_by_name ON venues (name, id)")
