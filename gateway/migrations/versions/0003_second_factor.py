"""Second factors, what people ask of what is held about them, and accounts that were erased."""

from alembic import op

from services.kit.walls import wall

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    """CREATE TABLE second_factors (
        account_id uuid PRIMARY KEY REFERENCES accounts,
        secret_sealed bytea NOT NULL,
        last_step bigint NOT NULL DEFAULT 0,
        confirmed_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE recovery_codes (
        account_id uuid NOT NULL REFERENCES accounts,
        code_index bytea NOT NULL,
        used_at timestamptz,
        PRIMARY KEY (account_id, code_index))""",
    "ALTER TABLE sessions ADD COLUMN factor_at timestamptz",
    "CREATE INDEX sessions_over ON sessions (LEAST(expires_at, revoked_at))",
    "CREATE INDEX sign_in_codes_over ON sign_in_codes (expires_at)",
    "ALTER TABLE accounts ADD COLUMN messages_off boolean NOT NULL DEFAULT false",
    # An erased account is a number that audit rows name, and nothing else.
    "ALTER TABLE accounts DROP CONSTRAINT accounts_state_check",
    "ALTER TABLE accounts DROP CONSTRAINT accounts_staff",
    "ALTER TABLE accounts DROP CONSTRAINT accounts_citizen",
    """ALTER TABLE accounts
        ADD CONSTRAINT accounts_state_check CHECK (state IN ('active', 'locked', 'erased')),
        ADD CONSTRAINT accounts_staff CHECK (kind = 'citizen' OR state = 'erased'
            OR (username IS NOT NULL AND home_code IS NOT NULL AND password_hash IS NOT NULL)),
        ADD CONSTRAINT accounts_citizen CHECK (kind = 'staff' OR state = 'erased'
            OR (phone_index IS NOT NULL AND username IS NULL AND password_hash IS NULL)),
        ADD CONSTRAINT accounts_erased CHECK (state <> 'erased'
            OR num_nonnulls(username, home_code, recorded_code, name_sealed, phone_sealed,
                phone_index, password_hash) = 0)""",
    """CREATE TABLE rights_requests (
        id uuid PRIMARY KEY,
        kind varchar(40) NOT NULL CHECK (kind IN ('withdraw', 'erase')),
        receipt_index bytea NOT NULL UNIQUE,
        subject uuid,
        phone_sealed bytea,
        pseudonym uuid,
        asked_at timestamptz NOT NULL,
        finished_at timestamptz,
        CONSTRAINT rights_requests_unlinked CHECK (finished_at IS NULL
            OR num_nonnulls(subject, phone_sealed, pseudonym) = 0))""",
    """CREATE TABLE rights_parts (
        request_id uuid NOT NULL REFERENCES rights_requests ON DELETE CASCADE,
        service varchar(40) NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL,
        done_at timestamptz,
        touched jsonb NOT NULL DEFAULT '{}',
        kept jsonb NOT NULL DEFAULT '{}',
        PRIMARY KEY (request_id, service))""",
    "CREATE INDEX rights_parts_due ON rights_parts (due_at) WHERE done_at IS NULL",
)
WALLED = {
    "second_factors": ("account_id",),
    "recovery_codes": ("account_id",),
    "rights_requests": ("subject",),
}


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    # An administrator resets a factor and never reads one: their action speaks as the service.
    for table, relations in WALLED.items():
        for statement in wall(table, None, relations=relations):
            op.execute(statement)
