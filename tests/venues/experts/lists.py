"""The lists of experts for tests/venues/test_lists_stay_flat.py: their rows, and who asks."""

from uuid import UUID

from tests.support.lists import Listed

EXPERT = "00000000-0000-7000-8005-000000000001"
ACCOUNT = UUID("00000000-0000-7000-8005-00000000000b")
"""Whose invitations they are."""
_APPLICATION = "00000000-0000-7000-8005-00000000000a"
_IMPORT = "00000001-0000-7000-8014-000000000001"
_ROWS = "FROM generate_series($1::int, $2::int) n"


def _id(family: int) -> str:
    return f"('00000000-0000-7000-{8000 + family}-' || lpad(n::text, 12, '0'))::uuid"


GROW = {
    "institutions": f"""INSERT INTO institutions (id, division_code, recorded_code, name, name_keys,
        version, created_by) SELECT {_id(4)}, '63', '63', '单位' || n, ARRAY['单位' || n], 1,
        gen_random_uuid() {_ROWS}""",
    "experts": f"""INSERT INTO experts (id, division_code, recorded_code, name_sealed, name_masked,
        kind, fields, employer_id, state, entered_on, entry_reason, version, created_by)
        SELECT {_id(5)}, '6301', '6301', 'x', '专*', 'research', '{{physics}}', {_id(4)},
            'standing', '2026-01-01', '推荐', 1, gen_random_uuid() {_ROWS}""",
    "expert_agreements": f"""INSERT INTO expert_agreements (expert_id, year, agreed_at, recorded_by)
        SELECT {_id(5)}, 2026, now(), gen_random_uuid() {_ROWS}""",
    "expert_ties": f"""INSERT INTO expert_ties (id, expert_id, division_code, recorded_code, kind,
        institution_id, set_by, set_at)
        SELECT {_id(8)}, '{EXPERT}', '6301', '6301', 'advisory', {_id(4)},
            gen_random_uuid(), now() {_ROWS}""",
    "the version of the application": """INSERT INTO programme_versions (id, programme_id, number,
        definition, state, version, created_by)
        SELECT gen_random_uuid(), gen_random_uuid(), 1, '{"title": {"zh-CN": "基地"},
            "honour": {"zh-CN": "基地"}, "authority": "厅", "division": "63", "subject": "venue",
            "basis": "办法", "stages": [{"key": "notice", "kind": "notice", "title": {"zh-CN": "公示"},
            "tier": "province", "office": "厅"}, {"key": "naming", "kind": "naming", "title":
            {"zh-CN": "命名"}, "tier": "province", "office": "厅"}], "safeguards": ["notice"],
            "notice": {"working_days": 5, "offices": ["甲", "乙"]}, "number": "{year}"}', 'published',
            77, gen_random_uuid() WHERE $1::int = 1 AND $2::int >= 1""",
    "the application": f"""INSERT INTO applications (id, programme_id, version_id, venue_id,
        host_name, division_code, recorded_code, year, state, version, applicant)
        SELECT '{_APPLICATION}', programme_id, id, gen_random_uuid(), '协会', '9999', '9999', 2026,
            'under_way', 1, gen_random_uuid() FROM programme_versions
        WHERE version = 77 AND $1::int = 1 AND $2::int >= 1""",
    "panel_draws": f"""INSERT INTO panel_draws (id, application_id, stage_key, division_code,
        recorded_code, state, reason, source_at, commitment, commitment_sha256, secret_sealed,
        salt_sealed, pool_sha256, entries, void_reason, opened_by, version)
        SELECT {_id(9)}, {_id(7)}, 'review', '63', '63', 'void', '组建', now(),
            json_build_object('subject', 'x', 'rule', json_build_object('kind', 'panel', 'strata',
            '[]'::json), 'secret_sha256', repeat('0', 64), 'source', NULL, 'committed_at', 'x'), 'x',
            'x', 'x', 'x', 1, '改期', gen_random_uuid(), 2 {_ROWS}""",
    "panel_seats": f"""INSERT INTO panel_seats (id, draw_id, application_id, expert_id, account_id,
        stage_key, division_code, recorded_code, stratum, rank, slip, state, expires_at, version)
        SELECT {_id(10)}, gen_random_uuid(), '{_APPLICATION}', {_id(5)}, '{ACCOUNT}',
            'review', '63', '63', 'physics', 1, 'x', 'declined', now(), 2 {_ROWS}""",
    "imports of experts": f"""INSERT INTO imports (id, sheet, name, digest, size, mode, again, owner,
        division_code, recorded_code, state)
        SELECT (lpad(n::text, 8, '0') || '-0000-7000-8014-000000000001')::uuid, 'experts', '表.xlsx', '\\x00', 9, 'check', true, gen_random_uuid(), '63', '63',
            'discarded' {_ROWS}""",
    "faults of experts": f"""INSERT INTO import_faults
        (import_id, number, "row", "column", key, value, rule, "values")
        SELECT '{_IMPORT}', n, n, 0, 'fields', '', 'required', '{{}}' {_ROWS}""",
}
LISTS = (
    Listed("/experts", "keeper"),
    # Of a field, the index of fields finds everybody; then they are sorted.
    Listed("/experts", "keeper", "division=6301&field=physics", once=frozenset({"experts"})),
    Listed("/experts/institutions", "keeper"),
    Listed("/experts/{expert_id}/ties", "keeper", at=EXPERT),
    Listed("/experts/invitations", "expert"),
    Listed("/draws", "anybody"),
    Listed("/draws", "anybody", "division=63&state=void"),
    Listed("/experts/imports", "keeper"),
    Listed("/experts/imports/{import_id}/faults", "keeper", at=_IMPORT),
)
