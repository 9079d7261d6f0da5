"""Answers as documents: dated, bound to their application, signed by this installation."""

from base64 import urlsafe_b64encode
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.kit import keys
from services.kit.ids import uuid7
from services.venues.credit.models import Answer, Check
from services.venues.credit.port import Given

TYPE = "kepu-credit-answer"


@cache
def _private(folder: Path) -> tuple[str, Ed25519PrivateKey]:
    key = load_pem_private_key((folder / keys.RECORDS).read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{keys.RECORDS} is not an Ed25519 key")
    return next(iter(keys.read_jwks(folder / keys.RECORDS_JWKS))), key


def made(folder: Path, check: Check, given: Given, now: datetime) -> Answer:
    """The answer to `check` as it is kept."""
    said = given.said
    document = orjson.dumps(
        {
            "type": TYPE,
            "application": str(check.application_id),
            "check": str(check.id),
            "uscc": check.uscc,
            "name": check.name,
            "result": said.result.value,
            "items": [item.model_dump(mode="json") for item in said.items],
            "provider": said.provider,
            "provider_answered_at": said.answered_at.isoformat(),
            "provider_sha256": given.document and sha256(given.document.encode()).hexdigest(),
            "taken_at": now.isoformat(),
        },
        option=orjson.OPT_SORT_KEYS,
    )
    key_id, key = _private(folder)
    return Answer(
        id=uuid7(),
        check_id=check.id,
        application_id=check.application_id,
        result=said.result,
        answered_at=now,
        document=document.decode(),
        signature=urlsafe_b64encode(key.sign(document)).rstrip(b"=").decode(),
        key_id=key_id,
        provider_document=given.document,
        provider_signature=given.signature,
    )


def is_sound(folder: Path, row: Answer, application: UUID, uscc: str | None, name: str) -> bool:
    """Was it signed here, for this application and this host, with this result?"""
    public = keys.read_jwks(folder / keys.RECORDS_JWKS).get(row.key_id)
    if public is None:
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(keys.unbase64(public))
        key.verify(keys.unbase64(row.signature), row.document.encode())
    except (InvalidSignature, ValueError):
        return False
    said = orjson.loads(row.document)
    found = (said["type"], said["application"], said["uscc"], said["name"], said["result"])
    same_moment = datetime.fromisoformat(said["taken_at"]) == row.answered_at
    return same_moment and found == (TYPE, str(application), uscc, name, row.result.value)
