"""Recipes of the register: a venue edited, its people, its spreadsheets."""

import asyncio

from tests.contract.recipes import COUNTY
from tests.contract.world import World


async def venues(world: World) -> None:
    """A venue that is described, shown, and kept by a representative."""
    body = {"name": "丹噶尔科技馆", "kind": "science_museum", "division_code": COUNTY}
    made = await world.ask("officer", "POST /venues", body)
    at, one = "/venues/{venue_id}", {"venue_id": made["id"]}
    edit = await world.version("officer", at, **one)
    await world.ask("officer", f"PATCH {at}", {"admission": "free"}, **one, **edit)
    contact = {"name": "才让卓玛", "phone": "13812345678"}
    asked = await world.ask_twice("officer", f"POST {at}/contacts", contact, **one)
    await world.ask("officer", f"GET {at}/contacts", **one)
    who = {"contact_id": asked["id"], **one}
    purpose = {"purpose": "核实团体预约"}
    await world.ask("officer", f"POST {at}/contacts/{{contact_id}}/open", purpose, **who)
    await world.ask("officer", f"DELETE {at}/contacts/{{contact_id}}", **who)
    account = {"account_id": str(world.people["citizen"].account)}
    appointed = await world.ask("officer", f"POST {at}/representatives", account, **one)
    await world.ask("citizen", f"GET {at}/representatives", **one)
    end = f"POST {at}/representatives/{{appointment_id}}/end"
    why = {"reason": "试用结束"}
    await world.ask("officer", end, why, appointment_id=appointed["id"], **one)


async def mistakes(world: World) -> None:
    """A draft that was entered twice; a venue that closes, and opens again."""
    body = {"name": "丹噶尔科技馆（重复）", "kind": "science_museum", "division_code": COUNTY}
    made = await world.ask("officer", "POST /venues", body)
    at, one = "/venues/{venue_id}", {"venue_id": made["id"]}
    edit = await world.version("officer", at, **one)
    await world.ask("officer", f"POST {at}/delete", {"reason": "重复录入"}, **one, **edit)
    await world.ask("officer", "GET /venues/deletions")
    await world.ask("officer", "GET /venues/deletions/{venue_id}", **one)
    made = await world.ask("officer", "POST /venues", body)
    one = {"venue_id": made["id"]}
    await world.ask("approver", f"POST {at}/publish", **one)
    await world.ask("approver", f"POST {at}/close", {"reason": "展厅改造"}, **one)
    await world.ask("nobody", f"GET {at}/closings", **one)
    await world.ask("approver", f"POST {at}/reopen", **one)


async def spreadsheets(world: World) -> None:
    """The template comes in, marked; a list is committed and undone; the open data goes out."""
    at = "/venues/imports"
    template = await world.ask("officer", f"GET {at}/template")
    kind = template.headers["Content-Type"].partition(";")[0]
    await world.ask("officer", f"POST {at}", template.body, **{"Content-Type": kind})
    rows = "name,kind,division_code\n导入的科技馆,science_museum,630123\n".encode()
    sent = {"Content-Type": "text/csv"}
    made = await world.ask("approver", f"POST {at}", rows, "?mode=check", **sent)
    one = {"import_id": made["id"]}
    await _settled(world, **one)
    await world.ask("approver", f"GET {at}")
    await world.ask("approver", f"GET {at}/{{import_id}}/faults", **one)
    await world.ask("approver", f"GET {at}/{{import_id}}/workbook", **one)
    await world.ask("approver", f"POST {at}/{{import_id}}/commit", {}, **one)
    await _settled(world, **one)
    await world.ask("approver", f"POST {at}/{{import_id}}/undo", **one)
    made = await world.ask("approver", f"POST {at}", rows + b"\n", "?mode=check", **sent)
    one = {"import_id": made["id"]}
    await _settled(world, **one)
    await world.ask("approver", f"POST {at}/{{import_id}}/discard", **one)
    for form in ("csv", "xlsx", "geojson"):
        await world.ask("nobody", "GET /venues/export", None, f"?format={form}")


async def _settled(world: World, **one: str) -> None:
    for _ in range(100):
        read = await world.ask("approver", "GET /venues/imports/{import_id}", **one)
        if read["state"] not in ("checking", "writing"):
            return
        await asyncio.sleep(0.1)


REGISTRY = (venues, mistakes, spreadsheets)
