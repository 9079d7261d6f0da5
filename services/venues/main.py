"""services/venues: the app."""

from fastapi import FastAPI

from services.kit.app import Service, build
from services.venues.registry.routes import router as registry

SERVICE = Service(name="venues", package="services.venues", routers=(registry,))


def create_app() -> FastAPI:
    """The service as an ASGI app."""
    return build(SERVICE)
