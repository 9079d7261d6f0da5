"""services/events: the app."""

from fastapi import FastAPI

from services.kit.access import P
from services.kit.app import Service, build

SERVICE = Service(
    name="events",
    package="services.events",
    walls=(P.REGISTRATION_READ,),
)


def create_app() -> FastAPI:
    """The service as an ASGI app."""
    return build(SERVICE)
