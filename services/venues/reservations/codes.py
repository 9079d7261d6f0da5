"""Signed visit codes: small enough for a QR code, verified without network, nothing personal.

An EdDSA JWT: `r` reservation and `v` venue (base64url of the UUID), `iat`. It is signed with the
installation's key for tickets, and its type keeps it apart from those.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from uuid import UUID

import jwt
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.kit import keys
from services.venues.reservations.rules import BadVisitCode

TYPE = "kepu-visit"


@dataclass(frozen=True, slots=True)
class VisitClaims:
    """What a code says."""

    reservation: UUID
    venue: UUID


@cache
def _private(folder: Path) -> tuple[str, Ed25519PrivateKey]:
    key = load_pem_private_key((folder / keys.TICKETS).read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{keys.TICKETS} is not an Ed25519 key")
    return next(iter(keys.read_jwks(folder / keys.TICKETS_JWKS))), key


@cache
def _public(folder: Path) -> dict[str, Ed25519PublicKey]:
    return {
        kid: Ed25519PublicKey.from_public_bytes(keys.unbase64(x))
        for kid, x in keys.read_jwks(folder / keys.TICKETS_JWKS).items()
    }


def sign(folder: Path, claims: VisitClaims, now: datetime) -> str:
    """The code as a compact token."""
    kid, key = _private(folder)
    body = {
        "r": _short(claims.reservation),
        "v": _short(claims.venue),
        "iat": int(now.timestamp()),
    }
    return jwt.encode(body, key, "EdDSA", headers={"kid": kid, "typ": TYPE})


def verify(folder: Path, code: str) -> VisitClaims:
    """What the code says; BadVisitCode for whatever was not signed here, or not as one."""
    try:
        header = jwt.get_unverified_header(code)
        if header.get("typ") != TYPE:
            raise BadVisitCode()
        # Not dated against our clock: which reservation it is decides, and that is looked up.
        body = jwt.decode(
            code, _public(folder)[header["kid"]], ["EdDSA"], options={"verify_iat": False}
        )
        return VisitClaims(
            UUID(bytes=keys.unbase64(body["r"])), UUID(bytes=keys.unbase64(body["v"]))
        )
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError) as error:
        raise BadVisitCode() from error


def picture(code: str, form: str) -> bytes:
    """The code as a QR code: `svg` or `png`."""
    made = BytesIO()
    # Level M survives a folded or greasy sheet of paper.
    segno.make(code, error="m", micro=False).save(made, kind=form, scale=4, border=4)
    return made.getvalue()


def _short(id_: UUID) -> str:
    return urlsafe_b64encode(id_.bytes).rstrip(b"=").decode()
