"""Programmes, applications and honours: the tables that the parts of certification share."""

from alembic import op

from services.kit.recoding import Follows, follow

revision = "0003"
down_revision = "0002"

CODE = 'varchar(12) COLLATE "C"'

TABLES = (
    f"""CREATE TABLE programmes (
        id uuid PRIMARY KEY,
        key text NOT NULL CONSTRAINT programmes_key UNIQUE,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE programme_versions (
        id uuid PRIMARY KEY,
        programme_id uuid NOT NULL REFERENCES programmes,
        number integer NOT NULL,
        definition jsonb NOT NULL,
        state varchar(40) NOT NULL,
        version integer NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        published_by uuid,
        published_at timestamptz,
        CONSTRAINT programme_versions_number UNIQUE (programme_id, number))""",
    f"""CREATE TABLE applications (
        id uuid PRIMARY KEY,
        client_id uuid,
        programme_id uuid NOT NULL REFERENCES programmes,
        version_id uuid NOT NULL REFERENCES programme_versions,
        venue_id uuid REFERENCES venues,
        subject_code {CODE},
        host_name text NOT NULL,
        host_uscc varchar(18),
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        category text,
        channel text,
        year integer NOT NULL,
        number text CONSTRAINT applications_number UNIQUE,
        declared jsonb NOT NULL DEFAULT '{{}}',
        summary text NOT NULL DEFAULT '',
        state varchar(40) NOT NULL,
        stage_key text,
        version integer NOT NULL,
        applicant uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        submitted_at timestamptz,
        CONSTRAINT applications_client_id UNIQUE (applicant, client_id),
        CONSTRAINT applications_subject CHECK ((venue_id IS NULL) <> (subject_code IS NULL)))""",
    "CREATE INDEX applications_division ON applications (division_code, id)",
    "CREATE INDEX applications_applicant ON applications (applicant, id)",
    "CREATE INDEX applications_programme ON applications (programme_id, year)",
    "CREATE INDEX applications_venue ON applications (venue_id)",
    """CREATE TABLE stage_runs (
        id uuid PRIMARY KEY,
        application_id uuid NOT NULL REFERENCES applications,
        stage_key text NOT NULL,
        attempt integer NOT NULL,
        state varchar(40) NOT NULL,
        opened_at timestamptz NOT NULL,
        due_on date,
        due_open boolean NOT NULL DEFAULT false,
        supplement_due_on date,
        closed_at timestamptz,
        closed_by uuid,
        CONSTRAINT stage_runs_attempt UNIQUE (application_id, stage_key, attempt),
        CONSTRAINT stage_runs_closed CHECK ((state = 'open') = (closed_at IS NULL)))""",
    "CREATE UNIQUE INDEX stage_runs_one_open ON stage_runs (application_id) WHERE state = 'open'",
    f"""CREATE TABLE honours (
        id uuid PRIMARY KEY,
        number text CONSTRAINT honours_number UNIQUE,
        application_id uuid CONSTRAINT honours_application UNIQUE REFERENCES applications,
        programme_id uuid REFERENCES programmes,
        venue_id uuid REFERENCES venues,
        subject_code {CODE},
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        title text NOT NULL,
        issuer text NOT NULL,
        co_issuers text NOT NULL DEFAULT '',
        level varchar(40),
        host_name text,
        issued_on date,
        valid_until date,
        state varchar(40) NOT NULL,
        followed_by uuid REFERENCES honours,
        source text,
        version integer NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT honours_subject CHECK ((venue_id IS NULL) <> (subject_code IS NULL)))""",
    "CREATE INDEX honours_division ON honours (division_code, id)",
    "CREATE INDEX honours_venue ON honours (venue_id)",
    """CREATE TABLE decisions (
        id uuid PRIMARY KEY,
        application_id uuid REFERENCES applications,
        honour_id uuid REFERENCES honours,
        action text NOT NULL,
        stage_key text,
        version_id uuid REFERENCES programme_versions,
        actor uuid NOT NULL,
        acted_for varchar(12) COLLATE "C",
        reason text,
        fields jsonb NOT NULL DEFAULT '[]',
        public boolean NOT NULL DEFAULT false,
        decided_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT decisions_of CHECK (application_id IS NOT NULL OR honour_id IS NOT NULL))""",
    "CREATE INDEX decisions_application ON decisions (application_id, id)",
    "CREATE INDEX decisions_honour ON decisions (honour_id, id)",
    # A decision is written once; the trigger holds even where a role's rights would not.
    """CREATE FUNCTION decisions_stay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'a decision is never changed'; END $$""",
    """CREATE TRIGGER decisions_stay BEFORE UPDATE OR DELETE ON decisions
        FOR EACH ROW EXECUTE FUNCTION decisions_stay()""",
)


def upgrade() -> None:
    for statement in (
        *TABLES,
        *follow(Follows("programmes", exactly=True)),
        *follow(Follows("applications", exactly=True)),
        *follow(Follows("honours", exactly=True)),
    ):
        op.execute(statement)
