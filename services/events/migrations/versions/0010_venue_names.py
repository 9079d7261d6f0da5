"""What venues and their halls are called, as services/venues says it."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(
        """CREATE TABLE known_venues (
            id uuid PRIMARY KEY,
            name text,
            has_closed boolean NOT NULL,
            version integer NOT NULL)"""
    )
    op.execute(
        """CREATE TABLE known_halls (
            id uuid PRIMARY KEY,
            name text NOT NULL,
            version integer NOT NULL)"""
    )
