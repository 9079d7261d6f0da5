"""Every list of events: 1, 3 and 10,000 rows with the same number of queries, and few rows read.

A list that is new in the app's document and has no row in the table here makes the test fail.
"""

from collections.abc import Callable
from uuid import UUID

from services.events.activities.pictures_rules import MOST_PICTURES
from services.events.stations.rules import Sector
from services.kit.access import Caller, Grant, Kind, Role
from services.kit.draw_report import Commitment, PlacesRule
from tests.engines import TestCluster
from tests.events.door.doors import phone
from tests.support.activities import Ids, published_activity
from tests.support.apps import Running, citizen
from tests.support.lists import Ask, Listed, look, page, paths

TOWNSHIP, ELSEWHERE = "630123101", "630102"
CITIZEN = citizen(UUID("0192aaaa-0000-7000-8000-000000000001"))
STAFF = Caller(
    Kind.STAFF,
    UUID("0192aaaa-0000-7000-8000-000000000002"),
    (Grant(Role.APPROVER, "63"), Grant(Role.ADMINISTRATOR, "63")),
)
SHEETS = {
    "activities": ("/activities/imports", "title"),
    "attendance": ("/occurrences/attendance/imports", "occurrence_id"),
    "posts": ("/posts/imports", "role"),
    "rosters": ("/registrations/rosters/imports", "school"),
    "stations": ("/stations/imports", "name"),
}
"""Where each sheet is sent in, and one of its columns."""
COMMITMENT = Commitment(
    subject="座位",
    rule=PlacesRule(kind="places", list_rule="strict", one_per_family=False, winners_after_days=0),
    secret_sha256="0" * 64,
    source=None,
    committed_at="2026-01-01T00:00:00Z",
).model_dump_json()


def uid(family: int = 0) -> str:
    """The id of row n, as SQL; a family for rows that stand among others in one table."""
    return f"('00000000-0000-7000-8000-' || lpad(n || '{family}', 12, '0'))::uuid"


def first(family: int = 0) -> str:
    """The id of row 1."""
    return f"00000000-0000-7000-8000-{10 + family:012}"


ID, HERE, ROWS = uid(), f"'{TOWNSHIP}', '{TOWNSHIP}'", "FROM generate_series($1::int, $2::int) n"
BY = f"'{STAFF.subject}'::uuid"

