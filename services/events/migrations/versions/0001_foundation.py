"""The kit's tables, the register, campaigns, activities, registrations, reporting."""

from alembic import op

from services.kit.access import P
from services.kit.migrations import create_kit_tables
from services.kit.walls import CODE_RANGE, wall

revision = "0001"
down_revision = None

CODE = 'varchar(12) COLLATE "C"'

TABLES = (
    f"""CREATE TABLE divisions (
        code {CODE} PRIMARY KEY,
        name text NOT NULL,
        short_name text NOT NULL,
        tier varchar(40) NOT NULL,
        kind text NOT NULL,
        parent_code {CODE} REFERENCES divisions DEFERRABLE INITIALLY DEFERRED,
        official boolean NOT NULL,
        civil_affairs_code text,
        civil_affairs_system text,
        edition text NOT NULL,
        longitude double precision,
        latitude double precision,
        point_source text,
        abolished_after date,
        abolished_on date,
        precision text,
        successors text[] NOT NULL DEFAULT '{{}}',
        today text[] NOT NULL DEFAULT '{{}}')""",
    "CREATE INDEX divisions_children ON divisions (parent_code, code)",
    "CREATE INDEX divisions_by_tier ON divisions (tier, code)",
    "CREATE INDEX divisions_by_name ON divisions USING gin (name gin_trgm_ops)",
    """CREATE TABLE editions (
        edition text PRIMARY KEY,
        source text NOT NULL,
        divisions integer NOT NULL,
        loaded_at timestamptz NOT NULL DEFAULT now())""",
    f"""CREATE TABLE successions (
        code {CODE} NOT NULL,
        edition text NOT NULL,
        successor_code {CODE} NOT NULL,
        name text NOT NULL,
        successor_name text NOT NULL,
        kind text NOT NULL,
        effective_after date,
        effective_on date NOT NULL,
        precision text NOT NULL,
        reused boolean NOT NULL,
        basis text NOT NULL,
        note text NOT NULL,
        PRIMARY KEY (code, edition, successor_code))""",
    "CREATE INDEX successions_backwards ON successions (successor_code, edition)",
    f"""CREATE TABLE former_names (
        code {CODE} NOT NULL,
        edition text NOT NULL,
        old_name text NOT NULL,
        new_name text NOT NULL,
        only_spelling boolean NOT NULL,
        doubtful boolean NOT NULL,
        PRIMARY KEY (code, edition))""",
    f"""CREATE TABLE campaigns (
        id uuid PRIMARY KEY,
        name text NOT NULL UNIQUE,
        theme text,
        starts_on text COLLATE "C" NOT NULL,
        ends_on text COLLATE "C",
        place text,
        division_code {CODE} NOT NULL,
        reported text,
        source text NOT NULL)""",
    "CREATE INDEX campaigns_latest ON campaigns (starts_on DESC, id DESC)",
    f"""CREATE TABLE activities (
        id uuid PRIMARY KEY,
        client_id uuid,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        campaign_id uuid REFERENCES campaigns,
        series_id uuid,
        title text NOT NULL,
        summary text NOT NULL,
        translations jsonb NOT NULL DEFAULT '{{}}',
        form varchar(40) NOT NULL,
        audiences text[] NOT NULL DEFAULT '{{}}',
        languages text[] NOT NULL DEFAULT '{{}}',
        expected_headcount integer CHECK (expected_headcount >= 0),
        safety_plan text,
        state varchar(40) NOT NULL,
        returned jsonb,
        cancel_reason text,
        version integer NOT NULL,
        created_by uuid NOT NULL,
        submitted_by uuid,
        approved_by uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        published_at timestamptz)""",
    "CREATE UNIQUE INDEX activities_client_id ON activities (created_by, client_id)"
    " WHERE client_id IS NOT NULL",
    "CREATE INDEX activities_division ON activities (division_code, id)",
    "CREATE INDEX activities_series ON activities (series_id) WHERE series_id IS NOT NULL",
    # In every language that it has.
    "CREATE INDEX activities_by_title ON activities USING gin"
    " ((title || jsonb_path_query_array(translations, '$.*.title')::text) gin_trgm_ops)",
    f"""CREATE TABLE activity_hosts (
        activity_id uuid NOT NULL REFERENCES activities,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        role varchar(40) NOT NULL,
        accepted_at timestamptz,
        PRIMARY KEY (activity_id, division_code))""",
    "CREATE INDEX activity_hosts_division ON activity_hosts (division_code, activity_id)",
    "CREATE UNIQUE INDEX activity_hosts_one_lead ON activity_hosts (activity_id)"
    " WHERE role = 'lead'",
    f"""CREATE TABLE occurrences (
        id uuid PRIMARY KEY,
        activity_id uuid NOT NULL REFERENCES activities,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        place text,
        venue_id uuid,
        longitude double precision CHECK (longitude BETWEEN 73 AND 136),
        latitude double precision CHECK (latitude BETWEEN 3 AND 54),
        online_url text,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        state varchar(40) NOT NULL,
        sequence integer NOT NULL,
        registration_opens_at timestamptz,
        registration_closes_at timestamptz,
        list_rule varchar(40) NOT NULL,
        offer_minutes integer NOT NULL CHECK (offer_minutes BETWEEN 1 AND 20160),
        cancel_reason text,
        verified integer NOT NULL CHECK (verified >= 0),
        version integer NOT NULL,
        CONSTRAINT occurrences_end_after_start CHECK (ends_at > starts_at))""",
    "CREATE INDEX occurrences_activity ON occurrences (activity_id, starts_at)",
    # What is on, by time: everywhere, in each division of a tier, and what lasts over days.
    "CREATE INDEX occurrences_upcoming ON occurrences (starts_at, id) WHERE state = 'scheduled'",
    *(
        f"CREATE INDEX occurrences_upcoming_{digits} ON occurrences"
        f" (left(division_code, {digits}), starts_at, id) WHERE state = 'scheduled'"
        for digits in (4, 6, 9, 12)
    ),
    "CREATE INDEX occurrences_lasting ON occurrences (starts_at, id)"
    " WHERE state = 'scheduled' AND ends_at - starts_at > INTERVAL '24 hours'",
    """CREATE TABLE pools (
        id uuid PRIMARY KEY,
        occurrence_id uuid NOT NULL REFERENCES occurrences,
        name text NOT NULL,
        capacity integer NOT NULL CHECK (capacity >= 0),
        confirmed integer NOT NULL CHECK (confirmed >= 0),
        offered integer NOT NULL CHECK (offered >= 0),
        waiting integer NOT NULL CHECK (waiting >= 0),
        next_number integer NOT NULL,
        open boolean NOT NULL DEFAULT true,
        version integer NOT NULL,
        CONSTRAINT pools_capacity CHECK (confirmed + offered <= capacity),
        CONSTRAINT pools_name UNIQUE (occurrence_id, name))""",
    """CREATE TABLE tickets (
        id uuid PRIMARY KEY,
        occurrence_id uuid NOT NULL REFERENCES occurrences,
        pool_id uuid NOT NULL REFERENCES pools,
        name text NOT NULL,
        min_age integer CHECK (min_age BETWEEN 0 AND 150),
        max_age integer CHECK (max_age BETWEEN 0 AND 150),
        max_party integer NOT NULL CHECK (max_party BETWEEN 1 AND 500),
        CONSTRAINT tickets_name UNIQUE (occurrence_id, name))""",
    "CREATE INDEX tickets_pool ON tickets (pool_id)",
    f"""CREATE TABLE registrations (
        id uuid PRIMARY KEY,
        client_id uuid,
        -- No key to occurrences: it would lock the occurrence under every registration, and the
        -- pool's own key says the same.
        occurrence_id uuid NOT NULL,
        pool_id uuid NOT NULL REFERENCES pools,
        ticket_id uuid NOT NULL REFERENCES tickets,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        account_id uuid,
        proxy_by uuid,
        party_size integer NOT NULL CHECK (party_size BETWEEN 1 AND 500),
        split_ok boolean NOT NULL,
        number integer NOT NULL,
        state varchar(40) NOT NULL,
        offered_places integer NOT NULL CHECK (offered_places >= 0),
        offer_expires_at timestamptz,
        version integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT registrations_number UNIQUE (pool_id, number),
        CONSTRAINT registrations_offer CHECK (
            (state = 'offered') = (offered_places > 0)
            AND (state = 'offered') = (offer_expires_at IS NOT NULL)
            AND offered_places <= party_size),
        CONSTRAINT registrations_somebodys
            CHECK (account_id IS NOT NULL OR proxy_by IS NOT NULL))""",
    # One live registration a person and occurrence; staff may register many without an account.
    "CREATE UNIQUE INDEX registrations_once ON registrations (occurrence_id, account_id)"
    " WHERE account_id IS NOT NULL AND state IN ('waiting', 'offered', 'confirmed')",
    "CREATE UNIQUE INDEX registrations_client_id"
    " ON registrations (COALESCE(account_id, proxy_by), client_id) WHERE client_id IS NOT NULL",
    "CREATE INDEX registrations_queue ON registrations (pool_id, number)"
    " INCLUDE (party_size, split_ok) WHERE state = 'waiting'",
    "CREATE INDEX registrations_offers ON registrations (offer_expires_at) WHERE state = 'offered'",
    "CREATE INDEX registrations_account ON registrations (account_id, id)"
    " WHERE account_id IS NOT NULL",
    "CREATE INDEX registrations_occurrence ON registrations (occurrence_id, number)",
    "CREATE INDEX registrations_division ON registrations (division_code, id)",
    f"""CREATE TABLE members (
        id uuid PRIMARY KEY,
        registration_id uuid NOT NULL REFERENCES registrations,
        division_code {CODE} NOT NULL,
        account_id uuid,
        proxy_by uuid,
        position integer NOT NULL,
        name_sealed bytea NOT NULL,
        name_masked text NOT NULL,
        phone_sealed bytea,
        phone_masked text,
        phone_index bytea,
        age integer CHECK (age BETWEEN 0 AND 150),
        guardian_sealed bytea,
        guardian_phone_sealed bytea,
        guardian_consent_at timestamptz,
        dropped_at timestamptz,
        UNIQUE (registration_id, position))""",
    "CREATE INDEX members_phone ON members (phone_index) WHERE phone_index IS NOT NULL",
    f"""CREATE TABLE check_ins (
        member_id uuid PRIMARY KEY REFERENCES members,
        occurrence_id uuid NOT NULL REFERENCES occurrences,
        division_code {CODE} NOT NULL,
        account_id uuid,
        at timestamptz NOT NULL DEFAULT now(),
        by uuid NOT NULL,
        method varchar(40) NOT NULL)""",
    "CREATE INDEX check_ins_occurrence ON check_ins (occurrence_id)",
    """CREATE TABLE attendance (
        occurrence_id uuid NOT NULL REFERENCES occurrences,
        grade varchar(40) NOT NULL CHECK (grade IN ('counted', 'estimated', 'online')),
        number integer NOT NULL CHECK (number >= 0),
        note text,
        recorded_by uuid NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (occurrence_id, grade))""",
    """CREATE TABLE contributions (
        source varchar(40) NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        day date NOT NULL,
        hosts text[] NOT NULL,
        activities integer NOT NULL,
        occurrences integer NOT NULL,
        attended integer NOT NULL,
        verified integer NOT NULL,
        counted integer NOT NULL,
        estimated integer NOT NULL,
        online integer NOT NULL,
        PRIMARY KEY (source, id))""",
    # fillfactor: a figure grows in place, without a new entry in the index.
    f"""CREATE TABLE tallies (
        division_code {CODE} NOT NULL,
        grain varchar(40) NOT NULL,
        day date NOT NULL,
        activities integer NOT NULL,
        share bigint NOT NULL,
        occurrences integer NOT NULL,
        attended integer NOT NULL,
        verified bigint NOT NULL,
        counted bigint NOT NULL,
        estimated bigint NOT NULL,
        online bigint NOT NULL,
        PRIMARY KEY (division_code, grain, day)) WITH (fillfactor = 80)""",
)


def upgrade() -> None:
    create_kit_tables(op)
    op.execute(CODE_RANGE)
    for statement in TABLES:
        op.execute(statement)
    for table, relations in (
        ("registrations", ("account_id", "proxy_by")),
        ("members", ("account_id", "proxy_by")),
        ("check_ins", ("account_id",)),
    ):
        for statement in wall(table, P.REGISTRATION_READ, relations=relations):
            op.execute(statement)
