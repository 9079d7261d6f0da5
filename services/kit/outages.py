"""Which errors mean that a part is away: the work waits, and nothing counts as failed."""

import asyncpg
from nats.errors import Error as NatsError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

INTERRUPTIONS = (
    OSError,
    TimeoutError,
    NatsError,
    DBAPIError,
    PoolTimeout,
    # Raised as they are when a connection is made: SQLAlchemy wraps only what a statement raises.
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # PostgreSQL said goodbye between two statements, and the driver was surprised.
    asyncpg.InternalClientError,
)
"""What a loop survives: it waits a moment and starts again."""

# Connection lost; read-only after a failover; serialization and deadlock; resources; shutdown;
# the disk. Not 57014: a statement that is too slow will be too slow again.
_PASSING = ("08", "25006", "40", "53", "57P", "58")
# Of a connection that is not made: a password that is being changed, a database being restored.
_REFUSED = ("28", "3D", "55000")


def is_away(error: BaseException) -> bool:
    """Is a part away (or the effect only unlucky), rather than the work itself wrong?"""
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        return bool(error.connection_invalidated) or state.startswith(_PASSING)
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate or "").startswith(_PASSING + _REFUSED)
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)
    return isinstance(error, INTERRUPTIONS)
