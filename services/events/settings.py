"""What services/events is told from outside, beyond its database."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _none_if_empty(value: object) -> object:
    return value or None


class ActivitySettings(BaseSettings):
    """EVENTS_SAFETY_PLAN_HEADCOUNT: from how many people on an activity needs a safety plan."""

    model_config = SettingsConfigDict(extra="ignore", env_prefix="EVENTS_")

    safety_plan_headcount: int = 1000


class DoorSettings(BaseSettings):
    """EVENTS_DOOR_CODE_PERIOD_S, EVENTS_DOOR_CODE_TOLERANCE: the rotating code at the door.

    A code is shown for the period, and taken for `tolerance` periods before and after it.
    """

    model_config = SettingsConfigDict(extra="ignore")

    events_door_code_period_s: int = Field(default=30, ge=5, le=3600)
    events_door_code_tolerance: int = Field(default=1, ge=0, le=10)
    kepu_public_url: str = "http://127.0.0.1:8000"
    """How people write the gateway's address: where the enrolment code's link leads."""


class RegisterSettings(BaseSettings):
    """KEPU_REGISTER: a folder with another province's register; unset means the one shipped."""

    model_config = SettingsConfigDict(extra="ignore")

    kepu_register: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None


class PopulationSettings(BaseSettings):
    """KEPU_POPULATIONS: a CSV file (code, year, people, source); unset means none is known."""

    model_config = SettingsConfigDict(extra="ignore")

    kepu_populations: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None


class CalendarSettings(BaseSettings):
    """KEPU_PUBLIC_URL: where people reach the platform; the links in calendars begin with it."""

    model_config = SettingsConfigDict(extra="ignore")

    kepu_public_url: str = "http://127.0.0.1:8000"

    @property
    def origin(self) -> str:
        """The address without a slash at its end."""
        return self.kepu_public_url.rstrip("/")
