"""The few column types that every table uses; a new Column each time, as SQLAlchemy wants."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Column, DateTime, Enum, String, func


def code_column(**options: Any) -> Column[str]:
    """A division code: C collation, so that a subtree is a range of its index."""
    return Column(String(12, collation="C"), **{"nullable": False, **options})


def enum_column(kind: type[StrEnum], **options: Any) -> Column[Any]:
    """A StrEnum stored as its text; what comes back is the enum again."""
    return Column(
        Enum(kind, native_enum=False, create_constraint=False, length=40, values_callable=_values),
        **{"nullable": False, **options},
    )


def _values(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]


def time_column(**options: Any) -> Column[Any]:
    """A point in time, with zone."""
    return Column(DateTime(timezone=True), **{"nullable": False, **options})


def now_column() -> Column[Any]:
    """When the row was made, by the database's clock."""
    return time_column(server_default=func.now())
