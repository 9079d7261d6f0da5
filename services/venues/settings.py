"""What services/venues is told from outside, beyond its database."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class RegisterSettings(BaseSettings):
    """KEPU_REGISTER: set when the installation is another province's."""

    model_config = SettingsConfigDict(extra="ignore")

    kepu_register: str = ""
