"""Every list of the gateway: 1, 3 and 10,000 rows with the same number of queries."""

import httpx

from services.kit.access import Role
from tests.engines import TestCluster
from tests.gateway.conftest import RunningGateway
from tests.support.lists import Listed, look, page, paths

COUNTY, TOWNSHIP = "630123", "630123101"
ID = "('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid"
ROWS = "FROM generate_series($1::int, $2::int) n"
HERE = f"division={TOWNSHIP}"
# Read from the code of the services, not from rows.
DOCUMENTS = {"/api/v1/problems", "/api/v1/event-types"}
LISTS = (
    Listed("/api/v1/accounts", "staff", HERE),
    Listed("/api/v1/audit", "staff", HERE),
    Listed("/api/v1/grants", "staff", HERE),
    Listed("/api/v1/messages", "citizen"),
    Listed("/api/v1/messages", "citizen", "unread=true"),
    # The session that asks is one of them.
    Listed("/api/v1/sessions", "citizen", shown=lambda size: page(size + 1), pages=False),
)


def rows(citizen: str) -> dict[str, str]:
    """Staff of a township with a grant each, what was done there, and what the citizen has."""
    return {
        "accounts": f"""INSERT INTO accounts (id, kind, state, username, home_code, recorded_code,
            password_hash, password_temporary, version)
            SELECT {ID}, 'staff', 'active', n::text, '{TOWNSHIP}', '{TOWNSHIP}', '', false, 1
            {ROWS}""",
        "grants": f"""INSERT INTO grants (id, account_id, role, division_code, recorded_code,
            from_day, reason)
            SELECT {ID}, {ID}, 'informant', '{TOWNSHIP}', '{TOWNSHIP}', '2024-01-01', '' {ROWS}""",
        "audit": f"""INSERT INTO audit
            (number, at, action, subject, division_code, details, previous, hash)
            SELECT 1000 + n, now(), 'account.locked', n::text, '{TOWNSHIP}', '{{}}', '\\x00',
            uuid_send({ID}) {ROWS}""",
        "messages": f"""INSERT INTO messages
            (id, recipient, template, values, division_code, fact_id, created_at)
            SELECT {ID}, '{citizen}', 'activity-approved',
            jsonb_build_object('activity_id', {ID}), '{TOWNSHIP}', {ID}, now() {ROWS}""",
        "sessions": f"""INSERT INTO sessions (id, account_id, kind, token_hash, device, expires_at)
            SELECT {ID}, '{citizen}', 'bearer', uuid_send({ID}), '', now() + INTERVAL '1 day'
            {ROWS}""",
    }


def within(gateway: RunningGateway, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The same person, speaking within this process: what is asked for them is counted."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(gateway.running.app, raise_app_exceptions=False),
        base_url="http://kepu.test",
        headers={"Authorization": client.headers["Authorization"]},
    )


async def test_every_list_asks_as_much_of_10000_rows_as_of_one(
    lone_gateway: RunningGateway, postgres: TestCluster
) -> None:
    assert {one.path for one in LISTS} | DOCUMENTS == paths(lone_gateway.running.app)
    citizen = await lone_gateway.citizen()
    me = (await citizen.get("/api/v1/me")).json()["account"]["id"]
    administrator = await lone_gateway.staff(Role.ADMINISTRATOR, COUNTY)
    async with within(lone_gateway, citizen) as mine, within(lone_gateway, administrator) as staff:
        wanted, found, much = await look(
            lone_gateway.running,
            postgres.dsn(lone_gateway.running.database_name),
            LISTS,
            rows(me),
            {"staff": staff.get, "citizen": mine.get},
        )
    assert (found, much) == (wanted, {})
