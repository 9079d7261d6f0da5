"""Wire shapes of requests about what is held."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from gateway.factors.schemas import FactorCode
from gateway.rights.rules import RequestKind

Receipt = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_upper=True, pattern=r"^([2-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{5}-?){4}$"
    ),
]


class HeldIn(BaseModel):
    """What one service holds about me; `held` is null when it did not answer (`reason`)."""

    status: Literal["ok", "unavailable"]
    reason: str | None
    held: dict[str, list[dict[str, Any]]] | None


class DataOut(BaseModel):
    """Everything that is held about me, by service; complete when every service answered."""

    as_of: datetime
    complete: bool
    services: dict[str, HeldIn]


class KeptOut(BaseModel):
    """What stays after an erasure, and why."""

    holding: str
    reason: str


class PartOut(BaseModel):
    """One service's part."""

    service: str
    state: Literal["waiting", "done"]
    attempts: int
    done_at: datetime | None
    touched: dict[str, int]
    """Rows that were ended or erased, by holding."""
    kept: list[KeptOut]


class RequestOut(BaseModel):
    """Where a request stands. It names nobody: whoever has the receipt may read it."""

    kind: RequestKind
    state: Literal["running", "done"]
    asked_at: datetime
    finished_at: datetime | None
    services: list[PartOut]


class Accepted(BaseModel):
    """`receipt` is said once: with it the request is found at `/me/requests/{receipt}`."""

    receipt: str
    request: RequestOut


class EraseIn(BaseModel):
    """The proof: `code` for citizens, `password` (and `factor`) for staff."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = None
    password: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    factor: FactorCode | None = None
