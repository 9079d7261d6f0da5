"""Experts: institutions, the pool, what ties experts to others, draws, seats, sheets, results."""

from alembic import op

from services.kit.access import P
from services.kit.recoding import Follows, follow
from services.kit.walls import wall

revision = "0006"
down_revision = "0005"

CODE = 'varchar(12) COLLATE "C"'

POOL = (
    f"""CREATE TABLE institutions (
        id uuid PRIMARY KEY,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        name text NOT NULL,
        former_names text[] NOT NULL DEFAULT '{{}}',
        name_keys text[] NOT NULL,
        uscc varchar(18) CONSTRAINT institutions_uscc UNIQUE,
        parent_id uuid REFERENCES institutions,
        link varchar(40),
        version integer NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT institutions_link CHECK ((parent_id IS NULL) = (link IS NULL)),
        CONSTRAINT institutions_not_itself CHECK (parent_id <> id))""",
    "CREATE INDEX institutions_names ON institutions USING gin (name_keys)",
    # Without a code, an institution is its name.
    "CREATE UNIQUE INDEX institutions_name ON institutions ((name_keys[1])) WHERE uscc IS NULL",
    "CREATE INDEX institutions_parent ON institutions (parent_id)",
    "CREATE INDEX institutions_order ON institutions (name, id)",
    f"""CREATE TABLE experts (
        id uuid PRIMARY KEY,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        account_id uuid CONSTRAINT experts_account UNIQUE,
        name_sealed bytea NOT NULL,
        name_masked text NOT NULL,
        name_index bytea,
        phone_sealed bytea,
        phone_masked text,
        phone_index bytea,
        payee_sealed bytea,
        payee_masked text,
        kind varchar(40) NOT NULL,
        subkind varchar(40),
        fields text[] NOT NULL,
        tags text[] NOT NULL DEFAULT '{{}}',
        languages text[] NOT NULL DEFAULT '{{}}',
        title text,
        employer_id uuid NOT NULL REFERENCES institutions,
        most_reviews_a_year integer,
        rest_days integer NOT NULL DEFAULT 0,
        state varchar(40) NOT NULL,
        entered_on date NOT NULL,
        entry_reason text NOT NULL,
        left_on date,
        state_reason text,
        version integer NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT experts_left CHECK ((state = 'left') = (left_on IS NOT NULL)),
        CONSTRAINT experts_in_order CHECK (left_on >= entered_on))""",
    "CREATE INDEX experts_division ON experts (division_code, id)",
    "CREATE INDEX experts_employer ON experts (employer_id)",
    "CREATE INDEX experts_fields ON experts USING gin (fields)",
    # Somebody stands in the pool once.
    "CREATE UNIQUE INDEX experts_once ON experts (phone_index) WHERE state <> 'left'",
    """CREATE TABLE expert_agreements (
        expert_id uuid NOT NULL REFERENCES experts,
        year integer NOT NULL,
        agreed_at timestamptz NOT NULL,
        recorded_by uuid NOT NULL,
        PRIMARY KEY (expert_id, year))""",
    f"""CREATE TABLE expert_ties (
        id uuid PRIMARY KEY,
        expert_id uuid NOT NULL REFERENCES experts,
        account_id uuid,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        kind varchar(40) NOT NULL,
        institution_id uuid REFERENCES institutions,
        application_id uuid REFERENCES applications,
        person_sealed bytea,
        person_masked text,
        person_index bytea,
        from_on date,
        until_on date,
        set_for {CODE},
        set_by uuid NOT NULL,
        set_at timestamptz NOT NULL,
        lifted_at timestamptz,
        lifted_by uuid,
        lift_reason text,
        CONSTRAINT expert_ties_to CHECK
            (num_nonnulls(institution_id, application_id, person_index) >= 1),
        CONSTRAINT expert_ties_in_order CHECK (until_on >= from_on),
        CONSTRAINT expert_ties_lifted CHECK ((lifted_at IS NULL) = (lift_reason IS NULL)))""",
    "CREATE INDEX expert_ties_expert ON expert_ties (expert_id, id)",
    "CREATE INDEX expert_ties_institution ON expert_ties (institution_id)",
    "CREATE INDEX expert_ties_application ON expert_ties (application_id)",
    "CREATE INDEX expert_ties_person ON expert_ties (person_index)",
    # Who stands behind an application: whoever wrote or is kin with them has a conflict.
    f"""CREATE TABLE application_people (
        id uuid PRIMARY KEY,
        application_id uuid NOT NULL REFERENCES applications,
        applicant uuid NOT NULL,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        name_sealed bytea NOT NULL,
        name_masked text NOT NULL,
        name_index bytea NOT NULL,
        duty text,
        CONSTRAINT application_people_once UNIQUE (application_id, name_index))""",
)

