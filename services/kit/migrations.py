"""Alembic per service: migrations run as the owner of the tables, the service as somebody else."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, make_url, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.kit.tables import kit_metadata

KIT_TABLES = (
    """CREATE TABLE outbox (
        id uuid PRIMARY KEY,
        xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        seq bigint GENERATED ALWAYS AS IDENTITY,
        type text NOT NULL,
        subject text NOT NULL,
        division varchar(12) COLLATE "C" NOT NULL,
        "time" timestamptz NOT NULL DEFAULT now(),
        version integer NOT NULL,
        traceparent text NOT NULL,
        data jsonb NOT NULL,
        sent_at timestamptz)""",
    "CREATE INDEX outbox_unsent ON outbox (xid, seq) WHERE sent_at IS NULL",
    """CREATE TABLE inbox (
        consumer text NOT NULL,
        fact_id uuid NOT NULL,
        taken_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, fact_id))""",
    """CREATE TABLE dead_letters (
        consumer text NOT NULL,
        fact_id uuid NOT NULL,
        type text NOT NULL,
        envelope jsonb NOT NULL,
        error text NOT NULL,
        attempts integer NOT NULL,
        died_at timestamptz NOT NULL DEFAULT now(),
        replayed_at timestamptz,
        PRIMARY KEY (consumer, fact_id))""",
    """CREATE TABLE idempotency_keys (
        scope text NOT NULL,
        key text NOT NULL,
        body_hash bytea NOT NULL,
        status integer NOT NULL,
        headers jsonb NOT NULL,
        body bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (scope, key))""",
    "CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at)",
    """CREATE TABLE openings (
        id uuid PRIMARY KEY,
        opened_at timestamptz NOT NULL DEFAULT now(),
        actor uuid NOT NULL,
        subject text NOT NULL,
        fields text NOT NULL,
        purpose text NOT NULL,
        granted boolean NOT NULL DEFAULT true)""",
)
"""The kit's tables as of their first migration; a later change is a migration of every service."""

APPEND_ONLY = ("openings", "audit", "draw_log")
"""What was opened or changed, and why, is kept: nobody who does it can rewrite it."""


def create_kit_tables(op: Any) -> None:
    """For a service's first migration."""
    for statement in KIT_TABLES:
        op.execute(statement)


def config(package: str, owner_url: str) -> Config:
    """Alembic's configuration for a service; no alembic.ini."""
    made = Config()
    folder = Path(str(import_module(package).__file__)).parent / "migrations"
    made.set_main_option("script_location", str(folder).replace("%", "%%"))
    made.set_main_option("path_separator", "newline")
    made.attributes["url"] = owner_url
    return made


def upgrade(package: str, owner_url: str, service_url: str) -> None:
    """Migrate to head as the owner, then let the service's role use what is there."""
    made = config(package, owner_url)
    made.attributes["role"] = make_url(service_url).username
    command.upgrade(made, "head")


def run_env(metadata: Any = kit_metadata) -> None:
    """The whole of a service's `migrations/env.py`."""
    asyncio.run(_run(metadata))


async def _run(metadata: Any) -> None:
    attributes = context.config.attributes
    engine = create_async_engine(
        make_url(attributes["url"]).set(drivername="postgresql+asyncpg"), poolclass=pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(_migrate, metadata, attributes.get("role"))
        await connection.commit()
    await engine.dispose()


def _migrate(connection: Connection, metadata: Any, role: str | None) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('kepu migrate', 0))"))
    context.configure(connection=connection, target_metadata=metadata)
    context.run_migrations()
    if role:
        name = '"' + role.replace('"', '""') + '"'
        for statement in (
            f"GRANT USAGE ON SCHEMA public TO {name}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}",
            f"REVOKE ALL ON alembic_version FROM {name}",
        ):
            connection.execute(text(statement))
        for table in APPEND_ONLY:
            if connection.scalar(text("SELECT to_regclass(:table)"), {"table": table}) is not None:
                connection.execute(text(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {name}"))
