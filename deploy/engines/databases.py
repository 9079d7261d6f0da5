"""Roles and databases of the services: one owner, one login that owns nothing, per database."""

from collections.abc import Mapping
from typing import Protocol

import asyncpg

EXTENSIONS = ("btree_gist", "pg_trgm", "ltree")


class Cluster(Protocol):
    """A running cluster that the superuser can enter."""

    def dsn(self, database: str = "postgres") -> str:
        """The superuser's address of a database."""


def role_of(service: str) -> str:
    """The role that a service works as: subject to row-level security, owner of nothing."""
    return f"kepu_{service}"


def owner_of(service: str) -> str:
    """The role that owns the tables of a service and migrates them."""
    return f"kepu_{service}_owner"


async def ensure_role(cluster: Cluster, name: str, password: str) -> None:
    """Make a login role, or give an existing one this password and no special power."""
    connection = await asyncpg.connect(cluster.dsn())
    try:
        found = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name)
        await connection.execute(
            f"{'ALTER' if found else 'CREATE'} ROLE {quoted(name)} LOGIN NOSUPERUSER NOBYPASSRLS "
            f"NOCREATEDB NOCREATEROLE PASSWORD {literal(password)}"
        )
    finally:
        await connection.close()


async def ensure_database(
    cluster: Cluster, name: str, *, owner: str, user: str, template: str | None = None
) -> None:
    """Make a database of `owner` that only `user` and the owner may enter, with its extensions.

    A copy of `template` has what the template has.
    """
    connection = await asyncpg.connect(cluster.dsn())
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(
                f"CREATE DATABASE {quoted(name)} OWNER {quoted(owner)} "
                f"TEMPLATE {quoted(template or 'template0')}"
            )
        await connection.execute(f"REVOKE ALL ON DATABASE {quoted(name)} FROM PUBLIC")
        await connection.execute(f"GRANT CONNECT ON DATABASE {quoted(name)} TO {quoted(user)}")
    finally:
        await connection.close()
    if template is None:
        await ensure_extensions(cluster, name)


async def ensure_extensions(cluster: Cluster, database: str) -> None:
    """Install what the migrations rely on; only the superuser may install some of it."""
    connection = await asyncpg.connect(cluster.dsn(database))
    try:
        for extension in EXTENSIONS:
            await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {quoted(extension)}")
    finally:
        await connection.close()


async def ensure_service(cluster: Cluster, service: str, passwords: Mapping[str, str]) -> None:
    """Make the roles and the database of a service; the database is named like its role."""
    owner, user = owner_of(service), role_of(service)
    await ensure_role(cluster, owner, passwords[owner])
    await ensure_role(cluster, user, passwords[user])
    await ensure_database(cluster, user, owner=owner, user=user)


def quoted(name: str) -> str:
    """A name as SQL; statements that define things take no parameters."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL; statements that define things take no parameters."""
    return "'" + text.replace("'", "''") + "'"
