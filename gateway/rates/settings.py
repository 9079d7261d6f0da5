"""How many requests of each class within how many seconds (GATEWAY_RATE_…); 0 is no limit."""

from functools import cache

from pydantic_settings import BaseSettings, SettingsConfigDict


class RateSettings(BaseSettings):
    """Of one process: behind N processes of the gateway, a client has up to N times as much."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_RATE_", extra="ignore")

    window_s: int = 60
    sign_in: int = 60
    """An address may be a school: tries for one name are counted apart, in the database."""
    codes: int = 20
    writes: int = 300
    reads: int = 1200
    exports: int = 20
    address_factor: int = 5
    """How many people may stand behind one address: nobody known shares its writes and reads."""


@cache
def rates() -> RateSettings:
    """The settings, read once."""
    return RateSettings()
