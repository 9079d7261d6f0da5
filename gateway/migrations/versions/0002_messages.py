"""Messages and their delivery log, visible to their recipient and to nobody else."""

from alembic import op

from services.kit.walls import wall

revision = "0002"
down_revision = "0001"

TABLES = (
    """CREATE TABLE messages (
        id uuid PRIMARY KEY,
        recipient uuid NOT NULL,
        template varchar(40) NOT NULL,
        values jsonb NOT NULL,
        division_code varchar(12) COLLATE "C" NOT NULL,
        fact_id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        read_at timestamptz,
        CONSTRAINT messages_once UNIQUE (recipient, template, fact_id))""",
    "CREATE INDEX messages_newest ON messages (recipient, created_at DESC, id DESC)",
    "CREATE INDEX messages_unread ON messages (recipient, created_at DESC, id DESC)"
    " WHERE read_at IS NULL",
    """CREATE TABLE message_deliveries (
        message_id uuid NOT NULL REFERENCES messages ON DELETE CASCADE,
        channel varchar(40) NOT NULL,
        recipient uuid NOT NULL,
        state varchar(40) NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (message_id, channel))""",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for table in ("messages", "message_deliveries"):
        for statement in wall(table, None, relations=("recipient",)):
            op.execute(statement)
