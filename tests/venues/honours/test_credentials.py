"""The verifiable credential, as somebody reads it who knows nothing of this platform."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from jsonschema import Draft201909Validator
from openbadgeslib.ob3 import OB3VerificationError, OB3Verifier, decode_encoded_list, set_indices

from services.kit import keys
from services.kit.access import Role
from services.venues.honours.credentials import encoded
from services.venues.honours.signing import issuer
from tests.support.apps import Running, staff
from tests.support.honours import named

SCHEMA = Path(__file__).parent / "schemas/ob_v3p0_achievementcredential_schema.json"
DIGEST = "b7358e895f492e74055dc6bfc7ffc420d0e497f90c4579fb83d9519b86d393ea"
APPROVER = staff(Role.APPROVER, "63")
REASON = {"reason": "年度检查发现全年开放不足一百天"}
ORIGIN = "https://kepu.example"
DID = "did:web:kepu.example:api:v1:honours:issuer"


@pytest.fixture
def at_home(environment: pytest.MonkeyPatch) -> None:
    """The platform under a name that everybody can resolve."""
    environment.setenv("KEPU_PUBLIC_URL", ORIGIN)


class World:
    """What a stranger can fetch: the public addresses of this platform, and nothing else."""

    def __init__(self, venues: Running) -> None:
        self._venues = venues
        self.pages: dict[str, bytes] = {}

    async def fetch(self, *paths: str) -> None:
        """The library fetches without a loop: what it will ask for is brought beforehand."""
        async with self._venues.as_() as anybody:
            for path in paths:
                self.pages[f"{ORIGIN}/api/v1{path}"] = (await anybody.get(path)).content

    def __call__(self, url: str, *_: Any, **__: Any) -> bytes:
        return self.pages[url]


async def looked_at(venues: Running, token: str) -> str:
    """What an independent reader says of a credential: ok, or the purpose of the bit that is set."""
    world = World(venues)
    lists = [f"/certificates/status-lists/{purpose}-1" for purpose in ("revocation", "suspension")]
    await world.fetch("/honours/issuer/did.json", *lists)
    verifier = OB3Verifier.for_issuer_did(DID, download=world)
    try:
        verifier.verify(token, check_status=True, download=world)
    except OB3VerificationError as error:
        return str(error).partition("' is set")[0].rpartition("'")[2]
    return "ok"


async def test_a_stranger_verifies_it_and_sees_it_suspended_reinstated_and_revoked(
    at_home: None, venues: Running, version: UUID
) -> None:
    honour = await named(venues, version)
    async with venues.as_(APPROVER) as approver:
        token = (await approver.get(f"/certificates/{honour}/credential")).text
        seen = [await looked_at(venues, token)]
        for action in ("suspend", "reinstate", "revoke"):
            await approver.post(f"/honours/{honour}/{action}", json=REASON)
            seen.append(await looked_at(venues, token))
        late = await approver.get(f"/certificates/{honour}/credential")
    assert seen == ["ok", "suspension", "ok", "revocation"]
    assert late.status_code == 409


async def test_the_certificate_of_a_former_host_is_revoked_and_the_new_one_is_not(
    at_home: None, venues: Running, version: UUID
) -> None:
    honour = await named(venues, version)
    async with venues.as_(APPROVER) as approver:
        old = (await approver.get(f"/certificates/{honour}/credential")).text
        given = {**REASON, "host_name": "湟源县自然资源局"}
        await approver.post(f"/honours/{honour}/change_host", json=given)
        new = (await approver.get(f"/certificates/{honour}/credential")).text
    assert [await looked_at(venues, old), await looked_at(venues, new)] == ["revocation", "ok"]


async def test_it_is_as_the_official_schema_wants_it(
    at_home: None, venues: Running, version: UUID
) -> None:
    """But for its two entries of status, which the W3C data model allows and OB 3.0's schema writes
    as one: each of them alone is as the schema wants it."""
    honour = await named(venues, version)
    async with venues.as_() as anybody:
        answer = await anybody.get(f"/certificates/{honour}/credential")
    header = jwt.get_unverified_header(answer.text)
    claims = jwt.decode(answer.text, options={"verify_signature": False})
    content = SCHEMA.read_bytes()
    assert sha256(content).hexdigest() == DIGEST
    validator = Draft201909Validator(
        json.loads(content), format_checker=Draft201909Validator.FORMAT_CHECKER
    )
    entries = claims.pop("credentialStatus")
    faults = [
        error.message
        for entry in entries
        for error in validator.iter_errors({**claims, "credentialStatus": entry})
    ]
    assert faults == []
    assert [each.message for each in validator.iter_errors({**claims, "type": ["X"]})] != []
    assert answer.headers["Content-Type"] == "application/vc+jwt"
    assert (header["alg"], header["typ"], header["kid"].partition("#")[0]) == (
        "EdDSA",
        "vc+jwt",
        DID,
    )
    assert [entry["statusPurpose"] for entry in entries] == ["revocation", "suspension"]
    assert claims["validFrom"] == "2026-10-12T16:00:00Z"
    assert claims["validUntil"] == "2028-10-13T16:00:00Z"
    assert claims["credentialSubject"]["licenseNumber"] == "青科普〔2026〕001号"


async def test_a_status_list_is_long_enough_and_the_same_bytes_while_nothing_changed(
    at_home: None, venues: Running, version: UUID
) -> None:
    honour = await named(venues, version)
    at = "/certificates/status-lists/revocation-1"
    async with venues.as_(APPROVER) as approver:
        first, second = await approver.get(at), await approver.get(at)
        await approver.post(f"/honours/{honour}/revoke", json=REASON)
        third = await approver.get(at)
        absent = [
            (await approver.get(f"/certificates/status-lists/{name}")).status_code
            for name in ("revocation-2", "refresh-1")
        ]
    lists = [jwt.decode(each.text, options={"verify_signature": False}) for each in (first, third)]
    before, after = (
        decode_encoded_list(each["credentialSubject"]["encodedList"]) for each in lists
    )
    index = await venues.scalar("SELECT list_index FROM certificates")
    assert (first.headers["ETag"] == second.headers["ETag"], len(before) * 8) == (True, 131_072)
    assert (set_indices(before), set_indices(after)) == (frozenset(), frozenset({index}))
    assert absent == [404, 404]


def test_the_first_bit_is_the_highest_of_the_first_byte() -> None:
    """As the standard counts them: bits 0, 9 and the last."""
    raw = decode_encoded_list(encoded([0, 9, 131_071]))
    assert (raw[0], raw[1], raw[-1]) == (0b1000_0000, 0b0100_0000, 0b0000_0001)


def test_a_rotated_key_signs_and_the_former_still_verifies(tmp_path: Path) -> None:
    keys.create_keys(tmp_path)
    former = issuer(tmp_path, ORIGIN)
    token = former.sign({"iss": DID}, "vc+jwt")
    kid = keys.rotate(tmp_path, keys.HONOURS, keys.HONOURS_JWKS)
    now = issuer(tmp_path, ORIGIN)
    assert (now.kid, [key["kid"] for key in now.keys]) == (kid, [kid, former.kid])
    named_key = jwt.get_unverified_header(token)["kid"].partition("#")[2]
    (jwk,) = [key for key in now.keys if key["kid"] == named_key]
    assert jwt.decode(token, jwt.PyJWK(jwk), algorithms=["EdDSA"]) == {"iss": DID}
    assert jwt.get_unverified_header(now.sign({}, "vc+jwt"))["kid"] == f"{DID}#{kid}"
    # A crash between the two halves: the private one is still the former, and says so.
    public = (tmp_path / keys.HONOURS_JWKS).read_bytes()
    private = (tmp_path / keys.HONOURS).read_bytes()
    keys.rotate(tmp_path, keys.HONOURS, keys.HONOURS_JWKS)
    (tmp_path / keys.HONOURS).write_bytes(private)
    assert issuer(tmp_path, ORIGIN).kid == kid
    assert (
        json.loads(public)["keys"]
        == json.loads((tmp_path / keys.HONOURS_JWKS).read_text())["keys"][1:]
    )