PANELS = (
    f"""CREATE TABLE panel_draws (
        id uuid PRIMARY KEY,
        application_id uuid NOT NULL REFERENCES applications,
        stage_key text NOT NULL,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        state varchar(40) NOT NULL,
        reason text NOT NULL,
        source_at timestamptz NOT NULL,
        commitment text NOT NULL,
        commitment_sha256 text NOT NULL,
        secret_sealed bytea NOT NULL,
        salt_sealed bytea NOT NULL,
        pool_sha256 text NOT NULL,
        entries integer NOT NULL,
        void_reason text,
        opened_by uuid NOT NULL,
        opened_at timestamptz NOT NULL DEFAULT now(),
        drawn_at timestamptz,
        disclosed_at timestamptz,
        version integer NOT NULL,
        CONSTRAINT panel_draws_reason CHECK ((state = 'void') = (void_reason IS NOT NULL)),
        CONSTRAINT panel_draws_disclosed CHECK (disclosed_at IS NULL OR state = 'drawn'))""",
    "CREATE UNIQUE INDEX panel_draws_live ON panel_draws (application_id) WHERE state = 'frozen'",
    "CREATE INDEX panel_draws_application ON panel_draws (application_id, id)",
    "CREATE INDEX panel_draws_undisclosed ON panel_draws (application_id)"
    " WHERE state = 'drawn' AND disclosed_at IS NULL",
    # Apart from the row: a report has a line for every expert of the pool.
    """CREATE TABLE panel_reports (
        draw_id uuid PRIMARY KEY REFERENCES panel_draws,
        report text NOT NULL)""",
    """CREATE TABLE panel_log (
        draw_id uuid NOT NULL REFERENCES panel_draws,
        number integer NOT NULL,
        at timestamptz NOT NULL,
        event varchar(40) NOT NULL,
        detail jsonb NOT NULL,
        PRIMARY KEY (draw_id, number))""",
    # What became public stays: nobody who draws can rewrite it.
    """CREATE FUNCTION panel_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the log of a draw only grows'; END $$""",
    """CREATE TRIGGER panel_log_stays BEFORE UPDATE OR DELETE ON panel_log
        FOR EACH ROW EXECUTE FUNCTION panel_log_stays()""",
    f"""CREATE TABLE panel_seats (
        id uuid PRIMARY KEY,
        draw_id uuid NOT NULL REFERENCES panel_draws,
        application_id uuid NOT NULL REFERENCES applications,
        expert_id uuid NOT NULL REFERENCES experts,
        account_id uuid,
        stage_key text NOT NULL,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        stratum text NOT NULL,
        rank integer NOT NULL,
        slip text NOT NULL,
        state varchar(40) NOT NULL,
        invited_at timestamptz,
        expires_at timestamptz,
        token_hash bytea CONSTRAINT panel_seats_token UNIQUE,
        answered_at timestamptz,
        reason text,
        version integer NOT NULL,
        CONSTRAINT panel_seats_once UNIQUE (application_id, expert_id),
        CONSTRAINT panel_seats_invited CHECK
            (state NOT IN ('invited', 'accepted') OR expires_at IS NOT NULL))""",
    "CREATE INDEX panel_seats_draw ON panel_seats (draw_id)",
    "CREATE INDEX panel_seats_expert ON panel_seats (expert_id, invited_at)",
    "CREATE INDEX panel_seats_account ON panel_seats (account_id, id)",
    "CREATE INDEX panel_seats_due ON panel_seats (expires_at) WHERE state = 'invited'",
    f"""CREATE TABLE score_sheets (
        seat_id uuid NOT NULL REFERENCES panel_seats,
        run_id uuid NOT NULL REFERENCES stage_runs,
        account_id uuid,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        points jsonb NOT NULL,
        comments jsonb NOT NULL,
        opinion text NOT NULL DEFAULT '',
        state varchar(40) NOT NULL,
        version integer NOT NULL,
        saved_at timestamptz NOT NULL,
        submitted_at timestamptz,
        reopen_reason text,
        PRIMARY KEY (seat_id, run_id),
        CONSTRAINT score_sheets_final CHECK (state <> 'final' OR submitted_at IS NOT NULL))""",
    "CREATE INDEX score_sheets_run ON score_sheets (run_id)",
    """CREATE TABLE panel_results (
        run_id uuid PRIMARY KEY REFERENCES stage_runs,
        application_id uuid NOT NULL REFERENCES applications,
        result jsonb NOT NULL,
        computed_at timestamptz NOT NULL)""",
    "CREATE INDEX panel_results_application ON panel_results (application_id)",
    # A conflict that was found once the panel had done its work: what it would change, for staff.
    """CREATE TABLE panel_findings (
        id uuid PRIMARY KEY,
        application_id uuid NOT NULL REFERENCES applications,
        seat_id uuid NOT NULL REFERENCES panel_seats,
        reasons text[] NOT NULL,
        found_at timestamptz NOT NULL,
        found_by uuid NOT NULL,
        with_them jsonb,
        without_them jsonb,
        CONSTRAINT panel_findings_once UNIQUE (seat_id))""",
    "CREATE INDEX panel_findings_application ON panel_findings (application_id)",
)

FOLLOWING = (
    *("institutions", "experts", "expert_ties", "application_people", "panel_draws", "panel_seats"),
    "score_sheets",
)
WALLED: tuple[tuple[str, P, tuple[str, ...]], ...] = (
    ("experts", P.EXPERT_MANAGE, ("account_id",)),
    ("expert_ties", P.EXPERT_MANAGE, ("account_id",)),
    ("panel_seats", P.EXPERT_MANAGE, ("account_id",)),
    ("score_sheets", P.EXPERT_MANAGE, ("account_id",)),
    ("application_people", P.APPLICATION_READ, ("applicant",)),
)


def upgrade() -> None:
    for statement in (*POOL, *PANELS):
        op.execute(statement)
    for table in FOLLOWING:
        key = "seat_id" if table == "score_sheets" else "id"
        for statement in follow(Follows(table, key, exactly=True)):
            op.execute(statement)
    for table, permission, relations in WALLED:
        for statement in wall(table, permission, relations=relations):
            op.execute(statement)
