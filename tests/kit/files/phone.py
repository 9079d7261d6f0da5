"""A phone that sends a file in pieces, as services/events takes them for an activity's pictures."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx

PART = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}


def announced(content: bytes, **over: Any) -> dict[str, Any]:
    """What a phone says before it sends."""
    return {
        "client_id": str(uuid4()),
        "name": "IMG_0001.jpg",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "media_type": "image/jpeg",
        **over,
    }


async def announce(
    client: httpx.AsyncClient, activity_id: str, content: bytes, **over: Any
) -> dict[str, Any]:
    """A picture announced, as answered."""
    answer = await client.post(
        f"/activities/{activity_id}/pictures", json=announced(content, **over)
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def part(
    client: httpx.AsyncClient, file_id: str, offset: int, content: bytes | AsyncIterator[bytes]
) -> httpx.Response:
    """Some bytes, from `offset` on."""
    headers = {**PART, "Upload-Offset": str(offset)}
    return await client.patch(f"/files/{file_id}/upload", content=content, headers=headers)


async def finished(client: httpx.AsyncClient, file_id: str) -> httpx.Response:
    return await client.post(f"/files/{file_id}/finish")


async def sent(client: httpx.AsyncClient, file_id: str, content: bytes) -> dict[str, Any]:
    """All of it, and finished."""
    answer = await part(client, file_id, 0, content)
    assert answer.status_code == 204, answer.text
    answer = await finished(client, file_id)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def pictured(
    client: httpx.AsyncClient, activity_id: str, content: bytes, **over: Any
) -> dict[str, Any]:
    """A picture on an activity, arrived."""
    file = await announce(client, activity_id, content, **over)
    return await sent(client, file["id"], content)
