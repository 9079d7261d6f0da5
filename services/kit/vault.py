"""Personal fields at rest: AEAD encryption with a key id, and a blind index for lookup.

The algorithms stand behind two small functions each, so that SM4/SM3 can replace AES/SHA
(密码法) without touching a table: the first byte of a sealed value names the algorithm.
"""

import hmac
import json
import os
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.kit import keys

_AES_256_GCM = b"\x01"


class Vault:
    """Seals and opens fields. `field` (say `participants.phone`) is bound into the ciphertext."""

    def __init__(self, folder: Path) -> None:
        fields = json.loads((folder / keys.FIELDS).read_text())
        self._current: str = fields["current"]
        self._ciphers = {name: AESGCM(keys.unbase64(key)) for name, key in fields["keys"].items()}
        self._index = keys.unbase64(fields["index"])

    def seal(self, text: str, field: str) -> bytes:
        """A text; see `seal_bytes`."""
        return self.seal_bytes(text.encode(), field)

    def seal_bytes(self, data: bytes, field: str) -> bytes:
        """algorithm · length of key id · key id · nonce (12) · ciphertext with tag."""
        kid = self._current.encode()
        nonce = os.urandom(12)
        sealed = self._ciphers[self._current].encrypt(nonce, data, field.encode())
        return _AES_256_GCM + bytes([len(kid)]) + kid + nonce + sealed

    def open(self, sealed: bytes, field: str) -> str:
        """The text again; ValueError for an unknown algorithm, InvalidTag for a changed value."""
        return self.open_bytes(sealed, field).decode()

    def open_bytes(self, sealed: bytes, field: str) -> bytes:
        """The bytes again, with the same errors."""
        if sealed[:1] != _AES_256_GCM:
            raise ValueError("unknown field encryption")
        end = 2 + sealed[1]
        cipher = self._ciphers[sealed[2:end].decode()]
        return cipher.decrypt(sealed[end : end + 12], sealed[end + 12 :], field.encode())

    def index(self, text: str, field: str) -> bytes:
        """A keyed digest for equality look-ups; equal texts in different fields differ."""
        return hmac.digest(self._index, f"{field}\0{text}".encode(), sha256)


def mask_phone(phone: str) -> str:
    """13812345678 → 138****5678."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"


def mask_name(name: str) -> str:
    """张三丰 → 张**; a Tibetan name keeps its first syllable: ཚེ་རིང་ → ཚེ་**."""
    head, tsheg, _ = name.partition("་")
    return f"{head}་**" if tsheg else f"{name[:1]}{'*' * max(1, len(name) - 1)}"
