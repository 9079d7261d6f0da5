"""A provider behind CREDIT_URL: asked over HTTP under a deadline, believed only when signed."""

import asyncio

import httpx
from aiohttp import BaseConnector, ClientSession, DummyCookieJar, TCPConnector, UnixConnector
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from httpx_aiohttp import AiohttpTransport
from pydantic import ValidationError

from services.kit.keys import unbase64
from services.venues.credit.port import Asked, CreditSettings, Given, NoAnswer, Said
from services.venues.credit.rules import Waiting

MOST_BYTES = 256 * 1024
SIGNATURE = "Kepu-Signature"


class Remote:
    """The provider that the settings name."""

    def __init__(self, settings: CreditSettings) -> None:
        self._settings = settings
        self._key = public_key(settings)

    async def ask(self, asked: Asked) -> Given:
        """Ask once; nothing is repeated within the deadline."""
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                status, body, signature = await self._post(asked)
        except TimeoutError as error:
            raise NoAnswer(Waiting.SLOW) from error
        except httpx.HTTPError as error:
            # httpx-aiohttp calls a connection that was refused or closed a timeout, too: what is
            # slow, our own deadline says.
            raise NoAnswer(Waiting.UNREACHABLE, repr(error)) from error
        if status != 200:
            raise NoAnswer(Waiting.FAILED, str(status))
        return self._believed(asked, body, signature)

    async def _post(self, asked: Asked) -> tuple[int, bytes, str]:
        settings = self._settings
        connector: BaseConnector
        if settings.url.startswith("unix://"):
            connector, url = UnixConnector(settings.url.removeprefix("unix://")), "http://credit/"
        else:
            connector, url = TCPConnector(), settings.url
        headers = {"Authorization": f"Bearer {settings.token}"} if settings.token else {}
        # Seldom and one at a time: a connection of its own for each question.
        async with (
            ClientSession(connector=connector, cookie_jar=DummyCookieJar()) as session,
            httpx.AsyncClient(
                transport=AiohttpTransport(client=session), timeout=2 * settings.deadline_s
            ) as client,
            client.stream(
                "POST",
                url,
                json=asked.model_dump(mode="json", exclude={"division"}),
                headers=headers,
            ) as answer,
        ):
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise NoAnswer(Waiting.UNREADABLE, "too long")
            return answer.status_code, bytes(body), answer.headers.get(SIGNATURE, "")

    def _believed(self, asked: Asked, body: bytes, signature: str) -> Given:
        try:
            self._key.verify(unbase64(signature), body)
        except (InvalidSignature, ValueError) as error:
            raise NoAnswer(Waiting.UNSIGNED) from error
        try:
            said = Said.model_validate_json(body)
        except ValidationError as error:
            raise NoAnswer(Waiting.UNREADABLE, f"{error.error_count()} errors") from error
        if (said.request, said.uscc) != (asked.request, asked.uscc):
            raise NoAnswer(Waiting.ELSEWHERE)
        return Given(said=said, document=body.decode(), signature=signature)


def public_key(settings: CreditSettings) -> Ed25519PublicKey:
    """The key that a provider's answers are signed with; ValueError, in a sentence, without one."""
    try:
        return Ed25519PublicKey.from_public_bytes(unbase64(settings.public_key))
    except ValueError as error:
        raise ValueError(
            "CREDIT_URL is set, and CREDIT_PUBLIC_KEY is not the provider's Ed25519 key"
            " (32 bytes in base64url): its answers could not be believed."
        ) from error
