"""`python -m tests.contract.fuzz [examples]`: Schemathesis over every operation as every role.

No 5xx, no answer that the document does not tell of, and bodies as they are documented. The same
cases each time; a suite of its own from nothing.
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import aiohttp

from tests.contract.world import world_of
from tests.support.province import province

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
# Streams have no end; the rest would sign the role out or change who it is.
NOT_HERE = (
    "/live",
    "/jobs/{job_id}/events",
    "/sessions/current",
    "/me/erase",
    "/me/password",
    "/me/second_factor",
    "/files/{file_id}/upload",
)
NO_LIMITS = {
    f"GATEWAY_RATE_{name}": "0" for name in ("SIGN_IN", "CODES", "WRITES", "READS", "EXPORTS")
}


async def _tokens(running: object) -> dict[str, str | None]:
    async with aiohttp.ClientSession() as http:
        people = (await world_of(running, http)).people  # type: ignore[arg-type]
        return {role: person.token for role, person in people.items()}


def fuzz(api: str, token: str | None, examples: int, place: Path) -> int:
    """One role; what Schemathesis says goes to our output. Its exit code."""
    told = [f"--header=Authorization: Bearer {token}"] if token else []
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{api}/openapi.json",
        *told,
        "--phases=coverage,fuzzing" if examples > 4 else "--phases=fuzzing",
        f"--max-examples={examples}",
        "--seed=1",
        "--generation-deterministic",
        "--continue-on-failure",
        "--no-shrink",
        "--no-color",
        "--warnings=off",
        "--request-timeout=15",
        f"--checks={','.join(CHECKS)}",
        *(f"--exclude-path=/api/v1{path}" for path in NOT_HERE),
    ]
    return subprocess.run(command, cwd=place, check=False).returncode


def main() -> int:
    """Every role in turn; 1 when one of them found something."""
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    failed = []
    with province(**NO_LIMITS) as running, tempfile.TemporaryDirectory() as place:
        for role, token in asyncio.run(_tokens(running)).items():
            print(f"\n=== {role}", flush=True)
            if fuzz(running.api, token, examples, Path(place)):
                failed.append(role)
    print("found something as:", ", ".join(failed) or "nobody")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
