"""Opening hours, reservations, halls and visits."""

from alembic import op

from services.kit.access import P
from services.kit.recoding import Follows, follow
from services.kit.walls import wall

revision = "0005"
down_revision = "0004"

CODE = 'varchar(12) COLLATE "C"'

OPENING = (
    """CREATE TABLE opening_rules (
        venue_id uuid NOT NULL REFERENCES venues,
        version integer NOT NULL,
        from_on date NOT NULL,
        seasons jsonb NOT NULL,
        set_by uuid NOT NULL,
        set_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (venue_id, version))""",
    """CREATE TABLE opening_exceptions (
        venue_id uuid NOT NULL REFERENCES venues,
        day date NOT NULL,
        hours jsonb NOT NULL,
        free boolean NOT NULL DEFAULT false,
        reason text NOT NULL,
        set_by uuid NOT NULL,
        set_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (venue_id, day))""",
)

RESERVATIONS = (
    """CREATE TABLE reservation_settings (
        venue_id uuid PRIMARY KEY REFERENCES venues,
        accepting boolean NOT NULL,
        slot_minutes integer NOT NULL,
        visit_minutes integer NOT NULL,
        per_day integer NOT NULL CHECK (per_day > 0),
        at_once integer NOT NULL CHECK (at_once > 0),
        release_days integer NOT NULL,
        group_release_days integer NOT NULL,
        release_at varchar(5) NOT NULL,
        max_party integer NOT NULL,
        per_person integer NOT NULL,
        group_min integer NOT NULL,
        group_max integer NOT NULL,
        offer_minutes integer NOT NULL,
        grace_minutes integer NOT NULL,
        no_shows integer NOT NULL,
        no_show_days integer NOT NULL,
        penalty_days integer NOT NULL,
        version integer NOT NULL,
        set_by uuid NOT NULL,
        set_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT reservation_settings_quarters
            CHECK (slot_minutes % 15 = 0 AND visit_minutes % 15 = 0))""",
    # One row a venue and day. Whatever decides on its places holds it first, then its buckets.
    """CREATE TABLE visit_days (
        venue_id uuid NOT NULL REFERENCES venues,
        day date NOT NULL,
        hours integer[] NOT NULL,
        free boolean NOT NULL,
        slot_minutes integer NOT NULL,
        visit_minutes integer NOT NULL,
        capacity integer NOT NULL,
        taken integer NOT NULL DEFAULT 0,
        waiting integer NOT NULL DEFAULT 0 CHECK (waiting >= 0),
        next_number integer NOT NULL DEFAULT 1,
        PRIMARY KEY (venue_id, day),
        CONSTRAINT visit_days_capacity CHECK (taken BETWEEN 0 AND capacity))
        WITH (fillfactor = 50)""",
    # A quarter of an hour, and how many are inside during it.
    """CREATE TABLE visit_buckets (
        venue_id uuid NOT NULL,
        day date NOT NULL,
        minute integer NOT NULL CHECK (minute % 15 = 0),
        capacity integer NOT NULL,
        taken integer NOT NULL DEFAULT 0,
        waiting integer NOT NULL DEFAULT 0 CHECK (waiting >= 0),
        PRIMARY KEY (venue_id, day, minute),
        FOREIGN KEY (venue_id, day) REFERENCES visit_days,
        CONSTRAINT visit_buckets_capacity CHECK (taken BETWEEN 0 AND capacity))
        WITH (fillfactor = 50)""",
    f"""CREATE TABLE reservations (
        id uuid PRIMARY KEY,
        client_id uuid,
        venue_id uuid NOT NULL,
        day date NOT NULL,
        starts integer NOT NULL,
        ends integer NOT NULL,
        starts_at timestamptz NOT NULL,
        held_until timestamptz NOT NULL,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        account_id uuid,
        proxy_by uuid,
        turn integer,
        is_group boolean NOT NULL,
        group_name text,
        party_size integer NOT NULL CHECK (party_size > 0),
        children integer NOT NULL,
        number integer NOT NULL,
        state varchar(40) NOT NULL,
        offer_expires_at timestamptz,
        name_sealed bytea NOT NULL,
        name_masked text NOT NULL,
        phone_sealed bytea,
        phone_masked text,
        phone_index bytea,
        decided_by uuid,
        decided_at timestamptz,
        decision_reason text,
        arrived_at timestamptz,
        arrived integer,
        checked_in_by uuid,
        method text,
        counted boolean,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        FOREIGN KEY (venue_id, day) REFERENCES visit_days,
        CONSTRAINT reservations_client_id UNIQUE (account_id, client_id),
        CONSTRAINT reservations_children CHECK (children BETWEEN 0 AND party_size),
        CONSTRAINT reservations_arrived CHECK ((state = 'arrived') = (arrived IS NOT NULL)),
        CONSTRAINT reservations_offer CHECK ((state = 'offered') = (offer_expires_at IS NOT NULL)))
    """,
    "CREATE UNIQUE INDEX reservations_once ON reservations (venue_id, day, account_id)"
    " WHERE state IN ('requested', 'waiting', 'offered', 'confirmed')",
    # Which of the reservations that one person may have at a time it is: two at once cannot both
    # be the last.
    "CREATE UNIQUE INDEX reservations_turn ON reservations (account_id, venue_id, turn)"
    " WHERE state IN ('requested', 'waiting', 'offered', 'confirmed')",
    "CREATE INDEX reservations_of_account ON reservations (account_id, id)",
    "CREATE INDEX reservations_proxy ON reservations (proxy_by, id)",
    "CREATE INDEX reservations_division ON reservations (division_code, id)",
    "CREATE INDEX reservations_day ON reservations (venue_id, day, id)",
    "CREATE INDEX reservations_phone ON reservations (phone_index) WHERE phone_index IS NOT NULL",
    "CREATE INDEX reservations_line ON reservations (venue_id, day, number)"
    " WHERE state = 'waiting'",
    "CREATE INDEX reservations_offers ON reservations (offer_expires_at) WHERE state = 'offered'",
    "CREATE INDEX reservations_held ON reservations (held_until)"
    " WHERE state IN ('requested', 'waiting', 'confirmed')",
    "CREATE INDEX reservations_uncounted ON reservations (day)"
    " WHERE state = 'no_show' AND counted IS NULL",
    f"""CREATE TABLE penalties (
        id uuid PRIMARY KEY,
        venue_id uuid NOT NULL REFERENCES venues,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        account_id uuid NOT NULL,
        no_shows integer NOT NULL,
        from_at timestamptz NOT NULL,
        until_at timestamptz NOT NULL,
        state varchar(40) NOT NULL,
        appeal_sealed bytea,
        appealed_at timestamptz,
        decided_by uuid,
        decided_at timestamptz,
        decision_reason text,
        version integer NOT NULL DEFAULT 1)""",
    "CREATE INDEX penalties_account ON penalties (account_id, venue_id)",
    "CREATE INDEX penalties_division ON penalties (division_code, id)",
)

