"""Recipes of honours: entered, corrected, every step, certificates and what anybody verifies."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.contract.world import World

WHY = {"reason": "年度检查的结论"}
_CERTIFICATE = """INSERT INTO certificates (id, honour_id, edition, holder, issued_on, list_number,
        list_index) VALUES (gen_random_uuid(), $1, 1, '科普馆', '2026-01-01', 1, $2)"""


async def _entered(world: World, venue: str, **given: Any) -> str:
    body = {
        "venue_id": venue,
        "title": "科普教育基地",
        "issuer": "省科协",
        "level": "provincial",
        "source": "https://www.qast.org.cn/notices/2026/1.html",
        **given,
    }
    made = await world.ask("approver", "POST /honours", body)
    return str(made["id"])


async def honours(world: World) -> None:
    """Those that were named elsewhere, and what becomes of one."""
    venue = (await world.ask("nobody", "GET /venues"))["items"][0]["id"]
    one = {"honour_id": await _entered(world, venue)}
    await world.ask("nobody", "GET /honours")
    at = "/honours/{honour_id}"
    edit = await world.version("approver", at, **one)
    await world.ask("approver", f"PATCH {at}", {"level": "prefecture", **WHY}, **one, **edit)
    await world.sql(
        "venues", "UPDATE honours SET state = 'provisional' WHERE id = $1", one["honour_id"]
    )
    for action in ("confirm", "rectify", "reinstate", "suspend", "reinstate"):
        await world.ask("approver", f"POST {at}/{action}", WHY, **one)
    host = {"host_name": "县自然资源局", **WHY}
    await world.ask("approver", f"POST {at}/change_host", host, **one)
    higher = await _entered(world, venue, level="national")
    await world.ask("approver", f"POST {at}/upgrade", {"followed_by": higher, **WHY}, **one)
    next_one = {"followed_by": await _entered(world, venue), **WHY}
    await world.ask("approver", f"POST {at}/renew", next_one, honour_id=higher)
    last = {"honour_id": next_one["followed_by"]}
    await world.ask("approver", f"POST {at}/revoke", WHY, **last)
    today = (datetime.now(UTC) + timedelta(hours=8)).date().isoformat()
    back = {"plaque_returned_on": today, **WHY}
    await world.ask("approver", f"POST {at}/record_return", back, **last)
    await world.ask("nobody", f"GET {at}/history", **last)


async def certificates(world: World) -> None:
    """What is given out of an honour, and what anybody may verify of it."""
    venue = (await world.ask("nobody", "GET /venues"))["items"][0]["id"]
    honour = await _entered(world, venue, number="青科协〔2026〕8号", issued_on="2026-01-01")
    bit = int(honour[-4:], 16)
    await world.sql("venues", _CERTIFICATE, honour, bit)
    for part in ("document", "credential"):
        await world.ask("nobody", f"GET /certificates/{{honour_id}}/{part}", honour_id=honour)
    await world.ask("nobody", "GET /certificates/{key}", key=honour)
    lists = "GET /certificates/status-lists/{purpose}-{number}"
    for purpose in ("revocation", "suspension"):
        await world.ask("nobody", lists, purpose=purpose, number=1)
    await world.ask("nobody", "GET /honours/issuer")
    await world.ask("nobody", "GET /honours/issuer/did.json")


HONOURS = (honours, certificates)
