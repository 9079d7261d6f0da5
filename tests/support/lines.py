"""A line that drops: a small TCP proxy that breaks connections where a test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto


class Fault(Enum):
    """What becomes of one connection."""

    NONE = auto()
    CUT_HALF_WAY = auto()
    """The client's bytes stop after `after` of them: both ends see the line break."""
    ANSWER_LOST = auto()
    """The request arrives whole and is answered; the answer is not passed on."""


@dataclass
class Line:
    """Connections meet the faults in `plan`, one each, in order; then none."""

    port: int
    target: int
    plan: list[tuple[Fault, int]] = field(default_factory=list)
    sent: int = 0
    """Bytes of clients that were passed on."""
    broken: int = 0

    def next_fails(self, fault: Fault, after: int = 0) -> None:
        """Let one more connection fail."""
        self.plan.append((fault, after))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        fault, after = self.plan.pop(0) if self.plan else (Fault.NONE, 0)
        there, out = await asyncio.open_connection("127.0.0.1", self.target)
        ways = [asyncio.create_task(self._up(reader, out, after if fault is Fault.CUT_HALF_WAY else None)),
                asyncio.create_task(self._down(there, writer, lost=fault is Fault.ANSWER_LOST))]  # fmt: skip
        # Whichever end stops first, the other hears of it.
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        self.broken += fault is not Fault.NONE
        for end in (out, writer):
            end.close()
            with suppress(OSError):
                await end.wait_closed()

    async def _up(
        self, reader: asyncio.StreamReader, out: asyncio.StreamWriter, after: int | None
    ) -> None:
        left = after
        while piece := await reader.read(4096):
            if left is not None:
                piece = piece[:left]
                left -= len(piece)
            out.write(piece)
            await out.drain()
            self.sent += len(piece)
            if left == 0:
                return

    async def _down(
        self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, *, lost: bool
    ) -> None:
        while piece := await there.read(65536):
            if lost:
                return
            writer.write(piece)
            await writer.drain()


@asynccontextmanager
async def line_to(target: int, port: int) -> AsyncIterator[Line]:
    """A line to the server on port `target`, until the end of the block."""
    line = Line(port, target)
    server = await asyncio.start_server(line.serve, "127.0.0.1", port)
    async with server:
        yield line
