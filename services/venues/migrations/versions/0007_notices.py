"""Notices with their objections, and what was asked and answered about the credit of hosts.

The database itself refuses an honour whose application has no finished notice.
"""

from alembic import op

from services.kit.access import P
from services.kit.recoding import Follows, follow
from services.kit.walls import wall

revision = "0007"
down_revision = "0006"

CODE = 'varchar(12) COLLATE "C"'

NOTICES = (
    f"""CREATE TABLE notices (
        id uuid PRIMARY KEY,
        programme_id uuid NOT NULL REFERENCES programmes,
        version_id uuid NOT NULL REFERENCES programme_versions,
        title text NOT NULL,
        authority text NOT NULL,
        basis text NOT NULL,
        honour text NOT NULL,
        offices text[] NOT NULL CONSTRAINT notices_offices CHECK (cardinality(offices) = 2),
        working_days integer NOT NULL CHECK (working_days > 0),
        first_day_counts boolean NOT NULL,
        first_on date NOT NULL,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        state varchar(40) NOT NULL,
        withdrawn_reason text,
        version integer NOT NULL,
        opened_by uuid NOT NULL,
        opened_at timestamptz NOT NULL,
        closed_at timestamptz,
        CONSTRAINT notices_closed CHECK ((state = 'open') = (closed_at IS NULL)),
        CONSTRAINT notices_withdrawn CHECK ((state = 'withdrawn') = (withdrawn_reason IS NOT NULL)))
    """,
    "CREATE INDEX notices_division ON notices (division_code, id)",
    "CREATE INDEX notices_programme ON notices (programme_id, id)",
    # An application in a notice, with a window of its own: an objection holds up nobody else.
    """CREATE TABLE notice_entries (
        id uuid PRIMARY KEY,
        notice_id uuid NOT NULL REFERENCES notices,
        application_id uuid NOT NULL REFERENCES applications,
        run_id uuid NOT NULL REFERENCES stage_runs,
        stage_key text NOT NULL,
        position integer NOT NULL,
        name text NOT NULL,
        host_name text NOT NULL,
        category text,
        state varchar(40) NOT NULL,
        last_on date,
        open_objections integer NOT NULL DEFAULT 0 CHECK (open_objections >= 0),
        suspended_from date,
        suspensions jsonb NOT NULL DEFAULT '[]',
        closed_at timestamptz,
        CONSTRAINT notice_entries_position UNIQUE (notice_id, position),
        CONSTRAINT notice_entries_closed CHECK ((state = 'open') = (closed_at IS NULL)),
        -- Finished: after the end of its last day, and with every objection closed.
        CONSTRAINT notice_entries_finished CHECK (state <> 'finished' OR COALESCE(
            open_objections = 0
            AND closed_at >= (last_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai', false)))""",
    "CREATE UNIQUE INDEX notice_entries_once ON notice_entries (run_id)"
    " WHERE state IN ('open', 'finished', 'stopped')",
    "CREATE INDEX notice_entries_application ON notice_entries (application_id, id)",
    "CREATE INDEX notice_entries_open ON notice_entries (id) WHERE state = 'open'",
    f"""CREATE TABLE objections (
        id uuid PRIMARY KEY,
        client_id uuid,
        notice_id uuid NOT NULL REFERENCES notices,
        entry_id uuid NOT NULL REFERENCES notice_entries,
        application_id uuid NOT NULL REFERENCES applications,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        office text NOT NULL,
        account_id uuid,
        recorded_by uuid,
        name_sealed bytea NOT NULL,
        name_masked text NOT NULL,
        phone_sealed bytea,
        phone_masked text,
        phone_index bytea,
        address_sealed bytea,
        statement_sealed bytea NOT NULL,
        attachments jsonb NOT NULL DEFAULT '[]',
        state varchar(40) NOT NULL,
        accepted_reason text,
        outcome text,
        released text,
        received_at timestamptz NOT NULL,
        closed_at timestamptz,
        version integer NOT NULL,
        CONSTRAINT objections_client_id UNIQUE (account_id, client_id),
        CONSTRAINT objections_from CHECK ((account_id IS NULL) <> (recorded_by IS NULL)),
        CONSTRAINT objections_named CHECK (
            name_masked <> '' AND (phone_sealed IS NOT NULL OR address_sealed IS NOT NULL)),
        CONSTRAINT objections_closed CHECK (
            (state IN ('received', 'accepted')) = (closed_at IS NULL)),
        CONSTRAINT objections_outcome CHECK ((closed_at IS NULL) = (outcome IS NULL)))""",
    "CREATE INDEX objections_division ON objections (division_code, id)",
    "CREATE INDEX objections_entry ON objections (entry_id)",
    "CREATE INDEX objections_application ON objections (application_id, id)",
    "CREATE INDEX objections_notice ON objections (notice_id, id)",
    "CREATE INDEX objections_account ON objections (account_id, id)",
    "CREATE UNIQUE INDEX objections_one_open ON objections (entry_id, account_id)"
    " WHERE state IN ('received', 'accepted')",
    "CREATE INDEX objections_phone ON objections (phone_index)",
)