NETWORK = {
    "above": """INSERT INTO divisions (code, name, short_name, tier, kind, official, edition)
        SELECT code, code, code, tier, tier, true, '2023' FROM (VALUES ('63', 'province'),
            ('630123', 'county'), ('630123101', 'township')) above (code, tier)
        WHERE $1::int = 1 AND $2::int > 0""",
    "divisions": f"""INSERT INTO divisions
        (code, name, short_name, tier, kind, parent_code, official, edition)
        SELECT '630123' || lpad(n::text, 6, '0'), '第' || n || '村', n::text, 'village', 'village',
            '{TOWNSHIP}', true, '2023' {ROWS}""",
    "editions": f"""INSERT INTO editions (edition, source, divisions)
        SELECT lpad(n::text, 5, '0'), '民政部', 1 {ROWS}""",
    "division_changes": f"""INSERT INTO division_changes (id, document, decided_on, effective_on,
        kind, scope_code, lines, state, version, created_by)
        SELECT {ID}, n::text, '2025-01-01', '2025-01-01', 'rename', '{TOWNSHIP}', '[]',
            'withdrawn', 1, {BY} {ROWS}""",
    "stations": f"""INSERT INTO stations
        (id, division_code, recorded_code, kind, name, state, version, created_by)
        SELECT {ID}, {HERE}, 'science_station', n::text, 'open', 1, {BY} {ROWS}""",
    "station_contacts": f"""INSERT INTO station_contacts
        (station_id, division_code, name_sealed, name_masked)
        SELECT {ID}, '{TOWNSHIP}', '\\x00', '卓*' {ROWS}""",
    "posts": f"""INSERT INTO posts (id, division_code, recorded_code, station_id, role,
        name_sealed, name_masked, begins_on, version, created_by)
        SELECT {ID}, {HERE}, {ID}, 'informant', '\\x00', '卓*', '2024-01-01', 1, {BY} {ROWS}""",
    "targets": f"""INSERT INTO targets (id, division_code, recorded_code, parent_id, measure, goal,
        due_on, source, version, created_by)
        SELECT {ID}, {HERE}, {ID.replace("n ||", "(n - 1) ||")}, 'rural_bases', 9,
            '2025-01-01'::date + n, '规划', 1, {BY} {ROWS}""",
    "target_values": f"""INSERT INTO target_values (id, target_id, value, as_of, source,
        recorded_by) SELECT {ID}, '{first()}', n, '2025-01-01', '年报', {BY} {ROWS}""",
}
WORK = {
    "campaigns": f"""INSERT INTO campaigns (id, name, starts_on, division_code, source)
        SELECT {ID}, n::text, '2026-05-01', '{TOWNSHIP}', '通知' {ROWS}""",
    "activities": f"""INSERT INTO activities (id, division_code, recorded_code, campaign_id, title,
        summary, form, audiences, languages, state, version, created_by, published_at)
        SELECT {ID}, {HERE}, {ID}, '青海湖的鸟 ' || n, '', 'lecture', '{{public}}', '{{zh}}',
            'published', 4, {BY}, now() {ROWS}""",
    "pictures": f"""UPDATE activities SET pictures = (SELECT jsonb_agg(jsonb_build_object('file',
        {uid(1)}, 'alt', '{{}}'::jsonb, 'width', 9, 'height', 9)) FROM generate_series(1, $2::int) n
        WHERE n <= {MOST_PICTURES}) WHERE id = '{first()}' AND $1::int > 0""",
    "activity_hosts": f"""INSERT INTO activity_hosts
        (activity_id, division_code, recorded_code, role, accepted_at)
        SELECT {ID}, {HERE}, 'lead', now() {ROWS}""",
    "occurrences": f"""INSERT INTO occurrences (id, activity_id, division_code, recorded_code,
        starts_at, ends_at, state, sequence, list_rule, offer_minutes, verified, version)
        SELECT {ID}, {ID}, {HERE}, now() + n * INTERVAL '1 second', now() + INTERVAL '5 hours',
            'scheduled', 0, 'strict', 60, 1, 1 {ROWS}""",
    "pools": f"""INSERT INTO pools
        (id, occurrence_id, name, capacity, confirmed, offered, waiting, next_number, version)
        SELECT {ID}, {ID}, '', 9, 1, 0, 0, 2, 1 {ROWS}""",
    "tickets": f"""INSERT INTO tickets (id, occurrence_id, pool_id, name, max_party)
        SELECT {ID}, {ID}, {ID}, '', 9 {ROWS}""",
    "outliers": f"""INSERT INTO outliers (id, occurrence_id, activity_id, rule, number, compared)
        SELECT {ID}, {ID}, {ID}, 'over_capacity', 99, 9 {ROWS}""",
    "tallies": f"""INSERT INTO tallies (division_code, grain, day, activities, share, occurrences,
        attended, verified, counted, estimated, online)
        SELECT '{TOWNSHIP}', 'day', '2026-01-01'::date - n, 1, 1, 1, 1, 1, 0, 0, 0 {ROWS}""",
    "feedback_results": f"""INSERT INTO feedback_results
        (activity_id, answers, satisfied, released_on, version)
        SELECT {ID}, 9, 8, '2026-01-01', 1 {ROWS}""",
    "jobs": f"""INSERT INTO jobs (id, name, owner, caller, division_code, recorded_code, language,
        traceparent, given, state, ended_at)
        SELECT {ID}, 'recode', {BY}, '{{}}', {HERE}, 'zh-CN', '', '{{}}', 'done', now() {ROWS}""",
}


