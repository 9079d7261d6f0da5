"""The verifiable credential of a certificate, and the lists that say what it is worth now.

Open Badges 3.0 as VC-JWT (EdDSA): the claims of the credential are the payload, with the registered
names beside them. Its state is in two Bitstring Status Lists v1.0, for revocation (a withdrawn
edition, a revoked honour) and suspension, at the same random bit; so `credentialStatus` is a set of
two, as the W3C data model allows, where OB 3.0's own table writes one.
"""

import gzip
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from services.kit.workdays import SHANGHAI
from services.venues.honours.models import Certificate, Honour
from services.venues.honours.rules import LIST_BITS
from services.venues.honours.signing import Issuer

MEDIA_TYPE = "application/vc+jwt"
TYP = "vc+jwt"
PURPOSES = ("revocation", "suspension")
LIST_STEP = timedelta(minutes=5)
"""A list bears the beginning of the five minutes in which it was asked for, so that it is the same
bytes meanwhile, as long as nothing changed."""
LIST_LIFE = timedelta(days=1)
"""After that an old copy of a list must not be believed."""

_VC = "https://www.w3.org/ns/credentials/v2"
_OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
_SCHEMA = (
    "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
)


def first_moment(day: date) -> datetime:
    """The beginning of a day in the country's time zone."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def list_url(origin: str, purpose: str, number: int) -> str:
    """Where a status list is."""
    return f"{origin}/api/v1/certificates/status-lists/{purpose}-{number}"


def credential(
    issuer: Issuer, origin: str, honour: Honour, certificate: Certificate
) -> dict[str, Any]:
    """The claims of the credential of one edition."""
    about = f"{origin}/api/v1/certificates/{honour.id}"
    subject = (
        f"{origin}/api/v1/venues/{honour.venue_id}"
        if honour.venue_id is not None
        else f"{origin}/api/v1/divisions/{honour.subject_code}"
    )
    begins = first_moment(honour.issued_on or certificate.issued_on)
    # A later edition holds from its own day on: before, another host had the certificate.
    begins = max(begins, first_moment(certificate.issued_on))
    claims: dict[str, Any] = {
        "@context": [_VC, _OB],
        "id": f"urn:uuid:{certificate.id}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": issuer.did, "type": ["Profile"], "name": honour.issuer},
        "validFrom": _written(begins),
        "name": honour.title,
        "credentialSubject": {
            "id": subject,
            "type": ["AchievementSubject"],
            "identifier": [_named(certificate.holder, "name")],
            "licenseNumber": honour.number,
            "achievement": _achievement(origin, honour, about),
        },
        "credentialStatus": [
            {
                "id": f"{list_url(origin, purpose, certificate.list_number)}"
                f"#{certificate.list_index}",
                "type": "BitstringStatusListEntry",
                "statusPurpose": purpose,
                "statusListIndex": str(certificate.list_index),
                "statusListCredential": list_url(origin, purpose, certificate.list_number),
            }
            for purpose in PURPOSES
        ],
        "credentialSchema": [{"id": _SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
        "evidence": [{"id": about, "type": ["Evidence"], "name": "公开核验"}],
    }
    if honour.valid_until is not None:
        claims["validUntil"] = _written(first_moment(honour.valid_until + timedelta(days=1)))
    return claims


def _achievement(origin: str, honour: Honour, about: str) -> dict[str, Any]:
    programme = f"{origin}/api/v1/programmes/{honour.programme_id}"
    others = "、".join(honour.co_issuers.splitlines())
    described = f"{honour.issuer}{'、' + others if others else ''}命名的“{honour.title}”"
    return {
        "id": programme if honour.programme_id is not None else about,
        "type": ["Achievement"],
        "name": honour.title,
        "description": described,
        "achievementType": "QualityAssuranceCredential",
        "inLanguage": "zh",
        "criteria": {"id": programme if honour.programme_id is not None else about},
    }


def _named(value: str, kind: str) -> dict[str, Any]:
    return {
        "type": "IdentityObject",
        "hashed": False,
        "identityHash": value,
        "identityType": kind,
    }


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def signed(issuer: Issuer, claims: dict[str, Any]) -> str:
    """A credential as VC-JWT: the registered claims say the same as its own."""
    payload = {
        **claims,
        "iss": issuer.did,
        "jti": claims["id"],
        "sub": claims["credentialSubject"]["id"],
        "nbf": _seconds(claims["validFrom"]),
    }
    if "validUntil" in claims:
        payload["exp"] = _seconds(claims["validUntil"])
    return issuer.sign(payload, TYP)


def _seconds(written: str) -> int:
    return int(datetime.fromisoformat(written).timestamp())


def status_list(
    issuer: Issuer, origin: str, purpose: str, number: int, bits: Iterable[int], now: datetime
) -> dict[str, Any]:
    """The claims of a status list credential, with the bits that are set."""
    url = list_url(origin, purpose, number)
    begins = now.astimezone(UTC).replace(second=0, microsecond=0)
    begins -= timedelta(minutes=begins.minute % (LIST_STEP.seconds // 60))
    return {
        "@context": [_VC],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer.did,
        "validFrom": _written(begins),
        "validUntil": _written(begins + LIST_LIFE),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": encoded(bits),
            "ttl": int(LIST_STEP.total_seconds() * 1000),
        },
    }


def encoded(bits: Iterable[int]) -> str:
    """A bitstring as the standard writes it: the first bit is the highest of the first byte, then
    GZIP (with no time in it), then base64url with its multibase letter."""
    string = bytearray(LIST_BITS // 8)
    for bit in bits:
        string[bit // 8] |= 0x80 >> (bit % 8)
    return "u" + urlsafe_b64encode(gzip.compress(bytes(string), mtime=0)).rstrip(b"=").decode()
