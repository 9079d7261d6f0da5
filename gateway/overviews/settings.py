"""How long an overview may take, and how old its public parts may be (GATEWAY_OVERVIEW_…)."""

from functools import cache

from pydantic_settings import BaseSettings, SettingsConfigDict


class OverviewSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="GATEWAY_OVERVIEW_", extra="ignore")

    deadline_ms: int = 800
    fresh_s: float = 5
    """A public part this young is not asked again."""
    stale_s: float = 60
    """One this young is answered at once, and asked again meanwhile (stale-while-revalidate)."""


@cache
def overview() -> OverviewSettings:
    """The settings, read once."""
    return OverviewSettings()
