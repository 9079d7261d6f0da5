"""Lists of assessments and inspections for tests/venues/test_lists_stay_flat.py: rows, and who."""

from services.kit.draw_report import Commitment, PanelRule
from services.kit.draws import freeze
from tests.support.lists import Listed
from tests.venues.assessment.cases import definition

APPLICATION = "00000000-0000-7000-8020-00000000000a"
INSPECTION = "00000000-0000-7000-8021-000000000001"
_RULE = definition().model_dump_json().replace("'", "''")
_REPORT = freeze(
    Commitment(
        subject="inspections/samples/x",
        rule=PanelRule(kind="panel", strata=()),
        secret_sha256="0" * 64,
        source=None,
        committed_at="2026-01-01T00:00:00+08:00",
    ),
    [],
    "2026-01-01T00:00:00+08:00",
    {},
).model_dump_json()
_ROWS = "FROM generate_series($1::int, $2::int) n"
_FIRST = "WHERE $1::int = 1 AND $2::int >= 1"


def _id(family: int) -> str:
    return f"('00000000-0000-7000-{8020 + family}-' || lpad(n::text, 12, '0'))::uuid"


def _files(family: int, purpose: str) -> str:
    return f"""INSERT INTO files (id, owner, purpose, name, media_type, size, sha256, state, object)
        SELECT {_id(family)}, gen_random_uuid(), '{purpose}', 'a.pdf', 'application/pdf', 9,
            decode(repeat('00', 32), 'hex'), 'ready', 'x' {_ROWS}"""


GROW = {
    "the rule of the assessed": f"""INSERT INTO programme_versions (id, programme_id, number,
        definition, state, version, created_by) SELECT '{APPLICATION}', '{APPLICATION}', 1,
        '{_RULE}', 'published', 1, gen_random_uuid() {_FIRST}""",
    "the programme of the assessed": f"""INSERT INTO programmes (id, key, division_code,
        recorded_code, created_by)
        SELECT '{APPLICATION}', 'assessed', '63', '63', gen_random_uuid() {_FIRST}""",
    "the assessed": f"""INSERT INTO applications (id, programme_id, version_id, venue_id, host_name,
        division_code, recorded_code, year, state, version, applicant)
        SELECT '{APPLICATION}', '{APPLICATION}', '{APPLICATION}', gen_random_uuid(), '协会', '63',
            '63', 2026, 'draft', 1, gen_random_uuid() {_FIRST}""",
    "assessment_snapshots": f"""INSERT INTO assessment_snapshots (application_id, number, cause,
        version_id, first_day, last_day, total, lines, taken_by, taken_at)
        SELECT '{APPLICATION}', n, 'submitted', '{APPLICATION}', '2025-01-01', '2025-12-31', 0, '[]',
            gen_random_uuid(), now() {_ROWS}""",
    "assessment_corrections": f"""INSERT INTO assessment_corrections (id, application_id, criterion,
        measure, claimed, reason, state, version, asked_by, asked_at)
        SELECT {_id(2)}, '{APPLICATION}', 'people', 'visits', 9, '停机', 'refused', 1,
            gen_random_uuid(), now() {_ROWS}""",
    "files of applications": _files(3, "application_evidence"),
    "application_files": f"""INSERT INTO application_files (file_id, application_id, part, key, name,
        ready, added_by) SELECT {_id(3)}, '{APPLICATION}', 'material', 'charter', '证书.pdf', true,
        gen_random_uuid() {_ROWS}""",
    "inspections": f"""INSERT INTO inspections (id, kind, honour_id, programme_id, version_id,
        venue_id, division_code, recorded_code, due_on, state, version, created_by)
        SELECT {_id(1)}, 'annual', gen_random_uuid(), '{APPLICATION}', '{APPLICATION}',
            gen_random_uuid(), '630123', '630123', '2020-12-31', 'due', 1,
            gen_random_uuid() {_ROWS}""",
    "files of inspections": _files(4, "inspection_file"),
    "inspection_files": f"""INSERT INTO inspection_files (file_id, inspection_id, part, ready,
        added_by) SELECT {_id(4)}, '{INSPECTION}', 'photo', true, gen_random_uuid() {_ROWS}""",
    "rectifications": f"""INSERT INTO rectifications (id, inspection_id, honour_id, programme_id,
        division_code, recorded_code, demands, first_day, days, working, due_on, state, version,
        ordered_by, ordered_at)
        SELECT {_id(5)}, '{INSPECTION}', gen_random_uuid(), '{APPLICATION}', '630123', '630123',
            '["补足讲解员"]', '2020-01-01', 30, false, '2020-01-31', 'ordered', 1,
            gen_random_uuid(), now() {_ROWS}""",
    "inspection_samples": f"""INSERT INTO inspection_samples (id, programme_id, division_code,
        recorded_code, year, wanted, alternates, due_on, state, secret_sealed, salt_sealed, report,
        void_reason, version, created_by, created_at)
        SELECT {_id(6)}, '{APPLICATION}', '63', '63', 2026, 1, 0, '2026-12-31', 'void', 'x', 'x',
            '{_REPORT}', '改期', 2, gen_random_uuid(), now() {_ROWS}""",
}
_OF = "/applications/{application_id}"
LISTS = (
    Listed(f"{_OF}/assessment/snapshots", "staff", at=APPLICATION),
    Listed(f"{_OF}/assessment/corrections", "staff", at=APPLICATION),
    Listed(f"{_OF}/files", "staff", at=APPLICATION),
    Listed("/inspections", "staff"),
    Listed("/inspections", "staff", "division=63&kind=annual&state=due&overdue=true"),
    Listed("/inspections/{inspection_id}/files", "staff", at=INSPECTION),
    Listed("/inspections/rectifications", "staff"),
    Listed("/inspections/rectifications", "staff", "division=63&state=ordered&overdue=true"),
    Listed("/inspections/samples", "anybody"),
    Listed("/inspections/samples", "anybody", f"programme_id={APPLICATION}"),
)
