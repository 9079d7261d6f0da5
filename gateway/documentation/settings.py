"""How fresh the documentation is (GATEWAY_DOCUMENTATION_…)."""

from functools import cache

from pydantic_settings import BaseSettings, SettingsConfigDict


class DocumentationSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="GATEWAY_DOCUMENTATION_", extra="ignore")

    max_age_s: float = 30
    """After this, services are asked again: one that was restarted with a new version shows."""
    deadline_s: float = 10
    """How long a service has to answer about itself: making its document takes a second of work."""


@cache
def documentation() -> DocumentationSettings:
    """The settings, read once."""
    return DocumentationSettings()
