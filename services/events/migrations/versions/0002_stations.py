"""Stations, posts and the plan's targets; what coverage and equity count with."""

from alembic import op

from services.kit.access import P
from services.kit.walls import wall

revision = "0002"
down_revision = "0001"

CODE = 'varchar(12) COLLATE "C"'

TABLES = (
    f"""CREATE TABLE stations (
        id uuid PRIMARY KEY,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        kind varchar(40) NOT NULL,
        name text NOT NULL,
        sector varchar(2),
        lead_department text,
        responsible_unit text,
        place text,
        longitude double precision CHECK (longitude BETWEEN 73 AND 136),
        latitude double precision CHECK (latitude BETWEEN 3 AND 54),
        languages text[] NOT NULL DEFAULT '{{}}',
        opened_on date,
        closed_on date,
        close_reason text,
        state varchar(40) NOT NULL,
        version integer NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT stations_closed CHECK ((state = 'closed') = (closed_on IS NOT NULL)),
        CONSTRAINT stations_closes_after_opening CHECK (closed_on >= opened_on))""",
    # By the code of the day it was entered: two villages that merge may each have one of a name.
    "CREATE UNIQUE INDEX stations_once ON stations (recorded_code, kind, name)"
    " WHERE state = 'open'",
    "CREATE INDEX stations_division ON stations (division_code, id)",
    "CREATE INDEX stations_venues ON stations (left(division_code, 6))"
    " WHERE kind = 'activity_venue' AND state = 'open'",
    f"""CREATE TABLE station_contacts (
        station_id uuid PRIMARY KEY REFERENCES stations,
        division_code {CODE} NOT NULL,
        name_sealed bytea NOT NULL,
        name_masked text NOT NULL,
        phone_sealed bytea,
        phone_masked text,
        phone_index bytea,
        written_at timestamptz NOT NULL DEFAULT now())""",
    f"""CREATE TABLE posts (
        id uuid PRIMARY KEY,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        station_id uuid REFERENCES stations,
        role varchar(40) NOT NULL,
        sector varchar(2),
        account_id uuid,
        name_sealed bytea NOT NULL,
        name_masked text NOT NULL,
        phone_sealed bytea,
        phone_masked text,
        phone_index bytea,
        begins_on date NOT NULL,
        ends_on date,
        end_reason text,
        predecessor_id uuid REFERENCES posts,
        version integer NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT posts_one_successor UNIQUE (predecessor_id),
        CONSTRAINT posts_end_after_begin CHECK (ends_on >= begins_on),
        CONSTRAINT posts_head_has_a_station
            CHECK (role <> 'station_head' OR station_id IS NOT NULL),
        CONSTRAINT posts_one_head EXCLUDE USING gist (
            station_id WITH =, daterange(begins_on, ends_on, '[]') WITH &&)
            WHERE (role = 'station_head'),
        CONSTRAINT posts_once EXCLUDE USING gist (
            recorded_code WITH =, role WITH =, phone_index WITH =,
            (COALESCE(station_id, '00000000-0000-0000-0000-000000000000')) WITH =,
            daterange(begins_on, ends_on, '[]') WITH &&)
            WHERE (phone_index IS NOT NULL))""",
    "CREATE INDEX posts_division ON posts (division_code, id)",
    "CREATE INDEX posts_station ON posts (station_id) WHERE station_id IS NOT NULL",
    "CREATE INDEX posts_account ON posts (account_id, id) WHERE account_id IS NOT NULL",
    f"""CREATE TABLE haves (
        division_code {CODE} NOT NULL,
        sector varchar(2) NOT NULL,
        tier varchar(40) NOT NULL,
        institution boolean NOT NULL,
        people boolean NOT NULL,
        lead_department boolean NOT NULL,
        responsible_unit boolean NOT NULL,
        venue boolean NOT NULL,
        PRIMARY KEY (division_code, sector))""",
    # fillfactor: a count changes in place, without a new entry in the index.
    f"""CREATE TABLE coverage_counts (
        division_code {CODE} NOT NULL,
        sector varchar(2) NOT NULL,
        tier varchar(40) NOT NULL,
        divisions integer NOT NULL DEFAULT 0,
        institution integer NOT NULL DEFAULT 0 CHECK (institution >= 0),
        people integer NOT NULL DEFAULT 0 CHECK (people >= 0),
        lead_department integer NOT NULL DEFAULT 0 CHECK (lead_department >= 0),
        responsible_unit integer NOT NULL DEFAULT 0 CHECK (responsible_unit >= 0),
        all_four integer NOT NULL DEFAULT 0 CHECK (all_four >= 0),
        venue integer NOT NULL DEFAULT 0 CHECK (venue >= 0),
        PRIMARY KEY (division_code, sector, tier)) WITH (fillfactor = 80)""",
    """CREATE TABLE coverage_day (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        day date NOT NULL)""",
    f"""CREATE TABLE populations (
        division_code {CODE} NOT NULL,
        year integer NOT NULL CHECK (year BETWEEN 1949 AND 2200),
        people bigint NOT NULL CHECK (people > 0),
        source text NOT NULL CHECK (source <> ''),
        PRIMARY KEY (division_code, year))""",
    f"""CREATE TABLE targets (
        id uuid PRIMARY KEY,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        parent_id uuid REFERENCES targets,
        measure varchar(40) NOT NULL,
        goal numeric(12, 2) CHECK (goal > 0),
        due_on date NOT NULL,
        lead_department text,
        source text NOT NULL CHECK (source <> ''),
        version integer NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT targets_percent CHECK (measure <> 'civic_literacy' OR goal <= 100),
        CONSTRAINT targets_goal CHECK (goal IS NOT NULL OR measure = 'counties_with_venue'))""",
    "CREATE UNIQUE INDEX targets_once ON targets (recorded_code, measure, due_on)",
    "CREATE INDEX targets_parts ON targets (parent_id) WHERE parent_id IS NOT NULL",
    "CREATE INDEX targets_division ON targets (division_code, id)",
    """CREATE TABLE target_values (
        id uuid PRIMARY KEY,
        target_id uuid NOT NULL REFERENCES targets,
        value numeric(12, 2) NOT NULL CHECK (value >= 0),
        as_of date NOT NULL,
        source text NOT NULL CHECK (source <> ''),
        note text,
        recorded_by uuid NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        withdrawn_at timestamptz,
        withdrawn_by uuid,
        withdraw_reason text,
        CONSTRAINT target_values_withdrawn CHECK (
            (withdrawn_at IS NULL) = (withdrawn_by IS NULL)
            AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)))""",
    "CREATE INDEX target_values_latest ON target_values (target_id, as_of DESC, id DESC)",
    # What was held where, for equity: by time, and by place.
    "CREATE INDEX occurrences_held ON occurrences (starts_at) WHERE state <> 'cancelled'",
    "CREATE INDEX occurrences_place ON occurrences (division_code, starts_at)",
    # Else the hot list of a province is taken for one row in two hundred, and sorts them all.
    "CREATE STATISTICS occurrences_province ON (left(division_code, 2)) FROM occurrences",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for statement in wall("station_contacts", P.POST_READ):
        op.execute(statement)
    for statement in wall("posts", P.POST_READ, relations=("account_id",)):
        op.execute(statement)
