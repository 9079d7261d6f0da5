"""Which store this installation uses: KEPU_OBJECTS_URL and what belongs to it."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.objects.folder import Folder
from services.kit.objects.port import ObjectStore
from services.kit.settings import suite


class ObjectSettings(BaseSettings):
    """KEPU_OBJECTS_URL, KEPU_OBJECTS_ENDPOINT, …_REGION, …_KEY_ID, …_SECRET."""

    model_config = SettingsConfigDict(extra="ignore", env_prefix="KEPU_OBJECTS_")

    url: str = ""
    """Empty: a folder of KEPU_HOME; file:///folder; s3://bucket/prefix."""
    endpoint: str = ""
    """Where an S3-compatible server listens (https://…); empty is AWS."""
    region: str = "us-east-1"
    key_id: str = ""
    """Empty: what the machine or pod itself may do."""
    secret: str = ""


def store_of(settings: ObjectSettings, home: Path) -> ObjectStore:
    """The store that the settings name; ValueError, in one sentence, when they name none."""
    parts = urlsplit(settings.url)
    if not settings.url:
        return Folder(home / "objects")
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        return Folder(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        # Only who uses a bucket loads its client.
        from services.kit.objects.bucket import Bucket

        return Bucket(
            parts.netloc,
            parts.path.strip("/"),
            endpoint=settings.endpoint,
            region=settings.region,
            key_id=settings.key_id,
            secret=settings.secret,
        )
    raise ValueError(
        f"KEPU_OBJECTS_URL is {settings.url!r}: say file:///folder or s3://bucket/prefix."
    )


def object_store() -> ObjectStore:
    """This installation's store; a running service has it at `kit.objects`."""
    return store_of(ObjectSettings(), suite().kepu_home.absolute())
