"""What a service says of its files, and what the kit keeps for them while it runs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.kit.app import Kit
from services.kit.files.rules import File, Kind
from services.kit.files.settings import FileSettings


class Sight(StrEnum):
    """Who sees a file now."""

    PUBLIC = "public"
    PRIVATE = "private"
    """This caller does, not everybody."""


@dataclass(frozen=True)
class Purpose:
    """What files are taken for one thing, and who may see them.

    `sight(db, caller, file)` raises Missing for those who may not, once the file is attached
    (`subject`); until then only its owner sees it. `on_ready(db, file)` runs in the transaction
    that makes it ready, `on_gone` in the one that refuses it or gives it up.
    """

    name: str
    kinds: frozenset[Kind]
    sight: Callable[[AsyncSession, Caller, File], Awaitable[Sight]]
    on_ready: Callable[[AsyncSession, File], Awaitable[None]] | None = None
    on_gone: Callable[[AsyncSession, File], Awaitable[None]] | None = None


@dataclass
class Files:
    """The files of a running service, in `kit.parts`."""

    kit: Kit
    purposes: dict[str, Purpose]
    settings: FileSettings = field(default_factory=FileSettings)
    # One picture of 70 megapixels in memory at a time, whoever comes.
    decoding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    @property
    def service(self) -> str:
        return self.kit.service.name

    def folder(self, file: File) -> str:
        """The prefix of every object of a file: what is beneath it goes with it."""
        return f"{self.service}/files/{file.id.hex[-2:]}/{file.id}"


async def _files(request: Request) -> Files:
    found: Files = request.app.state.kit.parts[Files]
    return found


FilesDep = Annotated[Files, Depends(_files)]
