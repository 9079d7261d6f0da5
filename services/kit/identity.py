"""The caller of a request: read from the signed token, from nothing else."""

from typing import Annotated

from fastapi import Depends, Request

from services.kit.access import ANONYMOUS, Caller
from services.kit.context import current


async def _caller(request: Request) -> Caller:
    header = request.headers.get("authorization")
    if header is None:
        return ANONYMOUS
    scheme, _, token = header.partition(" ")
    caller: Caller = request.app.state.kit.verifier.verify(
        token if scheme.lower() == "bearer" else ""
    )
    work = current()
    if work is not None and caller.subject is not None:
        work.actor = str(caller.subject)
    return caller


CallerDep = Annotated[Caller, Depends(_caller)]
