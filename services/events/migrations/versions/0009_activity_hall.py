"""The hall of a venue that an occurrence asks for, and what the venue said."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(
        """ALTER TABLE occurrences
            ADD hall_id uuid,
            ADD hall_hold varchar(40),
            ADD CONSTRAINT occurrences_hall CHECK (hall_id IS NULL OR venue_id IS NOT NULL)"""
    )
