"""What services/venues is told from outside, beyond its database."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class RegisterSettings(BaseSettings):
    """KEPU_REGISTER: set when the installation is another province's."""

    model_config = SettingsConfigDict(extra="ignore")

    kepu_register: str = ""


class PublicSettings(BaseSettings):
    """KEPU_PUBLIC_URL: where people reach the platform; a certificate's QR code begins with it."""

    model_config = SettingsConfigDict(extra="ignore")

    kepu_public_url: str = "http://127.0.0.1:8000"

    @property
    def origin(self) -> str:
        """The address without a slash at its end."""
        return self.kepu_public_url.rstrip("/")