def people(hall: Ids) -> dict[str, str]:
    """One registration of the citizen's at each occurrence, and a long line of classes at a hall.

    The citizen came everywhere; nobody at the hall did.
    """
    (ticket,) = hall.tickets.values()
    registered = """INSERT INTO registrations (id, occurrence_id, pool_id, ticket_id, division_code,
        recorded_code, account_id, proxy_by, party_size, split_ok, number, state, offered_places,
        version)"""
    member = """INSERT INTO members
        (id, registration_id, division_code, account_id, proxy_by, position, name_sealed,
        name_masked)"""
    return {
        "mine": f"""{registered} SELECT {ID}, {ID}, {ID}, {ID}, {HERE}, '{CITIZEN.subject}', NULL,
            1, false, 1, 'confirmed', 0, 1 {ROWS}""",
        "members": f"""{member} SELECT {ID}, {ID}, '{TOWNSHIP}', '{CITIZEN.subject}', NULL, 0,
            '\\x00', '卓*' {ROWS}""",
        "check_ins": f"""INSERT INTO check_ins (member_id, occurrence_id, division_code,
            account_id, by, method)
            SELECT {ID}, {ID}, '{TOWNSHIP}', '{CITIZEN.subject}', {BY}, 'by_hand' {ROWS}""",
        "line": f"""{registered} SELECT {uid(1)}, '{hall.occurrence}', '{hall.pool}', '{ticket}',
            {HERE}, NULL, {BY}, 1, false, n, 'waiting', 0, 1 {ROWS}""",
        "members of the line": f"""{member} SELECT {uid(1)}, {uid(1)}, '{TOWNSHIP}', NULL, {BY}, 0,
            '\\x00', '卓*' {ROWS}""",
        "rosters": f"""INSERT INTO rosters (registration_id, division_code, proxy_by, class_name,
            contact_sealed, contact_masked, contact_phone_sealed, contact_phone_masked, version)
            SELECT {uid(1)}, '{TOWNSHIP}', {BY}, '三（2）班', '\\x00', '马*', '\\x00', '1*', 1
            {ROWS}""",
        "draws": f"""INSERT INTO draws (id, occurrence_id, state, closes_at, commitment,
            commitment_sha256, secret_sealed, salt_sealed, void_reason, opened_by, version)
            SELECT {ID}, '{hall.occurrence}', 'void', now(), '{COMMITMENT}', '', '\\x00', '\\x00', '大雪', {BY},
            1 {ROWS}""",
        "corrections": f"""INSERT INTO attendance_corrections
            (id, occurrence_id, grade, before, after, reason, by, at)
            SELECT {ID}, '{hall.occurrence}', 'counted', 1, 2, '', {BY}, now() {ROWS}""",
        "devices": f"""INSERT INTO devices (id, division_code, name, public_key, enrolled_by,
            last_seq, clock_offset, version)
            SELECT {ID}, '{TOWNSHIP}', '手机', uuid_send({ID}), {BY}, 0, '0', 1 {ROWS}""",
        "scans": f"""INSERT INTO scans (key, id, device_id, contact_id, client_id, seq, device_at,
            received_at, occurrence_id, division_code, numbers, by_hand, signature, signed,
            admitted, doubtful, outcome)
            SELECT uuid_send({ID}), {ID}, {ID}, {ID}, {ID}, 1, now(), now(), '{hall.occurrence}',
            '{TOWNSHIP}', '{{}}', true, '\\x00', '', true, false, 'counted' {ROWS}""",
    }


def sheets() -> dict[str, str]:
    """Imports of each sheet; the first of each has as many bad cells as there are imports."""
    grow = {}
    for family, (sheet, (_, column)) in enumerate(SHEETS.items()):
        grow[f"imports of {sheet}"] = f"""INSERT INTO imports (id, sheet, name, digest, size, mode,
            again, owner, division_code, recorded_code, state)
            SELECT {uid(family)}, '{sheet}', '表.xlsx', '\\x00', 9, 'check', true, {BY}, {HERE},
            'discarded' {ROWS}"""
        grow[f"faults of {sheet}"] = f"""INSERT INTO import_faults
            (import_id, number, "row", "column", key, value, rule, "values")
            SELECT '{first(family)}', n, n, 0, '{column}', '', 'required', '{{}}' {ROWS}"""
    return grow


def more(many: int) -> Callable[[int], int]:
    """A page where so many rows stand beside those that grow."""
    return lambda size: page(size + many)


