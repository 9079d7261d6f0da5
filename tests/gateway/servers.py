"""Apps served over real HTTP on unix sockets, within the test's own loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Signals belong to pytest.
        yield


@asynccontextmanager
async def served(app: Any, socket: Path) -> AsyncIterator[str]:
    """`app` (whose lifespan runs already) at `unix://socket`; drained at the end."""
    server = _Server(
        uvicorn.Config(
            app,
            uds=str(socket),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            http="httptools",
            loop="none",
            timeout_graceful_shutdown=1,
        )
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.005)
    try:
        yield f"unix://{socket}"
    finally:
        server.should_exit = True
        await task
