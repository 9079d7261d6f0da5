"""Certificates, the serial numbers of honours, and what is known of an honour's state."""

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = (
    """ALTER TABLE honours
        ADD COLUMN titles jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN host_uscc varchar(18),
        ADD COLUMN state_since timestamptz NOT NULL DEFAULT now(),
        ADD COLUMN state_reason text,
        ADD COLUMN provisional_until date,
        ADD COLUMN plaque_returned_on date,
        ADD COLUMN certificate_returned_on date,
        ADD CONSTRAINT honours_returned CHECK (state = 'revoked'
            OR (plaque_returned_on IS NULL AND certificate_returned_on IS NULL)),
        ADD CONSTRAINT honours_followed CHECK ((state IN ('renewed', 'upgraded'))
            = (followed_by IS NOT NULL)),
        ADD CONSTRAINT honours_not_its_own_follower CHECK (followed_by <> id)""",
    # What the clock looks for.
    """CREATE INDEX honours_term ON honours (valid_until)
        WHERE state IN ('provisional', 'valid', 'rectifying', 'suspended')""",
    "CREATE INDEX honours_programme ON honours (programme_id, issued_on)",
    # A revocation is for good, whoever writes.
    """CREATE FUNCTION honours_stay_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'a revoked honour stays revoked'; END $$""",
    """CREATE TRIGGER honours_stay_revoked BEFORE UPDATE OF state ON honours FOR EACH ROW
        WHEN (OLD.state = 'revoked' AND NEW.state <> 'revoked')
        EXECUTE FUNCTION honours_stay_revoked()""",
    # A division that was named is the one it stands at: when that changes, so does the subject.
    # (The name is after `honours_follow`: triggers fire in the order of their names.)
    """CREATE FUNCTION honours_subject() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.subject_code IS NOT NULL THEN NEW.subject_code := NEW.division_code; END IF;
            RETURN NEW;
        END $$""",
    """CREATE TRIGGER honours_subject BEFORE INSERT OR UPDATE OF division_code ON honours
        FOR EACH ROW EXECUTE FUNCTION honours_subject()""",
    """CREATE TABLE honour_serials (
        programme_id uuid NOT NULL REFERENCES programmes,
        year integer NOT NULL,
        last integer NOT NULL,
        PRIMARY KEY (programme_id, year))""",
    """CREATE TABLE certificates (
        id uuid PRIMARY KEY,
        honour_id uuid NOT NULL REFERENCES honours,
        edition integer NOT NULL,
        holder text NOT NULL,
        host_name text,
        host_uscc varchar(18),
        issued_on date NOT NULL,
        list_number integer NOT NULL,
        list_index integer NOT NULL,
        made_at timestamptz NOT NULL DEFAULT now(),
        withdrawn_at timestamptz,
        CONSTRAINT certificates_edition UNIQUE (honour_id, edition),
        CONSTRAINT certificates_bit UNIQUE (list_number, list_index),
        CONSTRAINT certificates_in_list CHECK (list_index BETWEEN 0 AND 131071))""",
    """CREATE UNIQUE INDEX certificates_one_in_force ON certificates (honour_id)
        WHERE withdrawn_at IS NULL""",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
