"""Draws that a stranger can replay: the promise, who stood in it, and the chance, in one report.

    commit   the rule, the hash of a secret, and a public source of chance with its future time
    freeze   who stands in it, under salted ids: the pool's hash is published, and every freeze kept
    reveal   the secret, and what the named source said
    replay   ranks by HMAC-SHA-256 over whole numbers; it needs nothing but the published report

The seed binds all of it, so no part can be chosen after another is known: whoever knows the secret
does not know the source's value, and whoever can see the value can no longer change the pool.
Without a public source the holder of the secret could foresee the draw and still choose whom to let
in before the freeze: `foreseeable` says so, and a report never hides it.

The pool is a list of entries. `panel` fills strata of persons (an expert may stand in several);
`places` gives out places to parties, whole or not at all.
"""

import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ValidationError

from services.kit.draw_report import (
    FORMAT,
    BadReport,
    Commitment,
    Entry,
    Freeze,
    Outcome,
    PanelRule,
    PlacesRule,
    Report,
    Result,
    Reveal,
)
from services.kit.draw_rules import Allotted, Standing, allot, fill


def canonical(value: Any) -> bytes:
    """JSON in one spelling: sorted keys, no spaces, UTF-8, and no number that is not whole."""
    return json.dumps(
        _whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


def _whole(value: Any) -> Any:
    if isinstance(value, float):
        raise TypeError("a draw knows whole numbers only")
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")  # has no field that could hold another number
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(each) for each in value]
    return value


def digest(value: Any) -> str:
    """SHA-256 of the canonical spelling, as hex."""
    return sha256(canonical(value)).hexdigest()


def hash_of_secret(secret: str) -> str:
    """What is published of the secret (32 bytes as hex) before the draw."""
    return sha256(bytes.fromhex(secret)).hexdigest()


def salted(salt: bytes, name: str) -> str:
    """An id for the pool that cannot be turned back, nor found by trying, without the salt."""
    return hmac.digest(salt, name.encode(), sha256)[:16].hex()


def freeze(
    commitment: Commitment, entries: Iterable[Entry], frozen_at: str, places: Mapping[str, int]
) -> Report:
    """The report up to the freeze: the pool in the order of its ids, with its hash."""
    pool = tuple(sorted(entries, key=lambda entry: entry.id))
    return Report(
        format=FORMAT,
        commitment=commitment,
        commitment_sha256=digest(commitment),
        freeze=Freeze(frozen_at=frozen_at, pool_sha256=digest(pool), places=dict(places)),
        pool=pool,
        reveal=None,
        result=None,
    )


def draw(frozen: Report, secret: str, value: str | None) -> Report:
    """The whole report: the frozen one with the reveal and the result."""
    revealed = frozen.model_copy(update={"reveal": Reveal(secret=secret, value=value)})
    return revealed.model_copy(update={"result": replay(revealed)})


def replay(report: Report) -> Result:
    """The result that the report's inputs give; BadReport when they do not fit one another."""
    reveal = _checked(report)
    seed = digest([FORMAT, report.commitment_sha256, digest(report.freeze), reveal])
    key = bytes.fromhex(seed)
    order = sorted(
        report.pool,
        key=lambda entry: (entry.after, hmac.digest(key, entry.id.encode(), sha256), entry.id),
    )
    standing = [Standing(each.id, each.strata, each.size, each.family) for each in order]
    rule = report.commitment.rule
    allotted: dict[str, Allotted]
    if isinstance(rule, PanelRule):
        allotted = fill(standing, [(s.name, s.quota, s.alternates) for s in rule.strata])
    else:
        allotted = allot(
            standing,
            report.freeze.places,
            strict=rule.list_rule == "strict",
            one_per_family=rule.one_per_family,
        )
    return Result(
        seed=seed,
        strata={
            name: Outcome(chosen=tuple(found.chosen), following=tuple(found.following))
            for name, found in allotted.items()
        },
    )


def _checked(report: Report) -> Reveal:
    commitment, reveal = report.commitment, report.reveal
    if digest(commitment) != report.commitment_sha256:
        raise BadReport("The commitment is not the one whose hash was published.")
    if digest(report.pool) != report.freeze.pool_sha256:
        raise BadReport("The pool is not the one whose hash was published.")
    ids = [entry.id for entry in report.pool]
    if ids != sorted(set(ids)):
        raise BadReport("An entry stands in the pool twice, or the pool is out of order.")
    known = _strata(report)
    most = 1 if isinstance(commitment.rule, PlacesRule) else len(known)
    if any(
        not 0 < len(entry.strata) <= most or not known.issuperset(entry.strata)
        for entry in report.pool
    ):
        raise BadReport("An entry stands in a stratum that the draw does not have.")
    if reveal is None:
        raise BadReport("Nothing is drawn yet: the secret is not revealed.")
    if hash_of_secret(reveal.secret) != commitment.secret_sha256:
        raise BadReport("The secret is not the one that was committed to.")
    if (reveal.value is None) != (commitment.source is None):
        raise BadReport("The value of the named source is missing, or none was promised.")
    committed, frozen = _moment(commitment.committed_at), _moment(report.freeze.frozen_at)
    if committed > frozen:
        raise BadReport("The pool was frozen before the rule was committed to.")
    if commitment.source is not None and _moment(commitment.source.at) <= frozen:
        raise BadReport("The source's value could be known before the pool was frozen.")
    return reveal


def _strata(report: Report) -> set[str]:
    rule = report.commitment.rule
    if isinstance(rule, PlacesRule):
        return set(report.freeze.places)
    names = [each.name for each in rule.strata]
    if len(set(names)) < len(names) or report.freeze.places:
        raise BadReport("A panel's strata repeat, or it has places.")
    return set(names)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadReport(f"{text!r} is not a time.") from None
    if found.tzinfo is None:
        raise BadReport(f"{text!r} has no time zone.")
    return found


def verify(report: Report) -> Result:
    """The result, once replaying gives the published one; BadReport otherwise."""
    found = replay(report)
    if found != report.result:
        raise BadReport("Replaying gives another result than the published one.")
    return found


def read(text: str | bytes) -> Report:
    """A report from its file; BadReport for what is none. A key that stands twice is refused."""
    try:
        return Report.model_validate(json.loads(text, object_pairs_hook=_once))
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(map(str, first["loc"]))
        raise BadReport(f"Not a report of a draw: {where}: {first['msg']}.") from None
    except (ValueError, RecursionError) as error:
        raise BadReport(f"Not a report of a draw: {error}.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found
