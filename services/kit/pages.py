"""Keyset pages: lists that stay fast and stable at any depth."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Depends, Query, Response
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import Select, tuple_

from services.kit.problems import broken

T = TypeVar("T")
R = TypeVar("R")
Q = TypeVar("Q", bound=Select[Any])

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


class Page(BaseModel, Generic[T]):
    """A list's answer: the items, and the cursor of the next page (null at the end)."""

    items: list[T]
    next: str | None = None


class Paging(BaseModel):
    """What the caller asked for: at most `limit` items after `cursor`."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    def after(self, *types: Any) -> tuple[Any, ...] | None:
        """The key of the last item seen, as values of `types`; BrokenRule for a foreign cursor."""
        if self.cursor is None:
            return None
        try:
            values = orjson.loads(
                base64.urlsafe_b64decode(self.cursor + "=" * (-len(self.cursor) % 4))
            )
            if not isinstance(values, list) or len(values) != len(types):
                raise ValueError("not this list's cursor")
            return tuple(
                TypeAdapter(kind).validate_python(value)
                for kind, value in zip(types, values, strict=True)
            )
        except (ValueError, binascii.Error) as error:
            raise broken("/cursor", "cursor") from error


async def _paging(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Paging:
    return Paging(limit=limit, cursor=cursor)


PagingDep = Annotated[Paging, Depends(_paging)]


def cursor_of(*key: Any) -> str:
    """The opaque cursor behind the item with this key."""
    return base64.urlsafe_b64encode(orjson.dumps(list(key), default=str)).rstrip(b"=").decode()


def keyset(statement: Q, paging: Paging, *columns: Any, descending: bool = False) -> Q:
    """Order by `columns` (the last one unique), after the cursor, one row more than asked."""
    after = paging.after(*(column.type.python_type for column in columns))
    if after is not None:
        key = tuple_(*columns)
        statement = statement.where(key < after if descending else key > after)
    order = [column.desc() if descending else column.asc() for column in columns]
    return statement.order_by(*order).limit(paging.limit + 1)


def page_of(
    rows: Sequence[R],
    paging: Paging,
    key: Callable[[R], tuple[Any, ...]],
    out: Callable[[R], T],
    response: Response,
) -> Page[T]:
    """The page from `keyset`'s rows; also sets the Link header."""
    more = len(rows) > paging.limit
    shown = rows[: paging.limit]
    cursor = cursor_of(*key(shown[-1])) if more else None
    if cursor:
        response.headers["Link"] = f'<?cursor={cursor}&limit={paging.limit}>; rel="next"'
    return Page[T](items=[out(row) for row in shown], next=cursor)
