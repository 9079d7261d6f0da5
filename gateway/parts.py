"""The running parts of the gateway beside the kit's, at `request.app.state.gateway`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from gateway.identity.callers import Callers
from gateway.identity.codes import DeliverCode, into_file
from gateway.rates.limiter import Limiter
from gateway.rates.settings import rates
from gateway.rights.courier import Courier
from gateway.settings import GatewaySettings
from gateway.upstreams import Upstreams
from services.kit.app import Kit
from services.kit.settings import suite
from services.kit.tokens import Signer


@dataclass
class Gateway:
    """What requests need: settings, the services, who speaks, and how a code reaches a phone."""

    settings: GatewaySettings
    upstreams: Upstreams
    callers: Callers
    deliver_code: DeliverCode
    courier: Courier
    limiter: Limiter


@asynccontextmanager
async def running(kit: Kit) -> AsyncIterator[Gateway]:
    """The parts, from the environment; connections are let go of at the end."""
    settings = GatewaySettings()
    upstreams = Upstreams(settings, Signer(kit.keys))
    courier = Courier(kit, upstreams)
    try:
        callers = Callers(kit.database, settings)
        yield Gateway(
            settings=settings,
            upstreams=upstreams,
            callers=callers,
            limiter=Limiter(callers, settings, rates()),
            deliver_code=into_file(suite().kepu_home),
            courier=courier,
        )
    finally:
        await courier.stop()
        await upstreams.close()


async def gateway_of(request: Request) -> Gateway:
    """The running parts."""
    parts: Gateway = request.app.state.gateway
    return parts


GatewayDep = Annotated[Gateway, Depends(gateway_of)]
