"""The caller of a request: a service believes the gateway's signed token, and nothing else."""

from typing import Annotated

from fastapi import Depends, Request

from services.kit.access import ANONYMOUS, Caller
from services.kit.context import current


async def from_token(request: Request) -> Caller:
    """The caller that the request's token vouches for; ANONYMOUS without one."""
    header = request.headers.get("authorization")
    if header is None:
        return ANONYMOUS
    scheme, _, token = header.partition(" ")
    kit = request.app.state.kit
    caller: Caller = kit.verifier.verify(token if scheme.lower() == "bearer" else "")
    return caller


async def caller_of(request: Request) -> Caller:
    """Who asks, with the codes that a division had before."""
    caller: Caller = await request.app.state.kit.service.authenticate(request)
    caller = request.app.state.kit.codes.widen(caller)
    work = current()
    if work is not None and caller.subject is not None:
        work.actor = str(caller.subject)
    return caller


CallerDep = Annotated[Caller, Depends(caller_of)]
