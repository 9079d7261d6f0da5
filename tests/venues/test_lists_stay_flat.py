"""The list of venues: 1, 3 and 10,000 rows with the same number of queries."""

from services.kit.access import Role
from tests.engines import TestCluster
from tests.support.apps import Running, citizen, staff
from tests.support.lists import Listed, look, paths
from tests.venues.applications import lists as applications
from tests.venues.experts import lists as experts
from tests.venues.inspections import lists as inspections
from tests.venues.registry import lists as registry
from tests.venues.reservations import lists as reservations

PROGRAMME = "00000000-0000-7000-8000-00000000000a"
HONOUR = "00000000-0000-7000-8000-000000000001"
GROW = {
    "venues": """INSERT INTO venues (id, name, kind, division_code, recorded_code, state, version,
        created_by)
        SELECT gen_random_uuid(), '科技馆 ' || n, 'science_museum', '630123', '630123', 'published',
            1, gen_random_uuid() FROM generate_series($1::int, $2::int) n""",
    "honours": """INSERT INTO honours (id, subject_code, division_code, recorded_code, title, issuer,
        issued_on, state, version, created_by)
        SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '630123', '630123',
            '630123', '科普示范社区 ' || n, '省科协', '2026-01-01', 'valid', 1, gen_random_uuid()
        FROM generate_series($1::int, $2::int) n""",
    "decisions": f"""INSERT INTO decisions (id, honour_id, action, actor, public)
        SELECT gen_random_uuid(), '{HONOUR}', 'suspend', gen_random_uuid(), true
        FROM generate_series($1::int, $2::int) n""",
    "programmes": f"""INSERT INTO programmes (id, key, division_code, recorded_code, created_by)
        SELECT '{PROGRAMME}', 'noticed', '63', '63', gen_random_uuid()
        WHERE $1::int = 1 AND $2::int >= 1""",
    "notices": f"""INSERT INTO notices (id, programme_id, version_id, title, authority, basis, honour,
        offices, working_days, first_day_counts, first_on, division_code, recorded_code, state,
        version, opened_by, opened_at)
        SELECT ('00000000-0000-7000-8001-' || lpad(n::text, 12, '0'))::uuid, '{PROGRAMME}',
            gen_random_uuid(), '公示 ' || n, '省科技厅', '办法', '基地', '{{甲,乙}}', 5, true,
            '2026-09-30', '63', '63', 'open', 1, gen_random_uuid(), now()
        FROM generate_series($1::int, $2::int) n""",
    "notice_entries": """INSERT INTO notice_entries (id, notice_id, application_id, run_id, stage_key,
        position, name, host_name, state, last_on)
        SELECT ('00000000-0000-7000-8002-' || lpad(n::text, 12, '0'))::uuid,
            ('00000000-0000-7000-8001-' || lpad(n::text, 12, '0'))::uuid, gen_random_uuid(),
            gen_random_uuid(), 'notice', 1, '馆 ' || n, '县科协', 'open', '2026-10-12'
        FROM generate_series($1::int, $2::int) n""",
    "objections": """INSERT INTO objections (id, notice_id, entry_id, application_id, division_code,
        recorded_code, office, account_id, name_sealed, name_masked, phone_sealed, statement_sealed,
        state, received_at, version)
        SELECT ('00000000-0000-7000-8003-' || lpad(n::text, 12, '0'))::uuid,
            ('00000000-0000-7000-8001-' || lpad(n::text, 12, '0'))::uuid,
            ('00000000-0000-7000-8002-' || lpad(n::text, 12, '0'))::uuid, gen_random_uuid(), '63',
            '63', '甲', gen_random_uuid(), 'x', '多**', 'x', 'x', 'received', now(), 1
        FROM generate_series($1::int, $2::int) n""",
    "red_lines": """INSERT INTO red_lines (id, name, standing, grounds, listed_on, confirmed_at,
        division_code, recorded_code, version, created_by)
        SELECT gen_random_uuid(), '公司' || n, 'red_line', '骗补', '2026-01-01', now(), '63', '63', 1,
            gen_random_uuid() FROM generate_series($1::int, $2::int) n""",
    **experts.GROW,
    **inspections.GROW,
    **applications.GROW,
    **reservations.GROW,
    **registry.GROW,
}
LISTS = (
    Listed("/venues", "staff"),
    Listed("/venues", "staff", "division=630123"),
    Listed("/venues", "anybody"),
    Listed("/honours", "anybody"),
    Listed("/honours", "staff", "division=630123&state=valid&year=2026&title=示范"),
    # It begins with how the honour came.
    Listed("/honours/{honour_id}/history", "anybody", at=HONOUR, shown=applications.more(1)),
    Listed("/notices", "anybody"),
    Listed("/notices", "anybody", f"division=63&state=open&programme_id={PROGRAMME}"),
    # Behind its wall PostgreSQL expects a hundredth of the rows, and sorts them: there are few.
    Listed("/objections", "staff", once=frozenset({"objections"})),
    Listed("/objections", "staff", "state=received", once=frozenset({"objections"})),
    Listed("/applications/red-lines", "staff"),
    *experts.LISTS,
    *inspections.LISTS,
    *applications.LISTS,
    *reservations.LISTS,
    *registry.LISTS,
)


async def test_every_list_asks_as_much_of_10000_rows_as_of_one(
    venues: Running, postgres: TestCluster
) -> None:
    assert {one.path for one in LISTS} == paths(venues.app)
    async with (
        venues.as_(staff(Role.OFFICER, "63")) as officer,
        venues.as_(staff(Role.APPROVER, "63")) as keeper,
        venues.as_(citizen(experts.ACCOUNT)) as expert,
        venues.as_() as anybody,
    ):
        wanted, found, much = await look(
            venues,
            postgres.dsn(venues.database_name),
            LISTS,
            GROW,
            {
                "staff": officer.get,
                "keeper": keeper.get,
                "expert": expert.get,
                "anybody": anybody.get,
            },
        )
    assert (found, much) == (wanted, {})
