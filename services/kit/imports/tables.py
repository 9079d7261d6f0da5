"""The kit's tables of imports: the log, the bad cells, and which rows an import made."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.kit.tables import kit_metadata

IMPORT_TABLES = (
    """CREATE TABLE imports (
        id uuid PRIMARY KEY,
        job_id uuid,
        sheet varchar(40) NOT NULL,
        about uuid,
        name text NOT NULL,
        digest bytea NOT NULL,
        size integer NOT NULL CHECK (size > 0),
        object text,
        mode varchar(40) NOT NULL,
        again boolean NOT NULL,
        owner uuid NOT NULL,
        division_code varchar(12) COLLATE "C" NOT NULL,
        recorded_code varchar(12) COLLATE "C" NOT NULL,
        state varchar(40) NOT NULL,
        rows integer NOT NULL DEFAULT 0,
        good integer NOT NULL DEFAULT 0,
        written integer NOT NULL DEFAULT 0,
        faults integer NOT NULL DEFAULT 0,
        ignored text[] NOT NULL DEFAULT '{}',
        left_out text[] NOT NULL DEFAULT '{}',
        sample jsonb NOT NULL DEFAULT '[]',
        problem jsonb,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        checked_at timestamptz,
        done_at timestamptz,
        undone_at timestamptz,
        undone_by uuid,
        CONSTRAINT imports_counts CHECK (written <= good AND good <= rows))""",
    # The same file is taken once, whoever sends it at the same moment; `again` says otherwise.
    "CREATE UNIQUE INDEX imports_same_file ON imports"
    " (sheet, digest, COALESCE(about, '00000000-0000-0000-0000-000000000000'))"
    " WHERE NOT again AND state IN ('checking', 'writing', 'done')",
    "CREATE INDEX imports_division ON imports (sheet, division_code, id)",
    "CREATE INDEX imports_owner ON imports (owner, id)",
    "CREATE INDEX imports_files ON imports (id) WHERE object IS NOT NULL",
    """CREATE TABLE import_faults (
        import_id uuid NOT NULL REFERENCES imports ON DELETE CASCADE,
        number integer NOT NULL,
        "row" integer NOT NULL,
        "column" integer NOT NULL,
        key text NOT NULL,
        value text NOT NULL,
        rule text NOT NULL,
        "values" jsonb NOT NULL,
        PRIMARY KEY (import_id, number))""",
    """CREATE TABLE import_rows (
        import_id uuid NOT NULL REFERENCES imports ON DELETE CASCADE,
        id uuid NOT NULL,
        "row" integer NOT NULL,
        before jsonb,
        PRIMARY KEY (import_id, id))""",
)

imports = Table(
    "imports",
    kit_metadata,
    Column("id", Uuid, primary_key=True),
    Column("job_id", Uuid),
    Column("sheet", String(40), nullable=False),
    Column("about", Uuid),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("object", Text),
    Column("mode", String(40), nullable=False),
    Column("again", Boolean, nullable=False),
    Column("owner", Uuid, nullable=False),
    Column("division_code", String(12, collation="C"), nullable=False),
    Column("recorded_code", String(12, collation="C"), nullable=False),
    Column("state", String(40), nullable=False),
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("good", Integer, nullable=False, server_default="0"),
    Column("written", Integer, nullable=False, server_default="0"),
    Column("faults", Integer, nullable=False, server_default="0"),
    Column("ignored", ARRAY(Text), nullable=False, server_default="{}"),
    Column("left_out", ARRAY(Text), nullable=False, server_default="{}"),
    Column("sample", JSONB, nullable=False, server_default="[]"),
    Column("problem", JSONB),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("checked_at", DateTime(timezone=True)),
    Column("done_at", DateTime(timezone=True)),
    Column("undone_at", DateTime(timezone=True)),
    Column("undone_by", Uuid),
)

import_faults = Table(
    "import_faults",
    kit_metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("row", Integer, nullable=False),
    Column("column", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("values", JSONB, nullable=False),
)

import_rows = Table(
    "import_rows",
    kit_metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("row", Integer, nullable=False),
    Column("before", JSONB),
)


def create_import_tables(op: Any) -> None:
    """For the migration with which a service begins to take imports."""
    for statement in IMPORT_TABLES:
        op.execute(statement)
