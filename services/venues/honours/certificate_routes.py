"""HTTP for certificates: what anybody may verify, and what is given out of them."""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Path, Request, Response

from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.hot import tagged
from services.kit.problems import Missing
from services.kit.routing import Router
from services.venues.honours import queries
from services.venues.honours.credentials import (
    MEDIA_TYPE,
    PURPOSES,
    credential,
    signed,
    status_list,
)
from services.venues.honours.drawing import draw
from services.venues.honours.rules import list_now
from services.venues.honours.schemas import VerificationOut
from services.venues.honours.signing import issuer
from services.venues.honours.verification import given_out, page_of, verification
from services.venues.settings import PublicSettings

router = Router(prefix="/certificates", tags=["certificates"])
MAX_AGE_S = 30
"""A revocation is seen everywhere after so many seconds."""
_PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}}}
_CREDENTIAL: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA_TYPE: {}}}}


def _now() -> datetime:
    return datetime.now(UTC)


def _sent(body: bytes, media_type: str, request: Request, cache: str) -> Response:
    headers = {
        "ETag": f'"{blake2b(body, digest_size=12).hexdigest()}"',
        "Cache-Control": cache,
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


@router.get("/status-lists/{purpose}-{number}", response_class=Response, responses=_CREDENTIAL)
async def read_status_list(
    db: Db,
    kit: KitDep,
    request: Request,
    purpose: Annotated[str, Path(examples=["revocation"])],
    number: Annotated[int, Path(ge=1, le=1_000_000, examples=[1])],
) -> Response:
    """A status list of credentials (Bitstring Status List v1.0), signed: `revocation` or
    `suspension`."""
    if purpose not in PURPOSES or number > list_now(await queries.certificates(db)):
        raise Missing()
    origin = PublicSettings().origin
    signer = issuer(kit.keys, origin)
    bits = await queries.bits(db, number, purpose)
    claims = status_list(signer, origin, purpose, number, bits, _now())
    cache = f"public, max-age={MAX_AGE_S}"
    return _sent(signed(signer, claims).encode(), MEDIA_TYPE, request, cache)


@router.get("/{honour_id}/document", response_class=Response, responses=_PDF)
async def read_document(db: Db, request: Request, honour_id: UUID) -> Response:
    """The certificate as it hangs on the wall (PDF, A4), while it may be relied on."""
    found = await queries.held(db, honour_id)
    certificate = await given_out(db, found, _now())
    body = await draw(found.honour, certificate, page_of(PublicSettings().origin, found.honour))
    # Asked anew each time: a certificate that was taken back is not given out from a cache.
    answer = _sent(body, "application/pdf", request, "public, no-cache")
    name = quote(f"{found.honour.number or found.honour.id}.pdf")
    answer.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{name}"
    return answer


@router.get("/{honour_id}/credential", response_class=Response, responses=_CREDENTIAL)
async def read_credential(db: Db, kit: KitDep, request: Request, honour_id: UUID) -> Response:
    """The certificate as a verifiable credential (Open Badges 3.0, VC-JWT)."""
    found = await queries.held(db, honour_id)
    certificate = await given_out(db, found, _now())
    origin = PublicSettings().origin
    signer = issuer(kit.keys, origin)
    claims = credential(signer, origin, found.honour, certificate)
    return _sent(signed(signer, claims).encode(), MEDIA_TYPE, request, "public, no-cache")


# The last one: a number may have a slash in it.
@router.get("/{key:path}", response_model=VerificationOut)
async def verify_certificate(
    db: Db,
    kit: KitDep,
    request: Request,
    key: Annotated[str, Path(max_length=200, description="The number, or the id of the honour")],
) -> Response:
    """What a certificate is worth now, with a stamp for those who have no line.

    Numbers are in series and public, as the list of honours is: there is nothing behind one that
    the list does not say.
    """
    origin = PublicSettings().origin
    found = await queries.by_key(db, key)
    answer = await verification(db, issuer(kit.keys, origin), origin, found, _now())
    return tagged(answer.model_dump_json().encode(), request, MAX_AGE_S)