HALLS = (
    """CREATE TABLE halls (
        id uuid PRIMARY KEY,
        venue_id uuid NOT NULL REFERENCES venues,
        name text NOT NULL,
        capacity integer CHECK (capacity > 0),
        open boolean NOT NULL DEFAULT true,
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT halls_name UNIQUE (venue_id, name))""",
    """CREATE TABLE hall_holds (
        id uuid PRIMARY KEY,
        hall_id uuid NOT NULL REFERENCES halls,
        during tstzrange NOT NULL CHECK (NOT isempty(during)),
        active boolean NOT NULL DEFAULT true,
        purpose text NOT NULL,
        activity_id uuid,
        occurrence_id uuid,
        made_by uuid,
        made_at timestamptz NOT NULL DEFAULT now(),
        released_by uuid,
        released_at timestamptz,
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT hall_holds_apart EXCLUDE USING gist (hall_id WITH =, during WITH &&)
            WHERE (active))""",
    "CREATE UNIQUE INDEX hall_holds_occurrence ON hall_holds (occurrence_id) WHERE active",
    "CREATE INDEX hall_holds_activity ON hall_holds (activity_id)",
    "CREATE INDEX hall_holds_hall ON hall_holds (hall_id, lower(during), id)",
    # How far the facts about an activity have been followed: what is older is late.
    """CREATE TABLE hall_activities (
        activity_id uuid PRIMARY KEY,
        version integer NOT NULL)""",
)

VISITS = (
    """CREATE TABLE visits (
        id uuid PRIMARY KEY,
        venue_id uuid NOT NULL REFERENCES venues,
        day date NOT NULL,
        source varchar(40) NOT NULL,
        reservation_id uuid,
        people integer NOT NULL CHECK (people >= 0),
        children integer NOT NULL CHECK (children BETWEEN 0 AND people),
        free boolean NOT NULL,
        recorded_by uuid,
        recorded_at timestamptz NOT NULL,
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT visits_of CHECK ((source = 'check_in') = (reservation_id IS NOT NULL)))""",
    "CREATE UNIQUE INDEX visits_reservation ON visits (reservation_id)"
    " WHERE reservation_id IS NOT NULL",
    "CREATE UNIQUE INDEX visits_head_count ON visits (venue_id, day) WHERE source = 'head_count'",
    "CREATE INDEX visits_day ON visits (venue_id, day)",
    """CREATE TABLE visit_corrections (
        id uuid PRIMARY KEY,
        visit_id uuid NOT NULL REFERENCES visits,
        before integer NOT NULL,
        after integer NOT NULL,
        reason text NOT NULL,
        by uuid NOT NULL,
        at timestamptz NOT NULL)""",
    "CREATE INDEX visit_corrections_visit ON visit_corrections (visit_id, id)",
)

# Who acts for a venue sees who comes to it: one more door in the wall.
REPRESENTED = """CREATE POLICY reservations_represented ON reservations USING (
    venue_id IN (SELECT r.venue_id FROM venue_representatives r
        WHERE r.account_id
            = (SELECT NULLIF(current_setting('kepu.subject', true), '')::uuid)
        AND (now() AT TIME ZONE 'Asia/Shanghai')::date
            BETWEEN r.from_on AND COALESCE(r.until_on, 'infinity')))"""


def upgrade() -> None:
    for statement in (*OPENING, *RESERVATIONS, *HALLS, *VISITS):
        op.execute(statement)
    for table, relations in (
        ("reservations", ("account_id", "proxy_by")),
        ("penalties", ("account_id",)),
    ):
        for statement in (
            *follow(Follows(table, exactly=True)),
            *wall(table, P.RESERVATION_READ, relations=relations),
        ):
            op.execute(statement)
    op.execute(REPRESENTED)
