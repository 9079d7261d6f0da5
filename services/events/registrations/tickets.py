"""Signed tickets: small enough for a QR code, verified without network, nothing personal in them.

An EdDSA JWT: `r` registration and `o` occurrence (base64url of the UUID), `m` the numbers of the
members within the party, `iat`. A device knows the public keys; the server knows the rest.
"""

import json
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

from services.events.registrations.rules import BadTicket
from services.kit import keys

TYPE = "kepu-ticket"


@dataclass(frozen=True, slots=True)
class TicketClaims:
    """What a ticket says."""

    registration: UUID
    occurrence: UUID
    members: tuple[int, ...]


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


def sign(folder: Path, claims: TicketClaims, now: datetime) -> str:
    """The ticket as a compact token."""
    kid, key = _private(folder)
    body = {
        "r": _short(claims.registration),
        "o": _short(claims.occurrence),
        "m": claims.members,
        "iat": int(now.timestamp()),
    }
    return jwt.encode(body, key, "EdDSA", headers={"kid": kid, "typ": TYPE})


def verify(folder: Path, token: str) -> TicketClaims:
    """What the ticket says; BadTicket for whatever was not signed here, or not as a ticket."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != TYPE:
            raise BadTicket()
        # Not dated against our clock: which registration it is decides, and that is looked up.
        body = jwt.decode(
            token, _public(folder)[header["kid"]], ["EdDSA"], options={"verify_iat": False}
        )
        return TicketClaims(
            UUID(bytes=keys.unbase64(body["r"])),
            UUID(bytes=keys.unbase64(body["o"])),
            tuple(int(number) for number in body["m"]),
        )
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError) as error:
        raise BadTicket() from error


def public_keys(folder: Path) -> list[dict[str, str]]:
    """The JWKS that devices keep."""
    found: list[dict[str, str]] = json.loads((folder / keys.TICKETS_JWKS).read_text())["keys"]
    return found


def picture(token: str, form: str) -> bytes:
    """The token as a QR code: `svg` or `png`."""
    made = BytesIO()
    # Level M survives a folded or greasy sheet of paper.
    segno.make(token, error="m", micro=False).save(made, kind=form, scale=4, border=4)
    return made.getvalue()


def _short(id_: UUID) -> str:
    return urlsafe_b64encode(id_.bytes).rstrip(b"=").decode()
