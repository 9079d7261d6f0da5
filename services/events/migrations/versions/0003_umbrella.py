"""Umbrella and child activities, outliers of attendance, what calendar feeds need."""

from alembic import op

revision = "0003"
down_revision = "0002"

UMBRELLAS = (
    "ALTER TABLE activities ADD is_umbrella boolean NOT NULL DEFAULT false, ADD umbrella_id uuid,"
    # True beside every umbrella_id: the other half of the key below.
    " ADD umbrella_is boolean GENERATED ALWAYS AS"
    " (CASE WHEN umbrella_id IS NOT NULL THEN true END) STORED",
    # One level and no circle: an umbrella stands under nothing, and only an umbrella has children.
    "ALTER TABLE activities"
    " ADD CONSTRAINT activities_one_level CHECK (NOT is_umbrella OR umbrella_id IS NULL),"
    " ADD CONSTRAINT activities_umbrella_key UNIQUE (id, is_umbrella)",
    "ALTER TABLE activities ADD CONSTRAINT activities_umbrella_fkey"
    " FOREIGN KEY (umbrella_id, umbrella_is) REFERENCES activities (id, is_umbrella)",
    "CREATE INDEX activities_umbrella ON activities (umbrella_id, id)"
    " WHERE umbrella_id IS NOT NULL",
)

OUTLIERS = (
    """CREATE TABLE headcount_norms (
        form varchar(40) NOT NULL,
        digits integer NOT NULL,
        measure varchar(40) NOT NULL,
        occurrences integer NOT NULL,
        median double precision NOT NULL,
        computed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (form, digits, measure))""",
    """CREATE TABLE outliers (
        id uuid PRIMARY KEY,
        occurrence_id uuid NOT NULL REFERENCES occurrences ON DELETE CASCADE,
        activity_id uuid NOT NULL REFERENCES activities ON DELETE CASCADE,
        rule varchar(40) NOT NULL,
        number integer NOT NULL,
        compared integer NOT NULL,
        state varchar(40) NOT NULL DEFAULT 'open',
        reason text,
        dismissed_by uuid,
        dismissed_at timestamptz,
        raised_at timestamptz NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT outliers_once UNIQUE (occurrence_id, rule),
        CONSTRAINT outliers_dismissed CHECK (
            (state = 'dismissed') = (reason IS NOT NULL)
            AND (state = 'dismissed') = (dismissed_at IS NOT NULL)))""",
    "CREATE INDEX outliers_latest ON outliers (raised_at, id)",
    "CREATE INDEX outliers_activity ON outliers (activity_id)",
)

# When what a calendar shows of a row last changed. A trigger, because several capabilities write
# these rows, and most of what they write (people checked in, versions) is not in a calendar.
FEEDS = (
    "ALTER TABLE activities ADD changed_at timestamptz NOT NULL DEFAULT now()",
    "ALTER TABLE occurrences ADD changed_at timestamptz NOT NULL DEFAULT now()",
    """CREATE FUNCTION mark_changed() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.changed_at = now(); RETURN NEW; END $$""",
    """CREATE TRIGGER activities_changed BEFORE UPDATE ON activities FOR EACH ROW
    WHEN ((OLD.title, OLD.summary, OLD.translations, OLD.cancel_reason)
        IS DISTINCT FROM (NEW.title, NEW.summary, NEW.translations, NEW.cancel_reason))
    EXECUTE FUNCTION mark_changed()""",
    """CREATE TRIGGER occurrences_changed BEFORE UPDATE ON occurrences FOR EACH ROW
    WHEN ((OLD.sequence, OLD.division_code) IS DISTINCT FROM (NEW.sequence, NEW.division_code))
    EXECUTE FUNCTION mark_changed()""",
    # What is scheduled has its own (0001): a feed also shows what was held and what was called off.
    "CREATE INDEX occurrences_not_ahead ON occurrences (starts_at, id) WHERE state <> 'scheduled'",
    "CREATE INDEX activities_campaign ON activities (campaign_id, id)"
    " WHERE campaign_id IS NOT NULL",
)


def upgrade() -> None:
    for statement in (*UMBRELLAS, *OUTLIERS, *FEEDS):
        op.execute(statement)
