"""The kit's own tables, the same in every service's database: outbox, inbox, dead letters, keys.

They stand in a metadata of their own: SQLModel's is one global for all services.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

kit_metadata = MetaData()


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


outbox = Table(
    "outbox",
    kit_metadata,
    Column("id", Uuid, primary_key=True),
    # Commit order is (xid, seq) below the oldest running transaction: a serial alone loses rows
    # when transactions commit out of order.
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("division", String(12, collation="C"), nullable=False),
    Column("time", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("version", Integer, nullable=False),
    Column("traceparent", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("sent_at", DateTime(timezone=True)),
)

inbox = Table(
    "inbox",
    kit_metadata,
    Column("consumer", Text, primary_key=True),
    Column("fact_id", Uuid, primary_key=True),
    Column("taken_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

dead_letters = Table(
    "dead_letters",
    kit_metadata,
    Column("consumer", Text, primary_key=True),
    Column("fact_id", Uuid, primary_key=True),
    Column("type", Text, nullable=False),
    Column("envelope", JSONB, nullable=False),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("died_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("replayed_at", DateTime(timezone=True)),
)

idempotency_keys = Table(
    "idempotency_keys",
    kit_metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

openings = Table(
    "openings",
    kit_metadata,
    Column("id", Uuid, primary_key=True),
    Column("opened_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("actor", Uuid, nullable=False),
    Column("subject", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("granted", Boolean, nullable=False, server_default=text("true")),
)
"""Every opening of a personal field: who, whose, which, why (PIPL 51; 未成年人网络保护条例 36)."""
