"""Slot reservations a second through HTTP against pgbench running the same statements.

Both on PostgreSQL with fsync, one confirmed person a transaction, spread over the same number of
venues: the counters of the day and of four quarters, the reservation and its fact, which the relay
publishes for both; what pgbench leaves over is waited for first. pgbench has no
HTTP, no JSON, no sealing and no Python: it is what the database can do.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from services.kit.access import Caller, Kind
from services.venues.opening.rules import today
from services.venues.reservations.booking import ENTER, HOLD, KNOWN
from tests.bench.load import post, shoot
from tests.bench.registering import CONNECTIONS, pgbench
from tests.bench.report import Figure, ratio
from tests.bench.stage import Stage, stage

VENUES = 100
CITIZENS = 400
STARTS = 600
GOAL = 0.3

_ID = "('00000000-0000-7000-8000-' || lpad({n}::text, 12, '0'))::uuid"
_DAY = today(datetime.now(UTC)) + timedelta(days=3)
FILL = (
    f"""INSERT INTO venues (id, name, kind, division_code, recorded_code, state, version,
        created_by)
    SELECT {_ID.format(n="n")}, '科技馆 ' || n, 'science_museum', '630123', '630123', 'published', 1,
        uuidv7() FROM generate_series(1, {VENUES}) n""",
    """INSERT INTO reservation_settings (venue_id, accepting, slot_minutes, visit_minutes, per_day,
        at_once, release_days, group_release_days, release_at, max_party, per_person, group_min,
        group_max, offer_minutes, grace_minutes, no_shows, no_show_days, penalty_days, version,
        set_by)
    SELECT id, true, 30, 60, 1000000, 1000000, 30, 30, '08:00', 5, 2, 10, 100, 60, 30, 3, 180, 30,
        1, id FROM venues""",
    f"""INSERT INTO visit_days (venue_id, day, hours, free, slot_minutes, visit_minutes, capacity)
    SELECT id, '{_DAY}', '{{540,1020}}', false, 30, 60, 1000000 FROM venues""",
    f"""INSERT INTO visit_buckets (venue_id, day, minute, capacity)
    SELECT id, '{_DAY}', minute, 1000000 FROM venues, generate_series(540, 1005, 15) minute""",
    "ANALYZE",
)


def script() -> str:
    """The statements of one reservation, as pgbench says them."""
    here = _ID.format(n=":n")
    values = {
        "venue_id": here,
        "account_id": "(:account)::uuid",
        "day": f"date '{_DAY}'",
        "starts": str(STARTS),
        "ends": str(STARTS + 60),
        "counted_until": str(STARTS + 60),
        "now": "now()",
        "people": "1",
        "waits": "0",
        "id": "(:id)::uuid",
        "client_id": "NULL::uuid",
        "starts_at": "now() + interval '3 days'",
        "held_until": "now() + interval '3 days'",
        "division_code": "'630123'",
        "proxy_by": "NULL",
        "turn": "1",
        "is_group": "false",
        "group_name": "NULL",
        "party_size": "1",
        "children": "0",
        "number": "1",
        "state": "'confirmed'",
        "name_sealed": "decode(repeat('ab', 48), 'hex')",
        "name_masked": "'才***'",
        "phone_sealed": "NULL",
        "phone_masked": "NULL",
        "phone_index": "NULL",
        "created_at": "now()",
        "fact_traceparent": "'00-0-0-01'",
        "fact_rows": "jsonb_build_array(jsonb_build_object('id', uuidv7(), 'type',"
        " 'venues.reservation_confirmed.v1', 'subject', (:id)::text, 'division', '630123',"
        " 'version', 1, 'data', jsonb_build_object('recipient', (:account)::text, 'venue_id',"
        f" {here}, 'venue', '科技馆', 'starts_at', now(), 'places', 1)))",
    }

    def said(statement: str) -> str:
        text = re.sub(r"(?<!:):([a-z_]+)", lambda found: values[found[1]], statement)
        return " ".join(text.split())

    return "\n".join(
        (
            f"\\set n random(1, {VENUES})",
            "BEGIN;",
            "SELECT uuidv7() AS id, gen_random_uuid() AS account,"
            " set_config('kepu.kind', 'service', true),"
            " set_config('statement_timeout', '30000', true),"
            " set_config('kepu.reach_reservation_read', '{}', true) \\gset",
            said(KNOWN.text) + ";",
            said(HOLD.text) + ";",
            said(ENTER.text) + ";",
            "COMMIT;",
        )
    )


def requests(on: Stage) -> list[list[str]]:
    """Reservations of as many citizens as there are, one list for each connection."""
    signer = on.signer
    lists: list[list[str]] = [[] for _ in range(CONNECTIONS)]
    for number in range(CITIZENS):
        token = signer.sign(Caller(Kind.CITIZEN, uuid4()), "venues")
        for venue in range(1, VENUES + 1):
            given = {
                "venue_id": str(UUID(f"00000000-0000-7000-8000-{venue:012d}")),
                "day": str(_DAY),
                "starts": f"{STARTS // 60}:00",
                "party_size": 1,
                "name": "才让卓玛",
            }
            body = json.dumps(given, ensure_ascii=False)
            lists[number % CONNECTIONS].append(
                post("/reservations", body, Authorization=f"Bearer {token}")
            )
    # Not the same venue on every connection at once.
    return [
        each[len(each) * n // CONNECTIONS :] + each[: len(each) * n // CONNECTIONS]
        for n, each in enumerate(lists)
    ]


def bench(seconds: float = 6, rounds: int = 3) -> list[Figure]:
    """Alternating rounds."""
    with stage() as on:
        on.database("services.venues")
        on.run_sql("venues", *FILL)
        port = on.serve("services.venues")
        ours, ceiling = [], []
        for _ in range(rounds):
            ceiling.append(pgbench(on, seconds, script(), "VENUES_DATABASE_URL"))
            on.wait_for_published("venues")
            shot = shoot(requests(on), seconds=seconds, port=port)
            assert set(shot.statuses) == {"201"}, shot.statuses
            ours.append(shot.per_second)
        return [ratio("slot reservations, 100 venues", ours, ceiling, GOAL, "/s")]


if __name__ == "__main__":
    for figure in bench():
        print(figure.line())
