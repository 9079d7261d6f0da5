"""The table of jobs, the same in every service that has any."""

from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Integer, String, Table, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB

from services.kit.tables import kit_metadata

JOBS_TABLE = (
    """CREATE TABLE jobs (
        id uuid PRIMARY KEY,
        name varchar(40) NOT NULL,
        key text,
        owner uuid NOT NULL,
        caller jsonb NOT NULL,
        division_code varchar(12) COLLATE "C" NOT NULL,
        recorded_code varchar(12) COLLATE "C" NOT NULL,
        reach varchar(40),
        language varchar(10) NOT NULL,
        traceparent text NOT NULL,
        given jsonb NOT NULL,
        state varchar(40) NOT NULL,
        phase varchar(40),
        done integer NOT NULL DEFAULT 0 CHECK (done >= 0),
        total integer CHECK (total >= 0),
        cursor jsonb NOT NULL DEFAULT '{}',
        result jsonb,
        problem jsonb,
        undone boolean NOT NULL DEFAULT false,
        worker uuid,
        lease_until timestamptz,
        takes integer NOT NULL DEFAULT 0,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        cancel_asked_at timestamptz,
        ended_at timestamptz,
        CONSTRAINT jobs_end CHECK (
            (ended_at IS NOT NULL) = (state IN ('done', 'failed', 'cancelled'))))""",
    "CREATE UNIQUE INDEX jobs_one_at_a_time ON jobs (name, key)"
    " WHERE key IS NOT NULL AND ended_at IS NULL",
    "CREATE INDEX jobs_waiting ON jobs (id) WHERE ended_at IS NULL",
    "CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL",
    "CREATE INDEX jobs_owner ON jobs (owner, id)",
    "CREATE INDEX jobs_division ON jobs (division_code, id)",
)

jobs = Table(
    "jobs",
    kit_metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(40), nullable=False),
    Column("key", Text),
    Column("owner", Uuid, nullable=False),
    Column("caller", JSONB, nullable=False),
    Column("division_code", String(12, collation="C"), nullable=False),
    Column("recorded_code", String(12, collation="C"), nullable=False),
    Column("reach", String(40)),
    Column("language", String(10), nullable=False),
    Column("traceparent", Text, nullable=False),
    Column("given", JSONB, nullable=False),
    Column("state", String(40), nullable=False),
    Column("phase", String(40)),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer),
    Column("cursor", JSONB, nullable=False, server_default="{}"),
    Column("result", JSONB),
    Column("problem", JSONB),
    Column("undone", Boolean, nullable=False, server_default="false"),
    Column("worker", Uuid),
    Column("lease_until", DateTime(timezone=True)),
    Column("takes", Integer, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("started_at", DateTime(timezone=True)),
    Column("cancel_asked_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
)


def create_jobs_table(op: Any) -> None:
    """For the migration with which a service begins to have jobs."""
    for statement in JOBS_TABLE:
        op.execute(statement)
