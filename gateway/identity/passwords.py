"""Staff passwords: argon2id with the library's defaults, computed beside the event loop."""

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import CHEAPEST

_HASHER = PasswordHasher()
_OF_CHANCE = PasswordHasher.from_parameters(CHEAPEST)
# Each takes 64 MiB and most of a core for some 50 ms: a rush of sign-ins queues here.
_AT_ONCE = 4


@cache
def _turn(_: int) -> asyncio.Semaphore:
    return asyncio.Semaphore(_AT_ONCE)


def hashed_now(password: str) -> str:
    """The hash, for commands that have no event loop to block."""
    return _HASHER.hash(password)


def hashed_of_chance(password: str) -> str:
    """The hash of a password that chance made with 79 bits (`new_password`) and that stays: nobody
    tries them all, however quick each is. What people choose is never hashed so."""
    return _OF_CHANCE.hash(password)


async def hashed(password: str) -> str:
    """The hash to store."""
    async with _turn(id(asyncio.get_running_loop())):
        return await asyncio.to_thread(_HASHER.hash, password)


async def matches(stored: str | None, password: str) -> bool:
    """Does `password` fit? As slow when there is nothing stored, so that names stay secret."""
    async with _turn(id(asyncio.get_running_loop())):
        fits = await asyncio.to_thread(_verify, stored or _nobodys(), password)
    return fits and stored is not None


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")
