"""Venues in full: names, counties, contacts, representatives, the search; jobs and imports."""

from alembic import op

from services.kit.access import P
from services.kit.imports.tables import create_import_tables
from services.kit.jobs.tables import create_jobs_table
from services.kit.recoding import Follows, follow
from services.kit.walls import CODE_RANGE, wall

revision = "0004"
down_revision = "0003"

CODE = 'varchar(12) COLLATE "C"'

VENUES = (
    """ALTER TABLE venues
        ADD address text,
        ADD altitude_m integer CONSTRAINT venues_altitude CHECK (altitude_m BETWEEN -500 AND 9000),
        ADD given_datum varchar(40),
        ADD introduction text,
        ADD phone text,
        ADD website text,
        ADD languages text[] NOT NULL DEFAULT '{}',
        ADD accessibility text[] NOT NULL DEFAULT '{}',
        ADD capacity integer CONSTRAINT venues_capacity CHECK (capacity > 0),
        ADD admission varchar(40),
        ADD admission_note text,
        ADD publicly_funded boolean,
        ADD open_all_year boolean,
        ADD host_name text,
        ADD host_uscc varchar(18),
        ADD exhibits jsonb NOT NULL DEFAULT '[]' CONSTRAINT venues_exhibits CHECK
            (jsonb_typeof(exhibits) = 'array' AND jsonb_array_length(exhibits) <= 300),
        ADD CONSTRAINT venues_point CHECK ((longitude IS NULL) = (latitude IS NULL))""",
    # Nearest first: in degrees, which is near enough to find candidates by (registry/nearest.py).
    "CREATE INDEX venues_nearest ON venues USING gist (point(longitude, latitude))"
    " WHERE state = 'published' AND longitude IS NOT NULL",
    # The haversine on the mean radius of the earth (IUGG), in metres.
    """CREATE FUNCTION great_circle_m(lon1 double precision, lat1 double precision,
        lon2 double precision, lat2 double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 2 * 6371008.8 * asin(sqrt(least(1, power(sind((lat2 - lat1) / 2), 2)
        + cosd(lat1) * cosd(lat2) * power(sind((lon2 - lon1) / 2), 2))))""",
)

# Found by any part of a name: single characters and pairs, since a word of Chinese has two and
# trigrams need three.
NAMES = (
    """CREATE FUNCTION folded(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(normalize(given, NFKC))""",
    """CREATE FUNCTION grams(folded text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN COALESCE((SELECT array_agg(substr(folded, n, size))
        FROM generate_series(1, length(folded)) n, generate_series(1, 2) size), '{}')""",
    # Every name of a venue in its row, taken apart and stored: so the planner knows how common a
    # word is, and chooses between the index of words and the order that is asked for.
    "ALTER TABLE venues ADD other_names text NOT NULL DEFAULT ''",
    r"""ALTER TABLE venues
        ADD folded text GENERATED ALWAYS AS (folded(name || E'\n' || other_names)) STORED,
        ADD grams text[]
            GENERATED ALWAYS AS (grams(folded(name || E'\n' || other_names))) STORED""",
    "CREATE INDEX venues_grams ON venues USING gin (grams)",
    """CREATE TABLE venue_names (
        id uuid PRIMARY KEY,
        venue_id uuid NOT NULL REFERENCES venues ON DELETE CASCADE,
        name text NOT NULL,
        kind varchar(40) NOT NULL,
        until_on date,
        source text,
        CONSTRAINT venue_names_once UNIQUE (venue_id, name))""",
    r"""CREATE FUNCTION venue_names_told() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE venues v SET other_names = COALESCE(
            (SELECT string_agg(n.name, E'\n') FROM venue_names n WHERE n.venue_id = v.id), '')
        WHERE v.id IN (SELECT DISTINCT venue_id FROM touched);
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER venue_names_added AFTER INSERT ON venue_names
        REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION venue_names_told()""",
    """CREATE TRIGGER venue_names_removed AFTER DELETE ON venue_names
        REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION venue_names_told()""",
    # The other counties of a venue that lies in several; `venues.division_code` answers for it.
    f"""CREATE TABLE venue_counties (
        id uuid PRIMARY KEY,
        venue_id uuid NOT NULL REFERENCES venues ON DELETE CASCADE,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL)""",
    "CREATE INDEX venue_counties_venue ON venue_counties (venue_id)",
    "CREATE INDEX venue_counties_division ON venue_counties (division_code)",
)

HONOURS = (
    "ALTER TABLE honours ADD period text,"
    " ADD grams text[] GENERATED ALWAYS AS (grams(folded(title))) STORED",
    "CREATE INDEX honours_grams ON honours USING gin (grams)",
)

PEOPLE = (
    f"""CREATE TABLE venue_contacts (
        id uuid PRIMARY KEY,
        venue_id uuid NOT NULL REFERENCES venues ON DELETE CASCADE,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        duty text,
        name_sealed bytea NOT NULL,
        name_masked text NOT NULL,
        phone_sealed bytea,
        phone_masked text,
        phone_index bytea,
        written_at timestamptz NOT NULL DEFAULT now())""",
    "CREATE INDEX venue_contacts_venue ON venue_contacts (venue_id, id)",
    "CREATE INDEX venue_contacts_phone ON venue_contacts (phone_index)",
    f"""CREATE TABLE venue_representatives (
        id uuid PRIMARY KEY,
        venue_id uuid NOT NULL REFERENCES venues ON DELETE CASCADE,
        division_code {CODE} NOT NULL,
        recorded_code {CODE} NOT NULL,
        account_id uuid NOT NULL,
        from_on date NOT NULL,
        until_on date,
        ended_at timestamptz,
        end_reason text,
        version integer NOT NULL,
        appointed_by uuid NOT NULL,
        appointed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT venue_representatives_in_order CHECK (until_on >= from_on),
        CONSTRAINT venue_representatives_once EXCLUDE USING gist (venue_id WITH =,
            account_id WITH =, daterange(from_on, until_on, '[]') WITH &&)
            WHERE (ended_at IS NULL))""",
    "CREATE INDEX venue_representatives_account ON venue_representatives (account_id, venue_id)",
    CODE_RANGE,
    *wall("venue_contacts", P.VENUE_EDIT),
    *wall("venue_representatives", P.VENUE_EDIT, relations=("account_id",)),
)

FOLLOWED = ("venue_counties", "venue_contacts", "venue_representatives", "jobs", "imports")


def upgrade() -> None:
    create_jobs_table(op)
    create_import_tables(op)
    for statement in (*VENUES, *NAMES, *HONOURS, *PEOPLE):
        op.execute(statement)
    for table in FOLLOWED:
        for statement in follow(Follows(table, exactly=True)):
            op.execute(statement)
