"""Registrations a second through HTTP against pgbench running the same statements.

services/events is one process, as `kepu up` starts it: on two cores a second one gains nothing.

Both on PostgreSQL with fsync, one confirmed person a transaction, spread over the same number of
occurrences. The relay publishes the facts of both while they come; what pgbench leaves over is
waited for, so that it is not ours to carry. pgbench has no HTTP, no JSON, no sealing and no Python:
it is what the database can do.
"""

import json
import os
import re
import subprocess
from uuid import UUID, uuid4

from deploy.engines.postgres import Postgres
from services.events.activities.rules import PUBLIC_STATES
from services.events.registrations.queries import KINDS
from services.events.registrations.registering import ENTER, LOCK_POOL
from services.kit.access import Caller, Kind
from tests.bench.load import post, shoot
from tests.bench.report import Figure, ratio
from tests.bench.stage import Stage, stage

OCCURRENCES = 100
CITIZENS = 400
CONNECTIONS = 16
PROCESSES = 1
GOAL = 0.3

_ID = "('00000000-0000-7000-8000-' || lpad({n}::text, 12, '0'))::uuid"
FILL = (
    f"""INSERT INTO activities (id, division_code, recorded_code, title, summary, form, state,
        version, created_by, published_at)
    SELECT {_ID.format(n="n")}, '630123101', '630123101', '讲座', '', 'lecture', 'published', 1,
        uuidv7(), now() FROM generate_series(1, {OCCURRENCES}) n""",
    """INSERT INTO activity_hosts (activity_id, division_code, recorded_code, role, accepted_at)
    SELECT id, division_code, division_code, 'lead', now() FROM activities""",
    """INSERT INTO occurrences (id, activity_id, division_code, recorded_code, starts_at, ends_at,
        state, sequence, list_rule, offer_minutes, verified, version)
    SELECT id, id, division_code, division_code, now() + interval '9 days',
        now() + interval '10 days', 'scheduled', 0, 'strict', 120, 0, 1 FROM activities""",
    """INSERT INTO pools (id, occurrence_id, name, capacity, confirmed, offered, waiting,
        next_number, version)
    SELECT id, id, '普通', 1000000, 0, 0, 0, 1, 1 FROM activities""",
    """INSERT INTO tickets (id, occurrence_id, pool_id, name, max_party)
    SELECT id, id, id, '普通', 10 FROM activities""",
    "ANALYZE",
)


def script() -> str:
    """The statements of one registration, as pgbench says them."""
    here = _ID.format(n=":n")
    sealed = "decode(repeat('ab', 48), 'hex')"
    values = {
        "pool_id": here,
        "occurrence_id": here,
        "ticket_id": here,
        "client_id": "NULL::uuid",
        "division_code": "'630123101'",
        "recorded_code": "'630123101'",
        "proxy_by": "NULL",
        "party_size": "1",
        "split_ok": "false",
        "number": ":next_number",
        "state": "'confirmed'",
        "created_at": "now()",
        "confirmed": "1",
        "waiting": "0",
        "m_id": "ARRAY[uuidv7()]",
        "m_position": "ARRAY[1]",
        "m_name_sealed": f"ARRAY[{sealed}]",
        "m_name_masked": "ARRAY['张*']",
        "m_age": "ARRAY[30]",
        "offered_places": "0",
        "offer_expires_at": "NULL::timestamptz",
        "version": "1",
        "fact_traceparent": "'00-0-0-01'",
        "fact_rows": "jsonb_build_array(jsonb_build_object('id', uuidv7(), 'type',"
        " 'events.registration_confirmed.v1', 'subject', (:id)::text, 'division', '630123101',"
        " 'version', 1, 'data', jsonb_build_object('recipient', (:account)::text, 'activity_id',"
        f" {here}, 'occurrence_id', {here}, 'places', 1)))",
        "public": "'{" + ",".join(PUBLIC_STATES) + "}'",
    }

    def said(statement: object, **over: str) -> str:
        known = {**values, **over}
        text = re.sub(
            r"(?<!:):([a-z_]+)",
            lambda m: known.get(m[1], "ARRAY[NULL]" if m[1].startswith("m_") else f":{m[1]}"),
            str(statement),
        )
        return " ".join(text.split())

    return "\n".join(
        (
            f"\\set n random(1, {OCCURRENCES})",
            "BEGIN;",
            "SELECT uuidv7() AS id, gen_random_uuid() AS account,"
            " set_config('kepu.kind', 'service', true),"
            " set_config('statement_timeout', '30000', true),"
            " set_config('kepu.reach_registration_read', '{}', true) \\gset",
            said(KINDS.text, id=here) + ";",
            said(LOCK_POOL.text, id=here) + " \\gset",
            said(ENTER.text, id="(:id)::uuid", account_id="(:account)::uuid") + ";",
            "COMMIT;",
        )
    )


def pgbench(on: Stage, seconds: float, said: str, database: str) -> float:
    """Transactions a second of a script of statements, in the database of this variable."""
    engine = on.cluster.engine
    assert isinstance(engine, Postgres)
    path = on.folder / "pgbench.sql"
    path.write_text(said, "utf-8")
    binary = engine.bin / "pgbench"
    dsn = on.environ[database]
    found = subprocess.run(
        [
            binary,
            "-n",
            "-M",
            "prepared",
            "-c",
            str(CONNECTIONS),
            "-j",
            "1",
            "-T",
            str(int(seconds)),
            "-f",
            path,
            dsn,
        ],
        capture_output=True,
        text=True,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},
        check=False,
    )
    rate = re.search(r"tps = ([0-9.]+)", found.stdout)
    failed = re.search(r"number of failed transactions: (\d+)", found.stdout)
    if rate is None or found.returncode or (failed and int(failed[1])):
        raise SystemExit(f"pgbench: {found.stdout}\n{found.stderr}")
    return float(rate[1])


def requests(on: Stage) -> list[list[str]]:
    """Registrations of as many citizens as there are, one list for each connection."""
    signer = on.signer
    lists: list[list[str]] = [[] for _ in range(CONNECTIONS)]
    for number in range(CITIZENS):
        token = signer.sign(Caller(Kind.CITIZEN, uuid4()), "events")
        for occurrence in range(1, OCCURRENCES + 1):
            body = json.dumps(
                {
                    "occurrence_id": str(UUID(f"00000000-0000-7000-8000-{occurrence:012d}")),
                    "party": [{"name": "才让卓玛", "age": 30}],
                },
                ensure_ascii=False,
            )
            lists[number % CONNECTIONS].append(
                post("/registrations", body, Authorization=f"Bearer {token}")
            )
    # Not the same occurrence on every connection at once.
    return [
        each[len(each) * n // CONNECTIONS :] + each[: len(each) * n // CONNECTIONS]
        for n, each in enumerate(lists)
    ]


def bench(seconds: float = 6, rounds: int = 3) -> list[Figure]:
    """Alternating rounds."""
    with stage() as on:
        on.database("services.events")
        on.run_sql("events", *FILL)
        ports = [on.serve("services.events") for _ in range(PROCESSES)]
        ours, ceiling = [], []
        for _ in range(rounds):
            ceiling.append(pgbench(on, seconds, script(), "EVENTS_DATABASE_URL"))
            on.wait_for_published("events")
            shot = shoot(requests(on), seconds=seconds, ports=ports)
            assert set(shot.statuses) == {"201"}, shot.statuses
            ours.append(shot.per_second)
        return [ratio("registrations, 100 occurrences", ours, ceiling, GOAL, "/s")]


if __name__ == "__main__":
    for figure in bench():
        print(figure.line())
