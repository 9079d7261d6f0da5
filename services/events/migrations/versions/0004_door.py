"""Devices at the door, their check-ins and rotating codes."""

from alembic import op

from services.kit.access import P
from services.kit.walls import wall

revision = "0004"
down_revision = "0003"

CODE = 'varchar(12) COLLATE "C"'

TABLES = (
    f"""CREATE TABLE devices (
        id uuid PRIMARY KEY,
        division_code {CODE} NOT NULL,
        name text NOT NULL,
        public_key bytea NOT NULL CONSTRAINT devices_public_key UNIQUE,
        enrolled_by uuid NOT NULL,
        enrolled_at timestamptz NOT NULL DEFAULT now(),
        last_seen_at timestamptz NOT NULL DEFAULT now(),
        last_seq integer NOT NULL CHECK (last_seq >= 0),
        clock_offset interval NOT NULL,
        revoked_at timestamptz,
        revoked_by uuid,
        revoke_reason text,
        version integer NOT NULL,
        CONSTRAINT devices_revoked CHECK (
            (revoked_at IS NULL) = (revoked_by IS NULL)
            AND (revoked_at IS NULL) = (revoke_reason IS NULL)))""",
    "CREATE INDEX devices_division ON devices (division_code, id)",
    f"""CREATE TABLE enrolment_codes (
        digest bytea PRIMARY KEY,
        division_code {CODE} NOT NULL,
        created_by uuid NOT NULL,
        expires_at timestamptz NOT NULL,
        device_id uuid REFERENCES devices)""",
    "CREATE INDEX enrolment_codes_old ON enrolment_codes (expires_at)",
    """CREATE TABLE device_contacts (
        id uuid PRIMARY KEY,
        device_id uuid NOT NULL REFERENCES devices,
        at timestamptz NOT NULL,
        clock_offset interval NOT NULL)""",
    "CREATE INDEX device_contacts_device ON device_contacts (device_id, id)",
    f"""CREATE TABLE scans (
        key bytea PRIMARY KEY,
        id uuid NOT NULL UNIQUE,
        device_id uuid NOT NULL REFERENCES devices,
        contact_id uuid NOT NULL REFERENCES device_contacts,
        client_id uuid NOT NULL,
        seq integer NOT NULL,
        device_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL,
        -- What a device says of occurrence and registration may be nothing that is there.
        occurrence_id uuid NOT NULL,
        division_code {CODE} NOT NULL,
        registration_id uuid,
        numbers integer[] NOT NULL,
        by_hand boolean NOT NULL,
        signature bytea NOT NULL,
        signed text NOT NULL,
        refusal varchar(40),
        admitted boolean NOT NULL,
        at timestamptz,
        doubtful boolean NOT NULL,
        outcome varchar(40) NOT NULL)""",
    "CREATE INDEX scans_occurrence ON scans (occurrence_id, id)",
    "CREATE INDEX scans_device ON scans (device_id, seq)",
    f"""CREATE TABLE check_ins_taken_back (
        id uuid PRIMARY KEY,
        member_id uuid NOT NULL,
        occurrence_id uuid NOT NULL REFERENCES occurrences,
        division_code {CODE} NOT NULL,
        checked_in_at timestamptz NOT NULL,
        at timestamptz NOT NULL,
        by uuid NOT NULL,
        reason text NOT NULL)""",
    "CREATE INDEX check_ins_taken_back_occurrence ON check_ins_taken_back (occurrence_id, id)",
    """CREATE TABLE attendance_corrections (
        id uuid PRIMARY KEY,
        occurrence_id uuid NOT NULL REFERENCES occurrences,
        grade varchar(40) NOT NULL,
        before integer,
        after integer,
        reason text,
        by uuid NOT NULL,
        at timestamptz NOT NULL)""",
    "CREATE INDEX attendance_corrections_occurrence ON attendance_corrections (occurrence_id, id)",
    """CREATE TABLE door_code_tries (
        occurrence_id uuid NOT NULL,
        account_id uuid NOT NULL,
        began_at timestamptz NOT NULL,
        tries integer NOT NULL,
        PRIMARY KEY (occurrence_id, account_id))""",
    # Which doors are open now: few of all the occurrences there ever were.
    "CREATE INDEX occurrences_by_end ON occurrences (ends_at)",
    # Which scan a check-in is due to, and what was entered on line when a device was earlier.
    """ALTER TABLE check_ins
        ADD COLUMN device_id uuid REFERENCES devices,
        ADD COLUMN scan_key bytea REFERENCES scans,
        ADD COLUMN entered_at timestamptz,
        ADD COLUMN entered_by uuid,
        ADD COLUMN entered_method varchar(40),
        ADD CONSTRAINT check_ins_scan CHECK ((device_id IS NULL) = (scan_key IS NULL)),
        ADD CONSTRAINT check_ins_entered CHECK (
            (entered_at IS NULL) = (entered_by IS NULL)
            AND (entered_at IS NULL) = (entered_method IS NULL)
            AND (entered_at IS NULL OR device_id IS NOT NULL))""",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for table in ("scans", "check_ins_taken_back"):
        for statement in wall(table, P.REGISTRATION_READ):
            op.execute(statement)
    for statement in wall("door_code_tries", None, relations=("account_id",)):
        op.execute(statement)
