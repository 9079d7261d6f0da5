"""A panel from its promise to its invitations: milliseconds of both requests, by size of the pool.

A served process of services/venues on PostgreSQL with fsync: conflicts are computed, the pool is
frozen under salted ids and hashed, then drawn, and the first of each stratum are invited.
"""

import json
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.kit.access import Caller, Grant, Kind, Role
from services.kit.draws import read, verify
from tests.bench.report import Figure
from tests.bench.stage import Stage, stage, wait_for
from tests.engines import free_port
from tests.support.certification import DEFINITION

SIZES = {16_000: 2_000.0, 160_000: 20_000.0}
PANEL = {
    "strata": [
        {"field": "physics", "quota": 4, "alternates": 2},
        {"field": "education", "quota": 3, "alternates": 1},
    ],
    "divergence": 30,
}
INSTITUTIONS = """INSERT INTO institutions (id, division_code, recorded_code, name, name_keys,
    version, created_by)
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '63', '63', '单位' || n,
        ARRAY['单位' || n], 1, gen_random_uuid() FROM generate_series(0, 999) n"""
EXPERTS = """INSERT INTO experts (id, division_code, recorded_code, name_sealed, name_masked, kind,
    fields, employer_id, state, entered_on, entry_reason, version, created_by)
    SELECT ('00000000-0000-7001-8000-' || lpad(n::text, 12, '0'))::uuid, '6301', '6301', 'x', '专*',
        'research', ARRAY[(ARRAY['physics', 'education'])[1 + n % 2]],
        ('00000000-0000-7000-8000-' || lpad((n % 1000)::text, 12, '0'))::uuid, 'standing',
        '2026-01-01', '推荐', 1, gen_random_uuid()
    FROM generate_series({first}, {last}) n"""
AGREEMENTS = """INSERT INTO expert_agreements (expert_id, year, agreed_at, recorded_by)
    SELECT id, extract(year FROM now()), now(), id FROM experts ON CONFLICT DO NOTHING"""
TIES = """INSERT INTO expert_ties (id, expert_id, division_code, recorded_code, kind,
    institution_id, set_by, set_at)
    SELECT gen_random_uuid(), id, '6301', '6301', 'affiliation',
        '00000000-0000-7000-8000-000000000000', id, now()
    FROM experts WHERE right(id::text, 2) = '07'"""


def application(version: Any) -> str:
    """An application in review whose host is one of the institutions."""
    made, rule = uuid4(), json.dumps({**DEFINITION, "panel": PANEL}).replace("'", "''")
    return f"""INSERT INTO programmes (id, key, division_code, recorded_code, created_by)
        VALUES ('{version}', 'p{version.hex[:9]}', '63', '63', '{version}');
    INSERT INTO programme_versions (id, programme_id, number, definition, state, version, created_by)
        VALUES ('{version}', '{version}', 1, '{rule}', 'published', 1, '{version}');
    INSERT INTO applications (id, programme_id, version_id, subject_code, host_name, division_code,
        recorded_code, year, state, stage_key, version, applicant)
        VALUES ('{version}', '{version}', '{version}', '630123', '单位0', '630123', '630123', 2026,
            'under_way', 'review', 1, '{made}');
    INSERT INTO stage_runs (id, application_id, stage_key, attempt, state, opened_at)
        VALUES ('{made}', '{version}', 'review', 1, 'open', now())"""


class Api:
    """A process of services/venues, and whoever keeps the pool."""

    def __init__(self, on: Stage) -> None:
        port = free_port()
        on.spawn("-m", "services.kit", "serve", "services.venues", "--port", str(port))
        self._base = f"http://127.0.0.1:{port}"
        wait_for(f"{self._base}/health/ready")
        self._signer = on.signer
        self._caller = Caller(Kind.STAFF, uuid4(), (Grant(Role.APPROVER, "63"),))

    def ask(self, path: str, body: Any = None) -> bytes:
        """One request."""
        token = self._signer.sign(self._caller, "venues")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._base}{path}", content, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: bytes = answer.read()
            return found


def drawn(on: Stage, api: Api) -> float:
    """Milliseconds of the freeze and of the draw together; the report is replayed."""
    made = uuid4()
    on.run_sql("venues", application(made), "ANALYZE")
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    source = {"name": "福彩双色球开奖号码", "at": at}
    body = {"application_id": str(made), "reason": "组建专家组", "source": source}
    began = time.perf_counter()
    draw = json.loads(api.ask("/draws", body))
    frozen = time.perf_counter() - began
    on.run_sql("venues", "UPDATE panel_draws SET source_at = now()")
    began = time.perf_counter()
    api.ask(f"/draws/{draw['id']}/value", {"value": "03 07 11 + 08"})
    spent = (frozen + time.perf_counter() - began) * 1000
    report = read(api.ask(f"/draws/{draw['id']}/report"))
    assert verify(report) == report.result
    return spent


def bench() -> list[Figure]:
    """Each size, once the code is warm."""
    figures, first = [], 1
    with stage() as on:
        on.database("services.venues")
        on.run_sql("venues", INSTITUTIONS)
        api = Api(on)
        for size, goal in SIZES.items():
            on.run_sql("venues", EXPERTS.format(first=first, last=size), AGREEMENTS)
            if first == 1:
                on.run_sql("venues", TIES)
            first = size + 1
            drawn(on, api)
            spent = sorted(drawn(on, api) for _ in range(3))[1]
            figures.append(
                Figure(
                    f"a panel of 7 + 3 from {size:,} experts",
                    f"{spent:,.0f} ms",
                    "",
                    "",
                    f"< {goal:,.0f} ms",
                    spent < goal,
                )
            )
    return figures


if __name__ == "__main__":
    for figure in bench():
        print(figure.line())
