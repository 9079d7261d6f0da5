"""Wire shapes of files and uploads."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.kit.files.rules import File, FileState

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]


class FileIn(BaseModel):
    """What a client declares before it sends a file."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    client_id: UUID | None = None
    """Made by the device: declared three times, it is one file."""
    name: str = Field(min_length=1, max_length=200, pattern=r"^[^/\\\x00-\x1f\x7f]+$")
    size: int = Field(ge=1, le=2**40)
    """Bytes."""
    sha256: Sha256
    """Of the whole, in hex: what arrives is held against it."""
    media_type: str = Field(max_length=100)


class FileOut(BaseModel):
    """A file, for whoever sends it."""

    id: str
    name: str
    media_type: str
    size: int
    received: int
    """Bytes that have arrived and are kept: the next part begins here."""
    state: FileState
    refusal: str | None
    """The slug of what was wrong with its content."""
    upload_url: str | None
    """Where its bytes go, while it is open."""
    url: str | None
    preview_url: str | None
    width: int | None
    height: int | None


PREFIX = "/api/v1"


def public_id(service: str, file_id: UUID | str) -> str:
    """`events-0191…`: the id names its service, so that the gateway finds it."""
    return f"{service}-{file_id}"


def url_of(service: str, file_id: UUID | str, part: str = "") -> str:
    """Where people reach it."""
    return f"{PREFIX}/files/{public_id(service, file_id)}{part}"


def file_out(service: str, file: File) -> FileOut:
    """From a row to the wire."""
    ready = file.state is FileState.READY
    return FileOut(
        id=public_id(service, file.id),
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        received=file.received,
        state=file.state,
        refusal=str(file.refusal["rule"]) if file.refusal else None,
        upload_url=url_of(service, file.id, "/upload") if file.state is FileState.OPEN else None,
        url=url_of(service, file.id) if ready else None,
        preview_url=url_of(service, file.id, "/preview") if ready and file.preview else None,
        width=file.width,
        height=file.height,
    )
