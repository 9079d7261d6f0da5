"""The operator's commands on facts, from outside the running service."""

import click
import nats
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql import func

from services.kit.access import SERVICE
from services.kit.app import Service
from services.kit.db import Database, run
from services.kit.facts import Envelope
from services.kit.inbox import Consumer, apply
from services.kit.logs import log
from services.kit.outages import INTERRUPTIONS
from services.kit.settings import database_of, suite
from services.kit.tables import dead_letters, inbox


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
    """Rebuild the projection of the consumer `name`; ClickException when that is not possible."""
    consumer = next((each for each in service.consumers if each.name == name), None)
    if consumer is None or consumer.reset is None:
        can = ", ".join(each.name for each in service.consumers if each.reset) or "none"
        raise click.ClickException(f"{service.name} cannot rebuild {name}; what it can: {can}.")
    database = Database(
        database_of(service.name).database_url, name=f"{service.name}-upkeep", walls=service.walls
    )
    try:
        # One attempt: an operator waits for the answer, and nothing is emptied without NATS.
        client = await nats.connect(suite().nats_url, allow_reconnect=False, error_cb=_silent)
        try:
            await rebuild_consumer(database, client, service.name, consumer)
        finally:
            await client.close()
    except INTERRUPTIONS as error:
        raise click.ClickException(f"{name} is not rebuilt, a part is away: {error}") from error
    finally:
        await database.close()


async def _silent(_: Exception) -> None:
    """What connect() says on the way it also raises."""


async def replay_dead(
    database: Database, service: str, consumers: tuple[Consumer, ...]
) -> tuple[int, int]:
    """Try every waiting dead letter again, one transaction each; answers (replayed, still dead)."""
    by_key = {f"{service}-{consumer.name}": consumer for consumer in consumers}
    async with database.transaction(SERVICE) as db:
        rows = (
            await run(db, select(dead_letters).where(dead_letters.c.replayed_at.is_(None)))
        ).all()
    replayed = 0
    for row in rows:
        try:
            async with database.transaction(SERVICE) as db:
                mark = (
                    insert(inbox)
                    .values(consumer=row.consumer, fact_id=row.fact_id)
                    .on_conflict_do_nothing()
                )
                if (await run(db, mark.returning(inbox.c.fact_id))).first():
                    await apply(db, by_key[row.consumer], [Envelope.model_validate(row.envelope)])
                await run(
                    db,
                    update(dead_letters)
                    .where(
                        dead_letters.c.consumer == row.consumer,
                        dead_letters.c.fact_id == row.fact_id,
                    )
                    .values(replayed_at=func.now()),
                )
            replayed += 1
        except Exception as error:  # noqa: BLE001 - it stays a dead letter, and says why
            log.error(
                "fact_still_dead", consumer=row.consumer, fact=str(row.fact_id), error=repr(error)
            )
    return replayed, len(rows) - replayed


async def rebuild_consumer(
    database: Database, client: Client, service: str, consumer: Consumer
) -> None:
    """Empty a projection and let it fold every fact again, from the first on.

    Emptying and forgetting the inbox are one transaction that lets the batches in flight finish
    and the next ones wait, so each fact counts once.
    """
    if consumer.reset is None:
        raise ValueError(f"{consumer.name} has nothing to rebuild")
    async with database.transaction(SERVICE) as db:
        await run(db, text("SET LOCAL statement_timeout = 0"))
        # A batch begins with its inbox rows: without this lock one that commits between two
        # statements of reset would be half emptied.
        await run(db, text("LOCK TABLE inbox IN SHARE ROW EXCLUSIVE MODE"))
        await consumer.reset(db)
        await run(db, delete(inbox).where(inbox.c.consumer == f"{service}-{consumer.name}"))
    jetstream = client.jetstream(timeout=5)
    for stream in consumer.streams:
        try:
            await jetstream.delete_consumer(stream, f"{service}-{consumer.name}")
        except NotFoundError:
            log.info("nothing_to_forget", consumer=consumer.name, stream=stream)
