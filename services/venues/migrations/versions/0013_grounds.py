"""Why a decision was taken also where nobody typed it: what the stage came to."""

from alembic import op

revision = "0013"
down_revision = "0012"

STATEMENTS = (
    # [{"rule": "found-notice", "values": {"last_on": "2026-10-12"}}]: told in each reader's words.
    "ALTER TABLE decisions ADD COLUMN grounds jsonb NOT NULL DEFAULT '[]'",
    # Whoever lets an application go on, or not, says why. What was decided before stays as it is.
    """ALTER TABLE decisions ADD CONSTRAINT decisions_why CHECK (
        action NOT IN ('recommend', 'pass', 'name', 'send_back', 'extend', 'refuse')
        OR reason IS NOT NULL OR grounds <> '[]') NOT VALID""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
