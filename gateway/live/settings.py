"""How long a live connection is believed, and how many there may be (GATEWAY_LIVE_…)."""

from functools import cache

from pydantic_settings import BaseSettings, SettingsConfigDict


class LiveSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="GATEWAY_LIVE_", extra="ignore")

    heartbeat_s: float = 15
    """A comment line this often keeps proxies from closing a silent connection. The session is
    looked at again as often: a signed-out client gets nothing after that."""
    per_account: int = 5
    per_address: int = 100
    """A school or a village may stand behind one address."""


@cache
def live() -> LiveSettings:
    """The settings, read once."""
    return LiveSettings()
