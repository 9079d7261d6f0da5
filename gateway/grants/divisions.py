"""Does a division stand? Asked of the register before a transaction begins."""

from typing import Any

from gateway.grants.rules import AbolishedDivision, DivisionNotInRegister
from gateway.upstreams import ServiceDown, Upstreams
from services.kit.access import Caller
from services.kit.problems import FieldError

WITHIN_S = 2.0


async def require_standing(upstreams: Upstreams, caller: Caller, code: str) -> None:
    """Raise DivisionNotInRegister, AbolishedDivision, ServiceDown or ServiceSlow."""
    answer = await upstreams.ask("events", f"/divisions/{code}", caller, within_s=WITHIN_S)
    if answer.status == 404:
        raise DivisionNotInRegister(errors=(FieldError("/division_code", "unknown-division-code"),))
    if answer.status != 200:
        raise ServiceDown(service="events")
    found: dict[str, Any] = answer.json()
    if found["abolished_on"] is not None:
        names = "、".join(f"{each['name']}（{each['code']}）" for each in found["successors"])
        values = (("successors", names or "—"),)
        raise AbolishedDivision(
            errors=(FieldError("/division_code", "abolished-division-code", values),),
            day=found["abolished_on"],
            successors=names or "—",
        )