COUNTED = (
    # Held by the entry's row, so that an objection and the end of the window cannot pass each
    # other: whoever comes second sees what the first one did.
    """CREATE FUNCTION objections_counted() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        was_open boolean := TG_OP <> 'INSERT' AND OLD.state IN ('received', 'accepted');
        is_open boolean := NEW.state IN ('received', 'accepted');
    BEGIN
        IF is_open AND NOT was_open THEN
            UPDATE notice_entries SET open_objections = open_objections + 1
                WHERE id = NEW.entry_id AND state = 'open' AND TG_OP = 'INSERT';
            IF NOT FOUND THEN
                RAISE EXCEPTION 'objections are open only while the notice is'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'objections_in_time';
            END IF;
        ELSIF was_open AND NOT is_open THEN
            UPDATE notice_entries SET open_objections = open_objections - 1
                WHERE id = NEW.entry_id;
        END IF;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER objections_counted AFTER INSERT OR UPDATE OF state ON objections
        FOR EACH ROW EXECUTE FUNCTION objections_counted()""",
    """CREATE FUNCTION objections_stay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'an objection is never removed'; END $$""",
    """CREATE TRIGGER objections_stay BEFORE DELETE ON objections
        FOR EACH ROW EXECUTE FUNCTION objections_stay()""",
)

# For each notice stage of the rule that the application runs under, its newest run has a finished
# entry, and no objection to any entry of the application is open. Honours that were named elsewhere
# have no application.
AFTER_NOTICE = (
    """CREATE FUNCTION honours_after_notice() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        stages text[];
    BEGIN
        SELECT array_agg(stage ->> 'key') INTO stages
        FROM applications a JOIN programme_versions v ON v.id = a.version_id,
            jsonb_array_elements(v.definition -> 'stages') stage
        WHERE a.id = NEW.application_id AND stage ->> 'kind' = 'notice';
        IF stages IS NULL
            OR EXISTS (
                SELECT FROM unnest(stages) key WHERE NOT EXISTS (
                    SELECT FROM notice_entries e WHERE e.state = 'finished' AND e.run_id = (
                        SELECT r.id FROM stage_runs r
                        WHERE r.application_id = NEW.application_id AND r.stage_key = key
                        ORDER BY r.attempt DESC LIMIT 1)))
            OR EXISTS (
                SELECT FROM notice_entries e
                WHERE e.application_id = NEW.application_id AND e.open_objections > 0)
        THEN
            RAISE EXCEPTION 'no finished notice'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'honours_after_notice';
        END IF;
        RETURN NULL;
    END $$""",
    """CREATE CONSTRAINT TRIGGER honours_after_notice
        AFTER INSERT OR UPDATE OF application_id ON honours
        FOR EACH ROW WHEN (NEW.application_id IS NOT NULL)
        EXECUTE FUNCTION honours_after_notice()""",
)

