"""How long an overview may take (GATEWAY_OVERVIEW_…)."""

from functools import cache

from pydantic_settings import BaseSettings, SettingsConfigDict


class OverviewSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="GATEWAY_OVERVIEW_", extra="ignore")

    deadline_ms: int = 800


@cache
def overview() -> OverviewSettings:
    """The settings, read once."""
    return OverviewSettings()
