"""What the database holds of programmes and applications, and the contacts of applicants."""

from alembic import op

from services.kit.access import P
from services.kit.recoding import Follows, follow
from services.kit.walls import wall

revision = "0010"
down_revision = "0009"

CODE = 'varchar(12) COLLATE "C"'

STATEMENTS = (
    # One version is in force; what was published never changes, and nothing of it goes.
    """CREATE UNIQUE INDEX programme_versions_in_force ON programme_versions (programme_id)
        WHERE state = 'published'""",
    """CREATE FUNCTION programme_versions_stay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.state <> 'draft' AND (TG_OP = 'DELETE' OR NEW.state = 'draft'
                OR NEW.definition IS DISTINCT FROM OLD.definition
                OR NEW.programme_id <> OLD.programme_id OR NEW.number <> OLD.number) THEN
                RAISE EXCEPTION 'a published version never changes';
            END IF;
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END $$""",
    """CREATE TRIGGER programme_versions_stay BEFORE UPDATE OR DELETE ON programme_versions
        FOR EACH ROW EXECUTE FUNCTION programme_versions_stay()""",
    # One application of a subject in a programme's year. A division is known by the code of the day
    # it applied: two that merge meanwhile keep both of theirs.
    """CREATE UNIQUE INDEX applications_running_venue ON applications (programme_id, year, venue_id)
        WHERE venue_id IS NOT NULL AND state NOT IN ('withdrawn', 'not_named')""",
    """CREATE UNIQUE INDEX applications_running_division
        ON applications (programme_id, year, recorded_code)
        WHERE venue_id IS NULL AND state NOT IN ('withdrawn', 'not_named')""",
    """CREATE INDEX applications_under_way ON applications (stage_key, division_code, id)
        WHERE state IN ('under_way', 'returned')""",
    # A division that applies is the division it stands at: when that changes, so does the subject.
    # (The name is after `applications_follow`: triggers fire in the order of their names.)
    """CREATE FUNCTION subject_is_division() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.subject_code IS NOT NULL THEN NEW.subject_code := NEW.division_code; END IF;
            RETURN NEW;
        END $$""",
    """CREATE TRIGGER applications_subject BEFORE INSERT OR UPDATE OF division_code ON applications
        FOR EACH ROW EXECUTE FUNCTION subject_is_division()""",
    "ALTER TABLE applications ADD COLUMN on_behalf boolean NOT NULL DEFAULT true",
    """ALTER TABLE stage_runs ADD COLUMN supplement_days integer,
        ADD COLUMN supplement_from timestamptz""",
    "CREATE INDEX stage_runs_due ON stage_runs (due_on) WHERE state = 'open'",
    """CREATE INDEX stage_runs_without_a_day ON stage_runs (id) WHERE (due_open AND state = 'open')
        OR (supplement_days IS NOT NULL AND supplement_due_on IS NULL)""",
    "CREATE INDEX decisions_in_order ON decisions (application_id, decided_at, id)",
    """CREATE TABLE application_serials (
        programme_id uuid NOT NULL REFERENCES programmes,
        year integer NOT NULL,
        last integer NOT NULL,
        PRIMARY KEY (programme_id, year))""",
    f"""CREATE TABLE recommendations (
        programme_id uuid NOT NULL REFERENCES programmes,
        year integer NOT NULL,
        channel text NOT NULL,
        office_code {CODE} NOT NULL,
        taken integer NOT NULL CHECK (taken >= 0),
        quota integer,
        PRIMARY KEY (programme_id, year, channel, office_code),
        CONSTRAINT recommendations_quota CHECK (taken <= quota))""",
    f"""CREATE TABLE application_contacts (
        id uuid PRIMARY KEY,
        application_id uuid NOT NULL REFERENCES applications,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        applicant uuid NOT NULL,
        position integer NOT NULL,
        duty text,
        name_sealed bytea NOT NULL,
        name_masked text NOT NULL,
        phone_sealed bytea NOT NULL,
        phone_masked text NOT NULL,
        phone_index bytea NOT NULL,
        written_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT application_contacts_position UNIQUE (application_id, position))""",
    "CREATE INDEX application_contacts_phone ON application_contacts (phone_index)",
    *wall("application_contacts", P.APPLICATION_READ, relations=("applicant",)),
    *follow(Follows("application_contacts", exactly=True)),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
