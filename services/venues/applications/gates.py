"""What has to be there before a stage is passed: asked of whoever does the work of the stage."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from services.venues.applications.models import Application, StageRun
from services.venues.programmes.definition import Definition, Stage, StageKind


@dataclass(frozen=True)
class Standing:
    """An application in a stage, with the rule that it runs under."""

    application: Application
    definition: Definition
    stage: Stage
    run: StageRun
    now: datetime


@dataclass(frozen=True)
class Unmet:
    """Something that is missing, as a slug of words.toml with the values of its text."""

    slug: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What a decision rests on, as a slug of words.toml with the values of its text."""

    slug: str
    values: Mapping[str, Any] = field(default_factory=dict)


Gate = Callable[[AsyncSession, Standing], Awaitable[list[Unmet]]]
"""Everything that is missing for the stage to be passed; empty: it may be passed. Reads only.

It is called inside the transaction that passes the stage, with the application's row locked."""

Entered = Callable[[AsyncSession, Standing], Awaitable[None]]
"""Called in the transaction in which the application enters the stage."""

Found = Callable[[AsyncSession, Standing], Awaitable[list[Finding]]]
"""What the work of a stage that may be passed came to: why the application goes on."""

Left = Callable[[AsyncSession, Standing], Awaitable[None]]
"""Called in the transaction in which it leaves the stage without passing it: sent back, refused,
or withdrawn; `standing.run.state` says which."""


async def nothing_missing(_: AsyncSession, __: Standing) -> list[Unmet]:
    """The gate of a stage whose decision is all its work."""
    return []


async def nothing_to_prepare(_: AsyncSession, __: Standing) -> None:
    """For stages that need nothing made on entering, or ended on leaving."""


async def the_stage_itself(_: AsyncSession, standing: Standing) -> list[Finding]:
    """Nothing more to say than that the work of this kind was done and found good. What those who
    deliberate came to, only they can say."""
    if standing.stage.kind is StageKind.DELIBERATION:
        return []
    return [Finding(f"found-{standing.stage.kind.value.replace('_', '-')}")]


@dataclass(frozen=True)
class StageWork:
    """The work of one kind of stage. All of it is called as the service principal: what the caller
    may not see counts too."""

    gate: Gate = nothing_missing
    entered: Entered = nothing_to_prepare
    found: Found = the_stage_itself
    left: Left = nothing_to_prepare
