"""How large files may be, and how long unfinished ones are kept: KEPU_FILES_…"""

from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.files.rules import PICTURE_KINDS, Kind


class FileSettings(BaseSettings):
    """KEPU_FILES_PICTURE_BYTES, KEPU_FILES_DOCUMENT_BYTES, KEPU_FILES_MOST_PIXELS …"""

    model_config = SettingsConfigDict(extra="ignore", env_prefix="KEPU_FILES_")

    picture_bytes: int = 30 * 2**20
    document_bytes: int = 50 * 2**20
    most_pixels: int = 70_000_000
    """A 64-megapixel phone's; more would fill the memory of a small machine."""
    unfinished_days: int = 7
    """Since the last byte came: a herder's phone may be without a network for days."""
    most_unfinished: int = 60
    """Of one person."""

    def most_bytes(self, kind: Kind) -> int:
        """The largest file of a kind."""
        return self.picture_bytes if kind in PICTURE_KINDS else self.document_bytes
