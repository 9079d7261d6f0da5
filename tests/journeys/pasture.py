"""A phone in the pasture, whose line drops, and the files that it announces."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.support.lines import Fault, Line

PART = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}
BROKEN = (aiohttp.ClientError, ConnectionError, asyncio.IncompleteReadError)


class Phone:
    """The informant's: every request is a connection of its own, over the line."""

    def __init__(self, line: Line, token: str) -> None:
        self.line = line
        self.token = token
        self.api = f"http://127.0.0.1:{line.port}/api/v1"

    async def ask(
        self, method: str, path: str, *, data: bytes | None = None, json: Any = None, **more: str
    ) -> tuple[int, Any, dict[str, str]]:
        """One request; raises one of BROKEN when the line breaks."""
        headers = {"Authorization": f"Bearer {self.token}", "Connection": "close", **more}
        body = self._pieces(data) if data is not None else None
        async with (
            aiohttp.ClientSession() as http,
            http.request(
                method, f"{self.api}{path}", data=body, json=json, headers=headers
            ) as answer,
        ):
            text = await answer.read()
            kind = answer.headers.get("Content-Type", "")
            found = await answer.json(content_type=None) if "json" in kind else text
            return answer.status, found, {k.lower(): v for k, v in answer.headers.items()}

    @staticmethod
    async def _pieces(data: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(data), 8192):
            yield data[start : start + 8192]
            await asyncio.sleep(0)

    async def fails(self, fault: Fault, after: int, method: str, path: str, **more: Any) -> None:
        """A request whose line breaks."""
        self.line.next_fails(fault, after)
        with pytest.raises(BROKEN):
            await self.ask(method, path, **more)

    async def offset(self, file_id: str) -> int:
        """Where to go on."""
        status, _, headers = await self.ask("HEAD", f"/files/{file_id}/upload")
        assert status == 200
        return int(headers["upload-offset"])

    async def send(self, file_id: str, content: bytes) -> None:
        """From wherever it stands to the end."""
        at = await self.offset(file_id)
        status, body, _ = await self.ask(
            "PATCH",
            f"/files/{file_id}/upload",
            data=content[at:],
            **PART,
            **{"Upload-Offset": str(at), "Content-Length": str(len(content) - at)},
        )
        assert status == 204, body


def announced(content: bytes, name: str, media_type: str, alt: dict[str, str]) -> dict[str, Any]:
    return {
        "client_id": str(uuid4()),
        "name": name,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "media_type": media_type,
        "alt": alt,
    }
