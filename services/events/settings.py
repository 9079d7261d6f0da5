"""What services/events is told from outside, beyond its database."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _none_if_empty(value: object) -> object:
    return value or None


class ActivitySettings(BaseSettings):
    """EVENTS_SAFETY_PLAN_HEADCOUNT: from how many people on an activity needs a safety plan."""

    model_config = SettingsConfigDict(extra="ignore", env_prefix="EVENTS_")

    safety_plan_headcount: int = 1000


class RegisterSettings(BaseSettings):
    """KEPU_REGISTER: a folder with another province's register; unset means the one shipped."""

    model_config = SettingsConfigDict(extra="ignore")

    kepu_register: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None
