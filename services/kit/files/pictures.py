"""Pictures made clean: decoded and written anew, upright, in sRGB, without where and who.

Nothing of the given file survives but what one sees: no EXIF, GPS, XMP, comment, embedded preview,
nor anything hidden behind the picture.
"""

import struct
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pi_heif
from PIL import Image, ImageCms, ImageOps

from services.kit.files.rules import Kind, PictureUnreadable, TooManyPixels

pi_heif.register_heif_opener()

LONGEST = 2560
"""Pixels of the longer side that are kept: sharp on every screen, a tenth of a phone's file."""
PREVIEW = 480

_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
# What Pillow and its decoders raise for files that are damaged, or made to look so.
_DAMAGED = (
    *(OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, OverflowError),
    struct.error,
)


@dataclass(frozen=True)
class Clean:
    """A picture as it is kept, with a small one."""

    kind: Kind
    content: bytes
    preview: bytes
    width: int
    height: int


def clean(path: Path, most_pixels: int) -> Clean:
    """The picture in `path`, clean. Raises PictureUnreadable, TooManyPixels."""
    try:
        with Image.open(path, formats=_FORMATS) as given:
            # Its header says so before anything is decoded: a bomb costs nothing.
            if given.width * given.height > most_pixels:
                raise TooManyPixels(most=most_pixels // 1_000_000)
            source = given.format
            given.draft("RGB", (LONGEST, LONGEST))
            picture = _seen(given)
    except Image.DecompressionBombError as error:
        raise TooManyPixels(most=most_pixels // 1_000_000) from error
    except _DAMAGED as error:
        raise PictureUnreadable() from error
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    small = picture.copy()
    small.thumbnail((PREVIEW, PREVIEW), Image.Resampling.LANCZOS)
    # A drawing keeps its edges, and what one sees through it, in WebP; a photograph is a JPEG.
    kind = Kind.WEBP if source in ("PNG", "WEBP") else Kind.JPEG
    return Clean(kind, _written(picture, kind, 85), _written(small, kind, 75), *picture.size)


def _seen(given: Image.Image) -> Image.Image:
    """The pixels as one sees them: turned as the camera was held, colours in sRGB."""
    upright = ImageOps.exif_transpose(given)
    profile = upright.info.get("icc_profile")
    see_through = upright.has_transparency_data
    picture = upright.convert("RGBA" if see_through else "RGB")
    if profile and upright.mode in ("RGB", "RGBA"):
        with suppress(ImageCms.PyCMSError, OSError):  # a broken profile: the colours as they are
            ImageCms.profileToProfile(
                picture,
                ImageCms.ImageCmsProfile(BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                inPlace=True,
            )
    picture.info.clear()
    return picture


def _written(picture: Image.Image, kind: Kind, quality: int) -> bytes:
    out = BytesIO()
    if kind is Kind.JPEG:
        picture.convert("RGB").save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    else:
        picture.save(out, "WEBP", quality=quality, method=4)
    return out.getvalue()