def always(many: int) -> Callable[[int], int]:
    """A whole of so many, whatever is counted in it."""
    return lambda _: many


def lists(hall: Ids) -> tuple[Listed, ...]:
    """Every list, as it is asked for."""
    at_hall, here = str(hall.occurrence), f"division={TOWNSHIP}"
    imports = [
        one
        for family, (path, _) in enumerate(SHEETS.values())
        for one in (
            Listed(path, "staff"),
            Listed(f"{path}/{{import_id}}/faults", "staff", at=first(family)),
        )
    ]
    return (
        Listed("/activities", "staff", here),
        Listed("/activities", "citizen", here),
        Listed("/activities", "staff", "mine=true"),
        Listed(
            "/activities/{activity_id}/pictures",
            "citizen",
            at=first(),
            shown=lambda size: min(size, MOST_PICTURES),
            pages=False,
        ),
        Listed("/campaigns", "citizen"),
        Listed("/check-ins/devices", "staff", shown=more(1)),
        Listed("/check-ins/packs", "device", shown=more(1)),
        Listed("/check-ins/packs/{occurrence_id}/registrations", "device", at=at_hall),
        Listed("/check-ins/scans", "staff", f"occurrence={at_hall}"),
        Listed("/coverage/{code}/equity/villages", "citizen", "without=activity", at=TOWNSHIP[:6]),
        Listed("/coverage/{code}/lacking", "citizen", "have=people&tier=village", at=TOWNSHIP[:6]),
        Listed(
            "/coverage/{code}/sectors",
            "citizen",
            at=TOWNSHIP,
            shown=always(len(Sector)),
            pages=False,
        ),
        Listed("/divisions", "citizen", "tier=village"),
        Listed("/divisions", "citizen", "q=村"),
        Listed("/divisions/changes", "staff"),
        Listed("/divisions/{code}/children", "citizen", at=TOWNSHIP),
        Listed("/editions", "citizen"),
        Listed("/feedback", "citizen", here),
        Listed("/feedback/awaited", "citizen"),
        Listed("/jobs", "staff"),
        Listed("/occurrences", "citizen", shown=more(1)),
        Listed("/occurrences", "citizen", here),
        Listed("/occurrences/{occurrence_id}/attendance/corrections", "staff", at=at_hall),
        Listed("/occurrences/{occurrence_id}/draws", "citizen", at=at_hall),
        Listed("/occurrences/{occurrence_id}/rosters", "staff", at=at_hall),
        # PostgreSQL thinks that the wall lets few through, and sorts those that it does.
        Listed("/posts", "staff", once=frozenset({"posts", "stations"})),
        Listed("/registrations", "citizen"),
        # A place in the line is counted from its head.
        Listed(
            "/registrations",
            "staff",
            f"occurrence={at_hall}",
            once=frozenset({"registrations"}),
        ),
        Listed("/reports/outliers", "staff"),
        Listed(
            "/reports/series",
            "citizen",
            f"division={TOWNSHIP}&from=2024-01-01&to=2025-12-31",
            shown=always(24),
            pages=False,
        ),
        Listed("/stations", "staff"),
        # All values are of one target here, so asking which targets have any reads them all.
        Listed("/targets", "citizen", once=frozenset({"target_values"})),
        Listed("/targets/{target_id}/values", "citizen", at=first()),
        *imports,
    )


async def test_every_list_asks_as_much_of_10000_rows_as_of_one(
    events: Running, postgres: TestCluster
) -> None:
    hall = await published_activity(events, ELSEWHERE)
    device = await phone(events, division="63")
    asked, dsn = lists(hall), postgres.dsn(events.database_name)
    assert {one.path for one in asked} == paths(events.app)
    async with events.as_(STAFF) as staff, events.as_(CITIZEN) as mine:
        asks: dict[str, Ask] = {
            "staff": staff.get,
            "citizen": mine.get,
            "device": lambda target: device.request("GET", target),
        }
        grow = {**NETWORK, **WORK, **people(hall), **sheets()}
        wanted, found, much = await look(events, dsn, asked, grow, asks)
    assert (found, much) == (wanted, {})
