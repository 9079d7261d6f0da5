"""What a process is told from outside: environment variables, read once."""

from functools import cache
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class SuiteSettings(BaseSettings):
    """What every process of a suite shares: KEPU_HOME, KEPU_KEYS, NATS_URL, KEPU_LOG_FORMAT …"""

    model_config = SettingsConfigDict(extra="ignore")

    kepu_home: Path = Path(".kepu")
    kepu_keys: Path | None = None
    nats_url: str = "nats://127.0.0.1:8001"
    kepu_log_format: str = "json"
    kepu_log_level: str = "info"

    @property
    def keys(self) -> Path:
        """The folder with the key files."""
        return self.kepu_keys or self.kepu_home / "keys"


class DatabaseSettings(BaseSettings):
    """One service's own settings; read with its name as prefix: EVENTS_DATABASE_URL …"""

    model_config = SettingsConfigDict(extra="ignore")

    database_url: str
    owner_database_url: str = ""
    pool_size: int = 10
    hot_pool_size: int = 5
    job_workers: int = 2
    job_lease_s: float = 15
    """How long a job waits after its process died before another takes it up."""


@cache
def suite() -> SuiteSettings:
    """The suite's settings, read once."""
    return SuiteSettings()


def database_of(name: str) -> DatabaseSettings:
    """The database settings of the service `name`."""
    return DatabaseSettings(_env_prefix=f"{name.upper()}_")
