"""What a device signs, and whether a signature is its own: ECDSA P-256 with SHA-256.

P-256, because every browser's WebCrypto has had it for ten years with keys that cannot be
extracted; Ed25519 is missing on many phones still in use. Signatures are r‖s, 64 bytes, as
WebCrypto makes them; public keys are uncompressed points, 65 bytes. Texts are UTF-8, their lines
joined by \\n; times are whole milliseconds since 1970.
"""

import binascii
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from services.kit.keys import unbase64

_ALGORITHM = ec.ECDSA(SHA256())
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def enrolment_text(code: str, name: str, public_key: str) -> str:
    """What a device signs to show that it has the key it enrols with."""
    return "\n".join(("kepu-enrolment-1", code, name, public_key))


def request_text(method: str, target: str, milliseconds: int, body: bytes) -> str:
    """What stands behind the header `Kepu-Device`. `target` is path and query below /api/v1."""
    digest = sha256(body).hexdigest()
    return "\n".join(("kepu-request-1", method, target, str(milliseconds), digest))


def scan_text(
    *,
    device: UUID,
    contact: UUID,
    client_id: UUID,
    seq: int,
    device_at: datetime,
    occurrence: UUID,
    ticket: str | None,
    registration: UUID | None,
    members: Sequence[int],
) -> str:
    """One scan. The ticket stands in it as its digest, so that the text can be kept."""
    return "\n".join(
        (
            "kepu-scan-1",
            str(device),
            str(contact),
            str(client_id),
            str(seq),
            str(milliseconds(device_at)),
            str(occurrence),
            sha256(ticket.encode()).hexdigest() if ticket is not None else "",
            str(registration) if registration is not None else "",
            ",".join(map(str, members)),
        )
    )


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment(milliseconds: int) -> datetime:
    """The time that a device's clock shows; beyond the calendar's ends, the end."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        edge = datetime.max if milliseconds > 0 else datetime.min
        return edge.replace(tzinfo=UTC)


def point(public_key: str) -> bytes:
    """The bytes of a public key on the wire; ValueError when it is no point of the curve."""
    try:
        raw = unbase64(public_key)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
    if len(raw) != 65:
        raise ValueError("not an uncompressed point")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    return raw


def is_signed(public_key: bytes, text: str, signature: bytes) -> bool:
    """Did the holder of the key sign this text?"""
    if len(signature) != 64:
        return False
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    try:
        key.verify(encode_dss_signature(r, s), text.encode(), _ALGORITHM)
    except InvalidSignature:
        return False
    return True


def signature_of(text: str) -> bytes:
    """The bytes of a signature on the wire; nothing for what is no base64url."""
    try:
        return unbase64(text)
    except binascii.Error:
        return b""
