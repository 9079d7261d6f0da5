"""湟中 as it was before 2020, and thousands of records in and around it, in plain SQL."""

from typing import Any

OLD, NEW = "630122", "630106"
TOWNSHIP, VILLAGE = "630122100", "630122100201"

# 湟中区 of the shipped register bears its former codes again, and nothing knows of its change.
AS_BEFORE = (
    f"DELETE FROM successions WHERE starts_with(code, '{OLD}')"
    f" OR starts_with(successor_code, '{NEW}') OR starts_with(code, '{NEW}')",
    f"DELETE FROM former_names WHERE starts_with(code, '{OLD}') OR starts_with(code, '{NEW}')",
    f"DELETE FROM divisions WHERE starts_with(code, '{OLD}')"
    f" OR (starts_with(code, '{NEW}') AND abolished_on IS NOT NULL)",
    f"""UPDATE divisions SET code = '{OLD}' || substr(code, 7),
        parent_code = CASE WHEN starts_with(parent_code, '{NEW}')
            THEN '{OLD}' || substr(parent_code, 7) ELSE parent_code END
    WHERE starts_with(code, '{NEW}')""",
    f"UPDATE divisions SET name = '湟中县', short_name = '湟中县', kind = '县' WHERE code = '{OLD}'",
)

_PLACES = f"""WITH places AS (
    SELECT code, row_number() OVER (ORDER BY (starts_with(code, '{OLD}')) DESC, code) AS n
    FROM (SELECT code FROM divisions WHERE starts_with(code, '{OLD}') AND abolished_on IS NULL
        UNION ALL (SELECT code FROM divisions WHERE starts_with(code, '630102')
            AND abolished_on IS NULL ORDER BY code LIMIT 100)) p)"""
ACTIVITIES = 2000

RECORDS = (
    f"""INSERT INTO activities (id, division_code, recorded_code, title, summary, form, state,
        version, created_by, published_at)
    {_PLACES}
    SELECT md5('a' || i)::uuid, p.code, p.code, '第' || i || '次讲座', '', 'lecture', 'completed', 1,
        md5('u')::uuid, '2019-09-01'
    FROM generate_series(1, {ACTIVITIES}) i
    JOIN places p ON p.n = 1 + i % (SELECT count(*) FROM places)""",
    """INSERT INTO activity_hosts (activity_id, division_code, recorded_code, role, accepted_at)
    SELECT id, division_code, division_code, 'lead', '2019-09-01' FROM activities""",
    f"""INSERT INTO activity_hosts (activity_id, division_code, recorded_code, role, accepted_at)
    SELECT id, '{VILLAGE}', '{VILLAGE}', 'co', '2019-09-01' FROM activities
    WHERE division_code <> '{VILLAGE}' ORDER BY id LIMIT 500""",
    """INSERT INTO occurrences (id, activity_id, division_code, recorded_code, starts_at, ends_at,
        state, sequence, list_rule, offer_minutes, verified, version)
    SELECT md5('o' || id)::uuid, id, division_code, division_code, '2019-09-18 02:00Z',
        '2019-09-18 04:00Z', 'held', 0, 'strict', 60, 2, 1 FROM activities""",
    """INSERT INTO pools (id, occurrence_id, name, capacity, confirmed, offered, waiting,
        next_number, version)
    SELECT id, id, '', 10, 1, 0, 0, 2, 1 FROM occurrences""",
    """INSERT INTO tickets (id, occurrence_id, pool_id, name, max_party)
    SELECT id, id, id, '', 5 FROM occurrences""",
    """INSERT INTO registrations (id, occurrence_id, pool_id, ticket_id, division_code,
        recorded_code, account_id, party_size, split_ok, number, state, offered_places, version)
    SELECT md5('r' || id)::uuid, id, id, id, division_code, division_code, md5('p' || id)::uuid, 1,
        false, 1, 'confirmed', 0, 1 FROM occurrences""",
    """INSERT INTO members (id, registration_id, division_code, account_id, position, name_sealed,
        name_masked)
    SELECT id, id, division_code, account_id, 1, 'x', '张*' FROM registrations""",
    """INSERT INTO check_ins (member_id, occurrence_id, division_code, account_id, by, method)
    SELECT r.id, r.occurrence_id, r.division_code, r.account_id, md5('u')::uuid, 'by_hand'
    FROM registrations r""",
    f"""INSERT INTO stations (id, division_code, recorded_code, kind, name, state, version,
        created_by)
    SELECT md5('s' || code)::uuid, code, code, 'practice_station', name || '科普站', 'open', 1,
        md5('u')::uuid
    FROM divisions WHERE starts_with(code, '{OLD}') AND abolished_on IS NULL""",
)

ORDER: dict[str, Any] = {
    "document": "国函〔2019〕106号",
    "decided_on": "2019-11-06",
    "effective_on": "2020-07-22",
    "kind": "recode",
    "lines": [{"code": OLD, "successor": NEW, "name": "湟中区", "kind": "市辖区"}],
}
