"""The tables of files, the same in every service that has them, and how a migration makes them."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.kit.tables import kit_metadata

files = Table(
    "files",
    kit_metadata,
    Column("id", Uuid, primary_key=True),
    Column("client_id", Uuid),
    Column("owner", Uuid, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("subject", Text),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("received", BigInteger, nullable=False, server_default="0"),
    Column("state", Text, nullable=False, server_default="open"),
    Column("refusal", JSONB),
    Column("object", Text),
    Column("preview", Text),
    Column("stored_size", BigInteger),
    Column("stored_sha256", LargeBinary),
    Column("preview_size", BigInteger),
    Column("width", Integer),
    Column("height", Integer),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("touched_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("tidied_at", DateTime(timezone=True)),
)

file_parts = Table(
    "file_parts",
    kit_metadata,
    Column("file_id", Uuid, primary_key=True),
    Column("starts_at", BigInteger, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("object", Text, nullable=False),
)
"""What has arrived of a file that is not whole yet: one object each."""

FILE_TABLES = (
    """CREATE TABLE files (
        id uuid PRIMARY KEY,
        client_id uuid,
        owner uuid NOT NULL,
        purpose text NOT NULL,
        subject text,
        name text NOT NULL,
        media_type text NOT NULL,
        size bigint NOT NULL CHECK (size > 0),
        sha256 bytea NOT NULL CHECK (length(sha256) = 32),
        received bigint NOT NULL DEFAULT 0,
        state text NOT NULL DEFAULT 'open'
            CHECK (state IN ('open', 'ready', 'refused', 'dropped')),
        refusal jsonb,
        object text,
        preview text,
        stored_size bigint,
        stored_sha256 bytea,
        preview_size bigint,
        width integer,
        height integer,
        created_at timestamptz NOT NULL DEFAULT now(),
        touched_at timestamptz NOT NULL DEFAULT now(),
        tidied_at timestamptz,
        CONSTRAINT files_received CHECK (received BETWEEN 0 AND size),
        CONSTRAINT files_ready CHECK (state <> 'ready' OR object IS NOT NULL))""",
    "CREATE UNIQUE INDEX files_client_id ON files (owner, client_id) WHERE client_id IS NOT NULL",
    "CREATE INDEX files_unfinished ON files (touched_at) WHERE state IN ('open', 'refused')",
    "CREATE INDEX files_untidy ON files (touched_at)"
    " WHERE tidied_at IS NULL AND state IN ('ready', 'dropped')",
    "CREATE INDEX files_subject ON files (purpose, subject)",
    """CREATE TABLE file_parts (
        file_id uuid NOT NULL REFERENCES files ON DELETE CASCADE,
        starts_at bigint NOT NULL CHECK (starts_at >= 0),
        size bigint NOT NULL CHECK (size > 0),
        object text NOT NULL,
        PRIMARY KEY (file_id, starts_at))""",
)


def create_file_tables(op: Any) -> None:
    """For the migration of a service that begins to have files."""
    for statement in FILE_TABLES:
        op.execute(statement)
