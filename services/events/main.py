"""services/events: the app."""

from fastapi import FastAPI

from services.events.activities.occurrence_routes import router as occurrences
from services.events.activities.routes import CONSTRAINTS as ACTIVITY_CONSTRAINTS
from services.events.activities.routes import router as activities
from services.events.campaigns.routes import router as campaigns
from services.events.network.routes import router as network
from services.events.registrations.door_routes import router as door
from services.events.registrations.routes import CONSTRAINTS as REGISTRATION_CONSTRAINTS
from services.events.registrations.routes import router as registrations
from services.events.registrations.waiting import SCHEDULE as LAPSE_OFFERS
from services.events.reporting.consumer import CONSUMER as REPORTING
from services.events.reporting.routes import router as reporting
from services.kit.access import P
from services.kit.app import Service, build

SERVICE = Service(
    name="events",
    package="services.events",
    routers=(network, campaigns, activities, occurrences, registrations, door, reporting),
    schedules=(LAPSE_OFFERS,),
    consumers=(REPORTING,),
    constraints={**ACTIVITY_CONSTRAINTS, **REGISTRATION_CONSTRAINTS},
    walls=(P.REGISTRATION_READ,),
)


def create_app() -> FastAPI:
    """The service as an ASGI app."""
    return build(SERVICE)
