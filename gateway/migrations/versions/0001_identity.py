"""The kit's tables, accounts, sessions, codes, grants and the audit chain."""

from alembic import op

from services.kit.access import P
from services.kit.migrations import create_kit_tables
from services.kit.walls import CODE_RANGE, wall

revision = "0001"
down_revision = None

CODE = 'varchar(12) COLLATE "C"'

TABLES = (
    f"""CREATE TABLE accounts (
        id uuid PRIMARY KEY,
        kind varchar(40) NOT NULL CHECK (kind IN ('citizen', 'staff')),
        state varchar(40) NOT NULL CHECK (state IN ('active', 'locked')),
        username text UNIQUE,
        home_code {CODE},
        recorded_code {CODE},
        name_sealed bytea,
        phone_sealed bytea,
        phone_index bytea,
        password_hash text,
        password_temporary boolean NOT NULL,
        version integer NOT NULL,
        created_by uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        signed_in_at timestamptz,
        CONSTRAINT accounts_staff CHECK (kind = 'citizen'
            OR (username IS NOT NULL AND home_code IS NOT NULL AND password_hash IS NOT NULL)),
        CONSTRAINT accounts_citizen CHECK (kind = 'staff'
            OR (phone_index IS NOT NULL AND username IS NULL AND password_hash IS NULL)))""",
    # A member of staff may also be a citizen with the same phone.
    "CREATE UNIQUE INDEX accounts_phone ON accounts (phone_index) WHERE kind = 'citizen'",
    "CREATE INDEX accounts_home ON accounts (home_code, id)",
    """CREATE TABLE sessions (
        id uuid PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES accounts,
        kind varchar(40) NOT NULL CHECK (kind IN ('bearer', 'cookie')),
        token_hash bytea NOT NULL UNIQUE,
        device text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        last_used_at timestamptz NOT NULL DEFAULT now(),
        revoked_at timestamptz)""",
    "CREATE INDEX sessions_account ON sessions (account_id, id)",
    """CREATE TABLE sign_in_codes (
        id uuid PRIMARY KEY,
        phone_index bytea NOT NULL,
        code_index bytea NOT NULL,
        expires_at timestamptz NOT NULL,
        tries integer NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
        used_at timestamptz)""",
    "CREATE INDEX sign_in_codes_phone ON sign_in_codes (phone_index, id)",
    """CREATE TABLE throttles (
        key bytea PRIMARY KEY,
        tries integer NOT NULL,
        began_at timestamptz NOT NULL,
        blocked_until timestamptz)""",
    f"""CREATE TABLE grants (
        id uuid PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES accounts,
        role varchar(40) NOT NULL,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        from_day date NOT NULL,
        until_day date,
        reason text NOT NULL,
        deputy_for uuid REFERENCES grants,
        taken_from uuid REFERENCES grants,
        granted_by uuid,
        ended_by uuid,
        ended_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT grants_days CHECK (until_day >= from_day),
        CONSTRAINT grants_deputy_ends CHECK (deputy_for IS NULL OR until_day IS NOT NULL),
        CONSTRAINT grants_once EXCLUDE USING gist (
            account_id WITH =, role WITH =, division_code WITH =,
            daterange(from_day, until_day, '[]') WITH &&)
            WHERE (ended_at IS NULL AND deputy_for IS NULL))""",
    "CREATE INDEX grants_account ON grants (account_id)",
    "CREATE INDEX grants_division ON grants (division_code, id)",
    "CREATE INDEX grants_deputies ON grants (deputy_for) WHERE deputy_for IS NOT NULL",
    f"""CREATE TABLE audit (
        number bigint PRIMARY KEY,
        at timestamptz NOT NULL,
        actor uuid,
        action varchar(40) NOT NULL,
        subject text NOT NULL,
        division_code {CODE},
        details jsonb NOT NULL,
        request_id text,
        previous bytea NOT NULL,
        hash bytea NOT NULL UNIQUE)""",
    "CREATE INDEX audit_division ON audit (division_code, number)",
)


def upgrade() -> None:
    create_kit_tables(op)
    op.execute(CODE_RANGE)
    for statement in TABLES:
        op.execute(statement)
    for statement in wall("accounts", P.ACCOUNT_MANAGE, division="home_code", relations=("id",)):
        op.execute(statement)
    # Nobody's reach opens somebody else's sessions: an administrator locks the account instead.
    for statement in wall("sessions", None, relations=("account_id",)):
        op.execute(statement)
