"""The operator's commands on facts, from outside the running service."""

import nats

from services.kit.app import Service
from services.kit.db import Database
from services.kit.inbox import rebuild as rebuild_consumer
from services.kit.inbox import replay_dead
from services.kit.settings import database_of, suite


async def replay(service: Service) -> tuple[int, int]:
    """Try every dead letter of `service` again; answers (replayed, still dead)."""
    database = Database(
        database_of(service.name).database_url, name=f"{service.name}-upkeep", walls=service.walls
    )
    try:
        return await replay_dead(database, service.name, service.consumers)
    finally:
        await database.close()


async def rebuild(service: Service, name: str) -> None:
    """Rebuild the projection of the consumer `name`; KeyError when the service has none."""
    consumer = {each.name: each for each in service.consumers}[name]
    database = Database(
        database_of(service.name).database_url, name=f"{service.name}-upkeep", walls=service.walls
    )
    client = await nats.connect(suite().nats_url)
    try:
        await rebuild_consumer(database, client, service.name, consumer)
    finally:
        await client.close()
        await database.close()
