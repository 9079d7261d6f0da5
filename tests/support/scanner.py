"""A phone at the door as a test holds it: its own key, its own clock, a queue of signed scans."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.events.door import proofs
from services.kit.access import Caller


def base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class Line(Protocol):
    """Where requests go: a running service, or the gateway before it."""

    def as_(self, caller: Caller | None = None) -> httpx.AsyncClient:
        """A client for `caller`; None is nobody."""
        ...


@dataclass
class Phone:
    """A device. `wrong_by` is what its clock shows too much; `ago` lets a scan be an old one."""

    running: Line
    name: str = "手机"
    wrong_by: timedelta = timedelta(0)
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    id: UUID = field(default_factory=uuid4)
    contact: UUID = field(default_factory=uuid4)
    seq: int = 0
    queue: list[dict[str, Any]] = field(default_factory=list)

    @property
    def public_key(self) -> str:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64url(point)

    def sign(self, text: str) -> str:
        """r‖s in base64url, as WebCrypto makes it."""
        r, s = decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(SHA256())))
        return base64url(r.to_bytes(32) + s.to_bytes(32))

    def clock(self, ago: timedelta = timedelta(0)) -> datetime:
        return datetime.now(UTC) - ago + self.wrong_by

    async def enrol(self, checker: Caller, division: str) -> httpx.Response:
        """Ask staff for a code, and use it."""
        async with self.running.as_(checker) as client:
            made = await client.post("/check-ins/devices/codes", json={"division_code": division})
        assert made.status_code == 201, made.text
        return await self.use(made.json()["code"])

    async def use(self, code: str) -> httpx.Response:
        """Enrol with a code."""
        async with self.running.as_() as client:
            answer = await client.post("/check-ins/devices", json=self.enrolment(code))
        if answer.is_success:
            self.became(answer.json())
        return answer

    def enrolment(self, code: str) -> dict[str, Any]:
        """The body that enrols with a code."""
        return {
            "code": code,
            "name": self.name,
            "device_at": self.clock().isoformat(),
            "public_key": self.public_key,
            "signature": self.sign(proofs.enrolment_text(code, self.name, self.public_key)),
        }

    def became(self, told: dict[str, Any]) -> None:
        """Note what a device hears of itself."""
        self.id, self.contact = UUID(told["id"]), UUID(told["contact"]["id"])

    def proof(self, method: str, target: str, content: bytes = b"") -> str:
        """The value of `Kepu-Device` for a request."""
        clock = proofs.milliseconds(self.clock())
        signature = self.sign(proofs.request_text(method, target, clock, content))
        return f"{self.id} {clock} {signature}"

    async def request(
        self, method: str, target: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        """A request that the device signs."""
        content = orjson.dumps(body) if body is not None else b""
        sent = {"Kepu-Device": self.proof(method, target, content), **headers}
        if content:
            sent["Content-Type"] = "application/json"
        async with self.running.as_() as client:
            return await client.request(method, target, content=content, headers=sent)

    def scan(
        self,
        occurrence: UUID,
        ticket: str | None = None,
        *,
        registration: UUID | None = None,
        members: tuple[int, ...] = (),
        ago: timedelta = timedelta(0),
    ) -> dict[str, Any]:
        """Record a scan without a line."""
        self.seq += 1
        client_id, at = uuid4(), self.clock(ago)
        text = proofs.scan_text(
            device=self.id,
            contact=self.contact,
            client_id=client_id,
            seq=self.seq,
            device_at=at,
            occurrence=occurrence,
            ticket=ticket,
            registration=registration,
            members=members,
        )
        scan = {
            "client_id": str(client_id),
            "contact_id": str(self.contact),
            "seq": self.seq,
            "device_at": at.isoformat(),
            "occurrence_id": str(occurrence),
            "ticket": ticket,
            "registration_id": registration and str(registration),
            "members": members,
            "signature": self.sign(text),
        }
        self.queue.append(scan)
        return scan

    async def sync(self, scans: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """Deliver scans (all there are, unless told which); the answer."""
        body = {"last_seq": self.seq, "scans": self.queue if scans is None else scans}
        answer = await self.request("POST", "/check-ins/sync", body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        self.contact = UUID(found["device"]["contact"]["id"])
        return found
