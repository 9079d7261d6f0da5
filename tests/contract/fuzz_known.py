"""Loaded by Schemathesis: most ids that it makes up become ids of what the recipes left there.

Made-up ids alone meet a 404 before anything else can go wrong.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis

# By parameter; whatever is called like one in a query or a body is meant, too.
KNOWN: dict[str, list[str]] = json.loads(Path(os.environ["KEPU_FUZZ_KNOWN"]).read_text("utf-8"))
CODES = sorted({*KNOWN["code"], *KNOWN["division"], "63", "6301", "630123", "630123101"})
KNOWN |= dict.fromkeys(("code", "division", "division_code", "home_code", "successor"), CODES)
KNOWN |= {"occurrence": KNOWN["occurrence_id"], "about": KNOWN["occurrence_id"]}
_turns: Counter[str] = Counter()


def known(name: str, value: Any) -> Any:
    """Each in turn; every fifth time what was made up."""
    if isinstance(value, dict):
        return {key: known(key, each) for key, each in value.items()}
    if isinstance(value, list):
        return [known(name, each) for each in value]
    if name not in KNOWN or not isinstance(value, str):
        return value
    _turns[name] += 1
    turn = _turns[name]
    return value if turn % 5 == 0 else KNOWN[name][turn % len(KNOWN[name])]


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case, kwargs: Any) -> None:
    """What is sent instead."""
    case.path_parameters = known("", case.path_parameters)
    case.query = known("", case.query)
    case.body = known("", case.body)
    if case.headers and "If-Match" in case.headers:
        _turns["If-Match"] += 1
        case.headers["If-Match"] = f'"v{_turns["If-Match"] % 4 + 1}"'
