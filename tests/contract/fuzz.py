"""`python -m tests.contract.fuzz [examples] [role …]`: Schemathesis over every operation, as every
role or as those named.

No 5xx, no answer that the document does not tell of, and bodies as they are documented. The same
cases each time; a suite of its own from nothing.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import aiohttp

from tests.contract.everything import EVERYTHING
from tests.contract.world import world_of
from tests.support.province import Province, province

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
HOOKS = Path(__file__).with_name("fuzz_known.py")
KNOWN = "known.json"
NO_LIMITS = {
    f"GATEWAY_RATE_{name}": "0" for name in ("SIGN_IN", "CODES", "WRITES", "READS", "EXPORTS")
}


async def _prepared(running: Province) -> tuple[dict[str, str | None], dict[str, list[str]]]:
    """Every recipe is followed; the token of each role, and the ids of what is there now."""
    async with aiohttp.ClientSession() as http:
        world = await world_of(running, http)
        tokens = {role: person.token for role, person in world.people.items()}
        for story in EVERYTHING:
            await story(world)
    return tokens, world.known


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
        "--suppress-health-check=too_slow",
        "--request-timeout=15",
        f"--checks={','.join(CHECKS)}",
        *(f"--exclude-path=/api/v1{path}" for path in NOT_HERE),
    ]
    environ = os.environ | {"SCHEMATHESIS_HOOKS": str(HOOKS), "KEPU_FUZZ_KNOWN": str(place / KNOWN)}
    return subprocess.run(command, cwd=place, env=environ, check=False).returncode


def main() -> int:
    """Every role in turn; 1 when one of them found something."""
    examples, wanted = int((sys.argv[1:] or [4])[0]), sys.argv[2:]
    failed = []
    with province(**NO_LIMITS) as running, tempfile.TemporaryDirectory() as place:
        tokens, known = asyncio.run(_prepared(running))
        Path(place, KNOWN).write_text(json.dumps(known), "utf-8")
        for role, token in tokens.items():
            if wanted and role not in wanted:
                continue
            print(f"\n=== {role}", flush=True)
            if fuzz(running.api, token, examples, Path(place)):
                failed.append(role)
    print("found something as:", ", ".join(failed) or "nobody")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
