"""Wire shapes of an activity's pictures."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.events.activities.pictures_rules import MOST_PICTURES
from services.kit.files.schemas import FileIn, public_id, url_of

SERVICE = "events"

Alt = dict[Literal["zh-CN", "bo", "mn", "en"], Annotated[str, Field(max_length=300)]]
"""What one sees on it, for those who do not: by language."""


def texts(alt: Alt) -> dict[str, str]:
    """Those that say something."""
    return {str(language): text for language, text in alt.items() if text}


class PictureIn(FileIn):
    """A picture that will be sent: JPEG, PNG, WebP or HEIC."""

    alt: Alt = Field(default_factory=dict)


class PlaceIn(BaseModel):
    """A picture at its place, with its text."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    id: str = Field(max_length=80, pattern=r"^events-[0-9a-f-]{36}$")
    alt: Alt = Field(default_factory=dict)


class ArrangeIn(BaseModel):
    """Every picture of the activity, in the order wanted."""

    model_config = ConfigDict(extra="forbid")

    items: list[PlaceIn] = Field(max_length=MOST_PICTURES)


class PictureOut(BaseModel):
    """A picture of an activity."""

    id: str
    state: Literal["waiting", "ready"]
    """Waiting: not all of it has arrived; only those who may read drafts see that."""
    url: str | None
    preview_url: str | None
    """480 pixels at its longer side."""
    upload_url: str | None
    """Where its bytes go, while it is waiting."""
    alt: dict[str, str]
    width: int | None
    height: int | None


class PicturesOut(BaseModel):
    """All pictures of an activity, in order."""

    items: list[PictureOut]
    next: None = None


def picture_out(picture: Any) -> PictureOut:
    """From the row to the wire."""
    ready = picture["width"] is not None
    file = picture["file"]
    return PictureOut(
        id=public_id(SERVICE, file),
        state="ready" if ready else "waiting",
        url=url_of(SERVICE, file) if ready else None,
        preview_url=url_of(SERVICE, file, "/preview") if ready else None,
        upload_url=None if ready else url_of(SERVICE, file, "/upload"),
        alt=picture["alt"],
        width=picture["width"],
        height=picture["height"],
    )


def pictures_out(pictures: Sequence[Any], *, insider: bool) -> list[PictureOut]:
    """In order; for others only those that are there."""
    return [picture_out(each) for each in pictures if insider or each["width"] is not None]


_FILE = f"'{url_of(SERVICE, '')}' || (c ->> 'file')"
FIRST_PICTURE = f"""(SELECT json_build_object('id', '{public_id(SERVICE, "")}' || (c ->> 'file'),
        'state', 'ready', 'url', {_FILE}, 'preview_url', {_FILE} || '/preview', 'upload_url', NULL,
        'alt', c -> 'alt', 'width', c -> 'width', 'height', c -> 'height')
    FROM jsonb_path_query_first(o.pictures, '$[*] ? (@.width != null)') c WHERE c IS NOT NULL)"""
"""The same, of the first that is there, as PostgreSQL writes it for the hot list (`o.pictures`)."""
