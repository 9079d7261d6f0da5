"""Files that people upload, and the pictures of activities."""

from alembic import op

from services.kit.files.tables import create_file_tables

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    create_file_tables(op)
    op.execute(
        # In order, each {file, alt, width, height}: a list of activities reads them with its rows.
        "ALTER TABLE activities ADD pictures jsonb NOT NULL DEFAULT '[]'"
        " CONSTRAINT activities_pictures CHECK"
        " (jsonb_typeof(pictures) = 'array' AND jsonb_array_length(pictures) <= 12)"
    )
