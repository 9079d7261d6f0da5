"""First-start data of services/venues: the real venues that public pages tell of."""

from collections.abc import Callable

from services.kit.access import SERVICE
from services.kit.db import Database
from services.kit.settings import database_of
from services.venues.programmes.shipped import add_shipped
from services.venues.registry.known import add_known, known
from services.venues.settings import RegisterSettings


async def load(say: Callable[[str], None]) -> None:
    """Add the known venues, published, with their honours, and the programmes in force."""
    if RegisterSettings().kepu_register:
        say("场馆：名册是自备的（KEPU_REGISTER），不预置青海的场馆")
        return
    venues = known()
    database = Database(database_of("venues").database_url, name="venues load")
    try:
        async with database.transaction(SERVICE) as db:
            new, honours = await add_known(db, venues)
            programmes = await add_shipped(db)
    finally:
        await database.close()
    if new:
        say(f"场馆：新增 {len(new)}，均有公开来源，已发布")
    else:
        say(f"场馆：{len(venues)} 个已在册，没有变化")
    if programmes:
        say(f"项目：新增 {programmes}，已发布；未核实之处见各项目的 uncertain")
    if honours:
        say(f"荣誉：新增 {honours}，同一场馆可有多项")
