"""The port to a credit provider, and the one JSON contract of those behind CREDIT_URL.

    POST CREDIT_URL                        Content-Type: application/json
    Authorization: Bearer CREDIT_TOKEN     (when it is set)
    {"request": "0191…", "uscc": "91350100M000100Y43" | null, "name": "…", "asked_at": "2026-…Z"}

    200                                    Kepu-Signature: base64url of an Ed25519 signature over
                                           the bytes of the body, by the key CREDIT_PUBLIC_KEY
    {"request": "0191…",                   the same
     "uscc": "91350100M000100Y43" | null,  the same
     "result": "clear" | "red_line" | "unknown",
     "items": [{"grounds": "…", "imposed_by": "…" | null,
                "listed_on": "2026-01-31", "until_on": "2029-01-30" | null}],
     "provider": "信用中国（青海）",
     "answered_at": "2026-…Z"}

`red_line` has at least one item, the others none. Anything else, any other status, silence beyond
CREDIT_DEADLINE_S seconds and more than 256 KB leave the check waiting, with the reason.
"""

from datetime import date, datetime
from typing import Annotated, Protocol, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.venues.credit.rules import Result, Waiting

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class CreditSettings(BaseSettings):
    """CREDIT_URL, CREDIT_PUBLIC_KEY, CREDIT_TOKEN, CREDIT_DEADLINE_S, CREDIT_LIST_DAYS."""

    model_config = SettingsConfigDict(extra="ignore", env_prefix="CREDIT_")

    url: str = ""
    """Empty: the imported list. http(s)://…, or unix:///socket."""
    public_key: str = ""
    """The provider's, raw Ed25519 in base64url."""
    token: str = ""
    deadline_s: float = 10
    list_days: int = 180
    """How long the imported list may be relied on after an import."""


class Asked(BaseModel):
    """A question."""

    request: UUID
    uscc: str | None
    name: str
    asked_at: datetime
    division: str
    """Whose list is asked; not sent to a remote provider."""


class Item(BaseModel):
    """A red line."""

    model_config = ConfigDict(extra="ignore")

    grounds: Line
    imposed_by: Line | None = None
    listed_on: date
    until_on: date | None = None


class Said(BaseModel):
    """What a provider says, as the contract has it."""

    model_config = ConfigDict(extra="ignore")

    request: UUID
    uscc: str | None
    result: Result
    items: list[Item] = []
    provider: Line
    answered_at: AwareDatetime

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.result is Result.RED_LINE) != bool(self.items):
            raise ValueError("a red line has items, and nothing else has")
        return self


class Given(BaseModel):
    """An answer, with the very bytes of a remote provider."""

    said: Said
    document: str | None = None
    signature: str | None = None
    reason: Waiting | None = None
    """Why it is unknown."""


class NoAnswer(Exception):
    """There is none this time; the check waits."""

    def __init__(self, reason: Waiting, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Provider(Protocol):
    """Whoever answers."""

    async def ask(self, asked: Asked) -> Given:
        """The answer; NoAnswer when there is none. No transaction is open meanwhile."""
