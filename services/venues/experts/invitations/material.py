"""What an expert judges by: the criteria, and the application without who applies."""

from dataclasses import asdict
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller
from services.kit.db import as_service
from services.venues.applications.queries import case as read_case
from services.venues.assessment.blind import blind_material
from services.venues.experts.invitations import queries
from services.venues.experts.invitations.rules import NotSeated, SeatState
from services.venues.experts.invitations.schemas import MaterialOut


async def material(db: AsyncSession, caller: Caller, seat_id: UUID) -> MaterialOut:
    """For whoever accepted; NotSeated for the others who were asked."""
    seat = await queries.own(db, caller, seat_id)
    if seat.state is not SeatState.ACCEPTED:
        raise NotSeated()
    async with as_service(db):
        case = await read_case(db, SERVICE, seat.application_id)
        found = await blind_material(db, case.application)
    sections = [each.model_dump(mode="json") for each in case.definition.sections]
    return MaterialOut(sections=sections, material=asdict(found))
