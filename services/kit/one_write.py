"""Head and body of an answer leave in one system call: uvicorn writes them one after the other."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Gathered:
    """A transport that gathers what is written in one step of the loop; the rest is the real one's.

    Small answers only: a piece that is large, or that follows one, goes out at once, so that flow
    control sees it.
    """

    LARGE = 64 * 1024

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._call_soon = asyncio.get_running_loop().call_soon
        self._pieces: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """As a transport's."""
        pieces = self._pieces
        if not pieces:
            self._call_soon(self._flush)
        pieces.append(data)
        if len(data) >= self.LARGE:
            self._flush()

    def close(self) -> None:
        """As a transport's: what was written is sent first."""
        self._flush()
        self._transport.close()

    def set_protocol(self, protocol: Any) -> None:
        """As a transport's."""
        self._flush()
        self._transport.set_protocol(protocol)

    def _flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces:
            self._transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))


class OneWrite(HttpToolsProtocol):
    """uvicorn's protocol on such a transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Gathered(transport))  # type: ignore[arg-type]
