"""The key files of an installation: made once, kept in one folder, part of every backup."""

import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNING = "caller-signing.pem"
JWKS = "caller-signing.jwks.json"
FIELDS = "fields.json"
TICKETS = "ticket-signing.pem"
TICKETS_JWKS = "ticket-signing.jwks.json"
HONOURS = "honour-signing.pem"
HONOURS_JWKS = "honour-signing.jwks.json"
RECORDS = "record-signing.pem"
RECORDS_JWKS = "record-signing.jwks.json"
"""For what this installation was told by others, and keeps as it was told."""
PAIRS = (
    (SIGNING, JWKS),
    (TICKETS, TICKETS_JWKS),
    (HONOURS, HONOURS_JWKS),
    (RECORDS, RECORDS_JWKS),
)


def create_keys(folder: Path) -> None:
    """Make what is missing: Ed25519 pairs for callers, tickets and honours, field keys.
    Idempotent."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for private, public in PAIRS:
        if not (folder / private).exists():
            _create_pair(folder / private, folder / public)
    if not (folder / FIELDS).exists():
        fields = {"current": "k1", "keys": {"k1": _secret()}, "index": _secret()}
        _write(folder / FIELDS, json.dumps(fields).encode())


def rotate(folder: Path, private: str, public: str) -> str:
    """A new pair in the place of the old one, whose public half stays; answers the new key id.

    What the old key signed can be verified as long as its public half is published.
    """
    return _create_pair(folder / private, folder / public, read_public(folder / public))


def _create_pair(private: Path, public: Path, former: Sequence[dict[str, str]] = ()) -> str:
    key = Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    jwk = {
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "alg": "EdDSA",
        "kid": secrets.token_hex(8),
        "x": urlsafe_b64encode(raw).rstrip(b"=").decode(),
    }
    # The public half first: a crash in between leaves no private key without it.
    _write(public, json.dumps({"keys": [jwk, *former]}).encode())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(private, pem)
    return jwk["kid"]


def _secret() -> str:
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(path.suffix + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def read_jwks(path: Path) -> dict[str, str]:
    """Public keys by key id (raw Ed25519, base64url)."""
    return {key["kid"]: key["x"] for key in read_public(path)}


def read_public(path: Path) -> list[dict[str, str]]:
    """Public keys as JWKs, the newest first."""
    found: list[dict[str, str]] = json.loads(path.read_text())["keys"]
    return found


def unbase64(text: str) -> bytes:
    """base64url with or without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
