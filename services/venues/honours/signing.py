"""Who signs for the platform: its did:web, its keys, and JWTs that name the key they are signed by.

Each JWT says the key in `kid`; the keys are at /honours/issuer, the newest first. After a rotation
(`services.kit.keys.rotate`) the former public keys stay there, so old credentials verify.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from services.kit import keys

PLACE = "/api/v1/honours/issuer"
"""Where its keys and, below it, its DID document are, as the public reaches them."""


@dataclass(frozen=True)
class Issuer:
    """The platform as an issuer, with the keys of this moment."""

    did: str
    kid: str
    private: Ed25519PrivateKey
    keys: tuple[dict[str, str], ...]

    def sign(self, payload: dict[str, Any], typ: str) -> str:
        """A compact JWT; the same payload gives the same bytes (RFC 8032 takes no chance)."""
        headers = {"typ": typ, "kid": f"{self.did}#{self.kid}"}
        return jwt.encode(payload, self.private, "EdDSA", headers=headers)

    def document(self) -> dict[str, Any]:
        """The DID document."""
        methods = [
            {
                "id": f"{self.did}#{key['kid']}",
                "type": "JsonWebKey",
                "controller": self.did,
                "publicKeyJwk": key,
            }
            for key in self.keys
        ]
        return {
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"],
            "id": self.did,
            "verificationMethod": methods,
            "assertionMethod": [method["id"] for method in methods],
        }


def did_of(origin: str) -> str:
    """did:web of the place where the keys are: a port's colon is written %3A.

    >>> did_of("http://127.0.0.1:8000")
    'did:web:127.0.0.1%3A8000:api:v1:honours:issuer'
    """
    return ":".join(["did:web", quote(urlsplit(origin).netloc, safe=""), *PLACE.split("/")[1:]])


def issuer(folder: Path, origin: str) -> Issuer:
    """The issuer as its files are now: a rotation is seen at once."""
    private, public = folder / keys.HONOURS, folder / keys.HONOURS_JWKS
    changed = private.stat().st_mtime_ns, public.stat().st_mtime_ns
    return _read(private, public, origin, changed)


@lru_cache(maxsize=4)
def _read(private: Path, public: Path, origin: str, _changed: tuple[int, int]) -> Issuer:
    key = load_pem_private_key(private.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{private.name} is not an Ed25519 key")
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    kids = {keys.unbase64(x): kid for kid, x in keys.read_jwks(public).items()}
    # Not simply the first: in the moment of a rotation the private half is still the former.
    return Issuer(did_of(origin), kids[raw], key, tuple(keys.read_public(public)))
