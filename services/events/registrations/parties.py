"""Who may come, and who of a party comes: pure rules of ages, guardians and choices."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from services.kit.problems import FieldError, broken

GUARDIAN_BELOW = 14
"""Years of age below which a guardian consents (个人信息保护法 31)."""

M = TypeVar("M")


def party_errors(
    ages: Sequence[int | None],
    guarded: Sequence[bool],
    *,
    min_age: int | None,
    max_age: int | None,
    max_party: int,
) -> tuple[FieldError, ...]:
    """What is wrong with a party for a ticket kind: ages, guardians of children, its size."""
    errors: list[FieldError] = []
    if len(ages) > max_party:
        errors.append(FieldError("/party", "party-too-large", (("max_party", max_party),)))
    limited = min_age is not None or max_age is not None
    for index, (age, has_guardian) in enumerate(zip(ages, guarded, strict=True)):
        pointer = f"/party/{index}"
        if age is None:
            if limited:
                errors.append(FieldError(f"{pointer}/age", "age-needed"))
            continue
        if (min_age is not None and age < min_age) or (max_age is not None and age > max_age):
            limits = (("min_age", min_age or 0), ("max_age", "∞" if max_age is None else max_age))
            errors.append(FieldError(f"{pointer}/age", "age-out-of-range", limits))
        if age < GUARDIAN_BELOW and not has_guardian:
            below = (("min_age", GUARDIAN_BELOW),)
            errors.append(FieldError(f"{pointer}/guardian", "guardian-needed", below))
    return tuple(errors)


def choose(members: Sequence[UUID], wanted: Sequence[UUID] | None, places: int) -> list[UUID]:
    """Who of a party takes the offered places: those `wanted`, or the first ones."""
    if wanted is None:
        return list(members[:places])
    kept = _of_party(members, wanted)
    if len(kept) > places:
        raise broken("/members", "more-than-offered", places=places)
    return kept


def take_off(members: Sequence[UUID], leaving: Sequence[UUID]) -> list[UUID]:
    """Who of a party stays when `leaving` are taken off; somebody must."""
    gone = set(_of_party(members, leaving))
    if len(gone) == len(members):
        raise broken("/members", "party-emptied")
    return [member for member in members if member not in gone]


def _of_party(members: Sequence[M], named: Sequence[M]) -> list[M]:
    known = set(named)
    if known - set(members):
        raise broken("/members", "unknown-member")
    return [member for member in members if member in known]
