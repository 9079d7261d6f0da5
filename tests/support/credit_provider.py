"""A credit provider as a process of its own: python -m tests.support.credit_provider SOCKET.

What the institution is called says how it behaves. It prints a line once it listens.
"""

import asyncio
import json
import sys
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY = Ed25519PrivateKey.from_private_bytes(b"credit provider of the tests....")
ITEM = {"grounds": "骗取财政资金", "imposed_by": "省财政厅", "listed_on": "2026-01-31"}


def public_key() -> str:
    """As CREDIT_PUBLIC_KEY."""
    raw = KEY.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return urlsafe_b64encode(raw).decode()


def answer(asked: dict[str, Any]) -> tuple[int, bytes, str]:
    """Status, body and signature for a question."""
    how = asked["name"]
    said = {
        "request": asked["request"],
        "uscc": asked["uscc"],
        "result": how if how in ("red_line", "unknown") else "clear",
        "items": [ITEM] if how == "red_line" else [],
        "provider": "信用中国（青海）",
        "answered_at": datetime.now(UTC).isoformat(),
    }
    if how == "elsewhere":
        said["request"] = "01900000-0000-7000-8000-000000000000"
    if how == "other code":
        said["uscc"] = "91110000600037341L"
    if how == "red without items":
        said["result"] = "red_line"
    body = json.dumps(said, ensure_ascii=False).encode()
    if how == "no JSON":
        body = b"<html>maintenance</html>"
    if how == "long":
        body = b" " * 300_000 + body
    signature = urlsafe_b64encode(KEY.sign(body)).decode()
    if how == "wrong signature":
        body += b" "
    return (503 if how == "broken" else 200), body, "" if how == "unsigned" else signature


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = next(
        int(line.partition(":")[2]) for line in head.splitlines() if "content-length" in line
    )
    asked = json.loads(await reader.readexactly(length))
    if asked["name"] == "hanging":
        await asyncio.sleep(60)
    if asked["name"] != "gone":
        status, body, signature = answer(asked)
        lines = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        lines += f"Content-Type: application/json\r\nKepu-Signature: {signature}\r\n\r\n"
        writer.write(lines.encode())
        if asked["name"] == "dripping":
            while not writer.is_closing():
                writer.write(b" ")
                await asyncio.sleep(0.1)
            return
        writer.write(body)
        await writer.drain()
    writer.close()


async def main(socket: str) -> None:
    async with await asyncio.start_unix_server(serve, socket) as server:
        print("listening", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
