"""What the gateway is told from outside, besides what every process is told."""

import re
from urllib.parse import urlsplit

from pydantic_settings import BaseSettings, SettingsConfigDict


class GatewaySettings(BaseSettings):
    """EVENTS_URL … (unix:///path or http://host:port; empty: not there), GATEWAY_MAX_BODY …

    A service of several processes has an address for each, with spaces between.
    """

    model_config = SettingsConfigDict(extra="ignore")

    events_url: str = ""
    venues_url: str = ""
    volunteers_url: str = ""
    content_url: str = ""
    kepu_public_url: str = "http://127.0.0.1:8000"
    """How people write our address: the origin that cookies are believed from."""
    gateway_max_body: int = 10 * 2**20
    """The largest request body, in bytes."""
    gateway_deadline_s: float = 30
    """How long a service has until the head of its answer."""
    gateway_upload_deadline_s: float = 300
    """The same for a large request body: a phone on a pasture sends it at a few kB a second."""
    gateway_allowed_origins: str = ""
    """Origins that other sites' pages may call us from, with commas between; none by default."""
    gateway_trusted_proxies: int = 0
    """How many proxies of our own stand in front, each adding one address to X-Forwarded-For."""
    gateway_demo_accounts: bool = True
    """Whether the first start makes an account per tier and role, to try things out with."""

    def urls_of(self, service: str) -> tuple[str, ...]:
        """Where a service's processes listen; none when it is not part of this installation."""
        # A path may hold spaces itself: only one before another address divides.
        given = re.split(r"\s+(?=unix://|https?://)", getattr(self, f"{service}_url").strip())
        return tuple(url for url in given if url)

    @property
    def public_origin(self) -> str:
        """scheme://host[:port] of our public address."""
        parts = urlsplit(self.kepu_public_url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def is_secure(self) -> bool:
        """Whether people reach us over TLS."""
        return self.kepu_public_url.startswith("https://")

    @property
    def allowed_origins(self) -> frozenset[str]:
        """The origins of GATEWAY_ALLOWED_ORIGINS."""
        given = self.gateway_allowed_origins.split(",")
        return frozenset(origin.strip().lower().rstrip("/") for origin in given if origin.strip())
