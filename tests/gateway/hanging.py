"""A server that takes every request and never answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def hanging(socket: Path) -> AsyncIterator[str]:
    """It hangs at `unix://socket`."""
    held: list[asyncio.StreamWriter] = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_unix_server(hold, str(socket))
    try:
        yield f"unix://{socket}"
    finally:
        server.close()
        for writer in held:
            writer.close()