CREDIT = (
    f"""CREATE TABLE credit_checks (
        id uuid PRIMARY KEY,
        application_id uuid NOT NULL REFERENCES applications,
        stage_key text NOT NULL,
        uscc varchar(18),
        name text NOT NULL,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        state varchar(40) NOT NULL,
        reason varchar(40),
        tries integer NOT NULL DEFAULT 0,
        requested_by uuid,
        requested_at timestamptz NOT NULL,
        next_try_at timestamptz NOT NULL,
        tried_at timestamptz,
        closed_at timestamptz,
        version integer NOT NULL,
        CONSTRAINT credit_checks_closed CHECK ((state = 'waiting') = (closed_at IS NULL)))""",
    "CREATE UNIQUE INDEX credit_checks_one_waiting ON credit_checks (application_id)"
    " WHERE state = 'waiting'",
    "CREATE INDEX credit_checks_due ON credit_checks (next_try_at) WHERE state = 'waiting'",
    "CREATE INDEX credit_checks_application ON credit_checks (application_id, id)",
    """CREATE TABLE credit_answers (
        id uuid PRIMARY KEY,
        check_id uuid NOT NULL REFERENCES credit_checks,
        application_id uuid NOT NULL REFERENCES applications,
        result varchar(40) NOT NULL,
        answered_at timestamptz NOT NULL,
        document text NOT NULL,
        signature text NOT NULL,
        key_id text NOT NULL,
        provider_document text,
        provider_signature text)""",
    "CREATE INDEX credit_answers_application ON credit_answers (application_id, id)",
    "CREATE INDEX credit_answers_check ON credit_answers (check_id)",
    """CREATE FUNCTION credit_answers_stay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'an answer is never changed'; END $$""",
    """CREATE TRIGGER credit_answers_stay BEFORE UPDATE OR DELETE ON credit_answers
        FOR EACH ROW EXECUTE FUNCTION credit_answers_stay()""",
    """CREATE TABLE credit_remedies (
        id uuid PRIMARY KEY,
        application_id uuid NOT NULL REFERENCES applications,
        answer_id uuid NOT NULL REFERENCES credit_answers,
        kind varchar(40) NOT NULL,
        state varchar(40) NOT NULL,
        grounds text NOT NULL,
        document text,
        outcome text,
        recorded_by uuid NOT NULL,
        recorded_at timestamptz NOT NULL,
        decided_by uuid,
        decided_at timestamptz,
        version integer NOT NULL,
        CONSTRAINT credit_remedies_decided CHECK ((state = 'lodged') = (decided_at IS NULL)))""",
    "CREATE INDEX credit_remedies_application ON credit_remedies (application_id, id)",
    "CREATE UNIQUE INDEX credit_remedies_one_lodged ON credit_remedies (answer_id)"
    " WHERE state = 'lodged'",
    f"""CREATE TABLE red_lines (
        id uuid PRIMARY KEY,
        uscc varchar(18),
        name text NOT NULL,
        standing varchar(40) NOT NULL,
        grounds text,
        imposed_by text,
        listed_on date NOT NULL,
        until_on date,
        lifted_on date,
        lift_document text,
        confirmed_at timestamptz NOT NULL,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        version integer NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT red_lines_grounds CHECK (standing <> 'red_line' OR grounds IS NOT NULL),
        CONSTRAINT red_lines_lifted CHECK ((lifted_on IS NULL) = (lift_document IS NULL)))""",
    "CREATE UNIQUE INDEX red_lines_once ON red_lines"
    " (name, COALESCE(uscc, ''), standing, COALESCE(grounds, ''), listed_on)",
    "CREATE INDEX red_lines_uscc ON red_lines (uscc)",
    "CREATE INDEX red_lines_name ON red_lines (name)",
    "CREATE INDEX red_lines_division ON red_lines (division_code, id)",
    "CREATE INDEX red_lines_confirmed ON red_lines (division_code, confirmed_at)",
)


def upgrade() -> None:
    for statement in (
        *NOTICES,
        *COUNTED,
        *AFTER_NOTICE,
        *CREDIT,
        *wall("objections", P.APPLICATION_READ, relations=("account_id",)),
        *(
            statement
            for table in ("notices", "objections", "credit_checks", "red_lines")
            for statement in follow(Follows(table, exactly=True))
        ),
    ):
        op.execute(statement)
