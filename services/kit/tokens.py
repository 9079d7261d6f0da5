"""Signed caller tokens: the gateway says who speaks, the services believe nothing else.

A JWT (EdDSA) with subject, kind, grants, audience, at most 60 s old. Signing is reused for 30 s a
principal and audience; a verification is cached until the token expires.
"""

import time
from collections import OrderedDict
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.kit import keys
from services.kit.access import Caller, Grant, Kind, Role
from services.kit.problems import Unauthenticated

LIFETIME_S = 60
REUSE_S = 30
CACHED = 10_000


class BadToken(Unauthenticated):
    """The caller token is missing a part, expired, or signed by somebody else."""


class Signer:
    """Signs callers for an audience (a service's name)."""

    def __init__(self, folder: Path) -> None:
        private = load_pem_private_key((folder / keys.SIGNING).read_bytes(), None)
        if not isinstance(private, Ed25519PrivateKey):
            raise TypeError(f"{keys.SIGNING} is not an Ed25519 key")
        self._private = private
        self._kid = next(iter(keys.read_jwks(folder / keys.JWKS)))
        self._cache: OrderedDict[tuple[Caller, str], tuple[float, str]] = OrderedDict()

    def sign(self, caller: Caller, audience: str, now: float | None = None) -> str:
        """A token for `caller`, valid for between LIFETIME_S − REUSE_S and LIFETIME_S seconds."""
        now = time.time() if now is None else now
        found = self._cache.get((caller, audience))
        if found and now < found[0] + REUSE_S:
            return found[1]
        claims: dict[str, Any] = {
            "kind": caller.kind.value,
            "grants": [f"{grant.role.value}@{grant.division}" for grant in caller.grants],
            "aud": audience,
            "iat": int(now),
            "exp": int(now) + LIFETIME_S,
        }
        if caller.subject is not None:
            claims["sub"] = str(caller.subject)
        token = jwt.encode(claims, self._private, "EdDSA", headers={"kid": self._kid})
        _keep(self._cache, (caller, audience), (now, token))
        return token


class Verifier:
    """Turns a token back into a Caller, for one audience."""

    def __init__(self, folder: Path, audience: str) -> None:
        self._keys = {
            kid: Ed25519PublicKey.from_public_bytes(keys.unbase64(x))
            for kid, x in keys.read_jwks(folder / keys.JWKS).items()
        }
        self._audience = audience
        self._cache: OrderedDict[str, tuple[float, Caller]] = OrderedDict()

    def verify(self, token: str) -> Caller:
        """The caller that `token` vouches for; BadToken otherwise."""
        found = self._cache.get(token)
        if found:
            if found[0] > time.time():
                return found[1]
            del self._cache[token]
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                audience=self._audience,
                options={"require": ["exp", "iat", "aud"]},
            )
            if claims["exp"] - claims["iat"] > LIFETIME_S:
                raise BadToken()
            caller = Caller(
                Kind(claims["kind"]),
                UUID(claims["sub"]) if "sub" in claims else None,
                tuple(_grant(text) for text in claims["grants"]),
            )
        except (jwt.InvalidTokenError, KeyError, ValueError) as error:
            raise BadToken() from error
        _keep(self._cache, token, (float(claims["exp"]), caller))
        return caller


def _grant(text: str) -> Grant:
    role, _, division = text.partition("@")
    return Grant(Role(role), division)


def _keep(cache: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    cache[key] = value
    if len(cache) > CACHED:
        cache.popitem(last=False)
