"""What a service says about itself, over TCP or a unix socket."""

from typing import Any
from urllib.parse import quote

import httpx

TIMEOUT_S = 2.0


def ask(url: str, path: str) -> tuple[int, dict[str, Any]] | None:
    """Status and JSON of `path` at `url` (http://host:port or unix:///path); None when silent."""
    socket = url.removeprefix("unix://") if url.startswith("unix://") else None
    # Plain HTTP on this machine: no certificates to read (20 ms each time) and no proxy to ask.
    transport = httpx.HTTPTransport(uds=socket, verify=False)
    base = "http://service" if socket else quote(url, safe=":/")
    with httpx.Client(
        transport=transport, base_url=base, timeout=TIMEOUT_S, trust_env=False
    ) as client:
        try:
            response = client.get(path)
        except httpx.TransportError:
            return None
    if "json" not in response.headers.get("content-type", ""):
        return response.status_code, {}
    body = response.json()
    return response.status_code, body if isinstance(body, dict) else {}


def is_ready(url: str) -> bool:
    """Whether the service does its work now."""
    answer = ask(url, "/health/ready")
    return answer is not None and answer[0] == 200
