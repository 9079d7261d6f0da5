"""Self-assessment with its evidence, inspections, rectification, and samples that are drawn."""

from alembic import op

from services.kit.files.tables import create_file_tables
from services.kit.recoding import Follows, follow

revision = "0008"
down_revision = "0007"

CODE = 'varchar(12) COLLATE "C"'

TABLES = (
    """CREATE TABLE assessments (
        application_id uuid PRIMARY KEY REFERENCES applications,
        answers jsonb NOT NULL DEFAULT '{}',
        handed_in_at timestamptz,
        version integer NOT NULL)""",
    # What was decided on: written once, like a decision.
    """CREATE TABLE assessment_snapshots (
        application_id uuid NOT NULL REFERENCES applications,
        number integer NOT NULL,
        cause varchar(40) NOT NULL,
        version_id uuid NOT NULL REFERENCES programme_versions,
        first_day date NOT NULL,
        last_day date NOT NULL,
        total integer NOT NULL,
        lines jsonb NOT NULL,
        taken_by uuid NOT NULL,
        taken_at timestamptz NOT NULL,
        PRIMARY KEY (application_id, number))""",
    """CREATE TRIGGER assessment_snapshots_stay BEFORE UPDATE OR DELETE ON assessment_snapshots
        FOR EACH ROW EXECUTE FUNCTION decisions_stay()""",
    """CREATE TABLE assessment_corrections (
        id uuid PRIMARY KEY,
        application_id uuid NOT NULL REFERENCES applications,
        criterion text NOT NULL,
        measure text NOT NULL,
        figure integer CHECK (figure >= 0),
        claimed integer NOT NULL CHECK (claimed >= 0),
        reason text NOT NULL,
        state varchar(40) NOT NULL,
        settled integer CHECK (settled >= 0),
        settled_reason text,
        settled_by uuid,
        settled_at timestamptz,
        version integer NOT NULL,
        asked_by uuid NOT NULL,
        asked_at timestamptz NOT NULL,
        CONSTRAINT assessment_corrections_settled CHECK
            ((state = 'accepted') = (settled IS NOT NULL)))""",
    "CREATE UNIQUE INDEX assessment_corrections_open ON assessment_corrections"
    " (application_id, criterion) WHERE state = 'asked'",
    "CREATE INDEX assessment_corrections_of ON assessment_corrections (application_id, id)",
    """CREATE TABLE application_files (
        file_id uuid PRIMARY KEY REFERENCES files,
        application_id uuid NOT NULL REFERENCES applications,
        part varchar(40) NOT NULL,
        key text NOT NULL,
        name text NOT NULL,
        caption text NOT NULL DEFAULT '',
        ready boolean NOT NULL DEFAULT false,
        submitted_at timestamptz,
        replaces uuid REFERENCES application_files,
        superseded_at timestamptz,
        added_by uuid NOT NULL,
        added_at timestamptz NOT NULL DEFAULT now())""",
    "CREATE INDEX application_files_of ON application_files (application_id, file_id)",
    # What other services tell of activities, for the figures of venues.
    """CREATE TABLE held_activities (
        activity_id uuid PRIMARY KEY,
        version integer NOT NULL DEFAULT 0,
        day date,
        occurrences integer NOT NULL DEFAULT 0,
        held boolean NOT NULL DEFAULT false,
        venues uuid[] NOT NULL DEFAULT '{}',
        answers_version integer NOT NULL DEFAULT 0,
        answers integer NOT NULL DEFAULT 0,
        satisfied integer NOT NULL DEFAULT 0)""",
    "CREATE INDEX held_activities_venues ON held_activities USING gin (venues)",
    f"""CREATE TABLE inspection_samples (
        id uuid PRIMARY KEY,
        programme_id uuid NOT NULL REFERENCES programmes,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        year integer NOT NULL,
        wanted integer NOT NULL CHECK (wanted > 0),
        alternates integer NOT NULL CHECK (alternates >= 0),
        due_on date NOT NULL,
        state varchar(40) NOT NULL,
        source_at timestamptz,
        secret_sealed bytea NOT NULL,
        salt_sealed bytea NOT NULL,
        report text NOT NULL,
        void_reason text,
        version integer NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL,
        drawn_at timestamptz)""",
    "CREATE UNIQUE INDEX inspection_samples_frozen ON inspection_samples (programme_id, year)"
    " WHERE state = 'frozen'",
    f"""CREATE TABLE rectifications (
        id uuid PRIMARY KEY,
        inspection_id uuid NOT NULL,
        honour_id uuid NOT NULL REFERENCES honours,
        programme_id uuid REFERENCES programmes,
        venue_id uuid REFERENCES venues,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        demands jsonb NOT NULL,
        first_day date NOT NULL,
        days integer NOT NULL,
        working boolean NOT NULL,
        due_on date,
        due_open boolean NOT NULL DEFAULT false,
        extended boolean NOT NULL DEFAULT false,
        state varchar(40) NOT NULL,
        removal_reason text,
        version integer NOT NULL,
        ordered_by uuid NOT NULL,
        ordered_at timestamptz NOT NULL,
        closed_at timestamptz,
        CONSTRAINT rectifications_due CHECK ((due_on IS NULL) = due_open))""",
    "CREATE UNIQUE INDEX rectifications_one_open ON rectifications (honour_id)"
    " WHERE closed_at IS NULL",
    "CREATE INDEX rectifications_division ON rectifications (division_code, id)",
    "CREATE INDEX rectifications_venue ON rectifications (venue_id, id)",
    "CREATE INDEX rectifications_due ON rectifications (due_on, id) WHERE closed_at IS NULL",
    f"""CREATE TABLE inspections (
        id uuid PRIMARY KEY,
        kind varchar(40) NOT NULL,
        application_id uuid REFERENCES applications,
        stage_run_id uuid REFERENCES stage_runs,
        honour_id uuid REFERENCES honours,
        rectification_id uuid REFERENCES rectifications,
        sample_id uuid REFERENCES inspection_samples,
        programme_id uuid REFERENCES programmes,
        version_id uuid REFERENCES programme_versions,
        venue_id uuid REFERENCES venues,
        subject_code {CODE},
        applicant uuid,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        due_on date,
        planned_on date,
        team uuid[] NOT NULL DEFAULT '{{}}',
        state varchar(40) NOT NULL,
        held_on date,
        findings jsonb NOT NULL DEFAULT '[]',
        summary text NOT NULL DEFAULT '',
        result varchar(40),
        grade varchar(40),
        cancel_reason text,
        released_at timestamptz,
        version integer NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT inspections_of CHECK ((application_id IS NULL) <> (honour_id IS NULL)),
        CONSTRAINT inspections_recorded CHECK
            ((state IN ('recorded', 'released')) = (result IS NOT NULL)),
        CONSTRAINT inspections_team CHECK
            (state NOT IN ('planned', 'recorded', 'released') OR cardinality(team) >= 2))""",
    "ALTER TABLE rectifications ADD CONSTRAINT rectifications_from"
    " FOREIGN KEY (inspection_id) REFERENCES inspections",
    # One that is to be done, of each kind: a second clock or a second click makes no second one.
    "CREATE UNIQUE INDEX inspections_one_open ON inspections"
    " (COALESCE(application_id, honour_id), kind) WHERE state IN ('due', 'planned')",
    "CREATE INDEX inspections_division ON inspections (division_code, id)",
    "CREATE INDEX inspections_application ON inspections (application_id, id)",
    "CREATE INDEX inspections_honour ON inspections (honour_id, kind, due_on)",
    "CREATE INDEX inspections_venue ON inspections (venue_id, id)",
    "CREATE INDEX inspections_applicant ON inspections (applicant, id)",
    "CREATE INDEX inspections_sample ON inspections (sample_id) WHERE sample_id IS NOT NULL",
    "CREATE INDEX inspections_due ON inspections (due_on, id) WHERE state IN ('due', 'planned')",
    """CREATE TABLE inspection_answers (
        id uuid PRIMARY KEY,
        inspection_id uuid NOT NULL REFERENCES inspections,
        rectification_id uuid REFERENCES rectifications,
        text text NOT NULL,
        late boolean NOT NULL DEFAULT false,
        answered_by uuid NOT NULL,
        answered_at timestamptz NOT NULL)""",
    "CREATE INDEX inspection_answers_of ON inspection_answers (inspection_id, id)",
    """CREATE TABLE inspection_files (
        file_id uuid PRIMARY KEY REFERENCES files,
        inspection_id uuid NOT NULL REFERENCES inspections,
        part varchar(40) NOT NULL,
        finding integer,
        caption text NOT NULL DEFAULT '',
        ready boolean NOT NULL DEFAULT false,
        added_by uuid NOT NULL,
        added_at timestamptz NOT NULL DEFAULT now())""",
    "CREATE INDEX inspection_files_of ON inspection_files (inspection_id, file_id)",
)


def upgrade() -> None:
    create_file_tables(op)
    for statement in (
        *TABLES,
        *follow(Follows("inspections", exactly=True)),
        *follow(Follows("rectifications", exactly=True)),
        *follow(Follows("inspection_samples", exactly=True)),
    ):
        op.execute(statement)
