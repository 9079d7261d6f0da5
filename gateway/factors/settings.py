"""Who must have a second factor, and how long a given one counts (GATEWAY_SECOND_FACTOR_…)."""

from datetime import date
from functools import cache

from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.access import Role


class FactorSettings(BaseSettings):
    """Optional for everybody by default, so that demo accounts work. In production:

    GATEWAY_SECOND_FACTOR_ROLES='["administrator","approver","officer"]'
    GATEWAY_SECOND_FACTOR_SINCE=2026-12-01
    """

    model_config = SettingsConfigDict(env_prefix="GATEWAY_SECOND_FACTOR_", extra="ignore")

    roles: frozenset[Role] = frozenset()
    """Roles that nobody holds without one."""
    since: date | None = None
    """From when on this is so: nobody's days of grace begin before it."""
    grace_days: int = 14
    fresh_minutes: int = 15
    """How long after giving it dangerous actions are open, until it is asked for again."""
    issuer: str = "科普平台"
    """What the app on the phone calls us."""


@cache
def factor() -> FactorSettings:
    """The settings, read once."""
    return FactorSettings()
