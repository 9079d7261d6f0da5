"""Small files of every kind, honest and not, made as the tests need them."""

import io
import struct
import zipfile
import zlib
from functools import cache

import pikepdf
from PIL import Image

GPS = 0x8825
ORIENTATION = 0x0112


def jpeg(
    size: tuple[int, int] = (600, 400), *, orientation: int = 1, noise: int = 0, quality: int = 90
) -> bytes:
    """A photograph with a place, a maker, a comment; its left half is red, its right half blue."""
    picture = Image.new("RGB", size, "blue")
    picture.paste("red", (0, 0, size[0] // 2, size[1]))
    if noise:
        rough = Image.effect_noise((size[0], size[1]), noise).convert("RGB")
        picture = Image.blend(picture, rough, 0.5)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010F] = "相机厂"
    exif.get_ifd(GPS)[2] = (36.0, 37.0, 12.5)
    exif.get_ifd(GPS)[4] = (101.0, 46.0, 30.0)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, exif=exif, comment=b"secret comment")
    return out.getvalue()


def png(size: tuple[int, int] = (300, 200), *, see_through: bool = False) -> bytes:
    """A drawing, with a text of its maker."""
    from PIL.PngImagePlugin import PngInfo

    told = PngInfo()
    told.add_text("Author", "secret author")
    out = io.BytesIO()
    colour = (0, 128, 0, 0) if see_through else (0, 128, 0)
    Image.new("RGBA" if see_through else "RGB", size, colour).save(out, "PNG", pnginfo=told)
    return out.getvalue()


def claiming_png(width: int, height: int) -> bytes:
    """A few bytes that say to be a huge picture."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    begin = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return begin + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def pdf(**over: object) -> bytes:
    """One empty page; `over` goes into its root."""
    document = pikepdf.new()
    document.add_blank_page(page_size=(200, 200))
    for name, value in over.items():
        document.Root[f"/{name}"] = value
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def locked_pdf() -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    out = io.BytesIO()
    document.save(out, encryption=pikepdf.Encryption(owner="a", user=""))
    return out.getvalue()


def _deflated_spaces(megabytes: int) -> bytes:
    # After a full flush each megabyte comes out the same: one is compressed, and repeated.
    megabyte, maker, sum_ = b" " * 2**20, zlib.compressobj(9), 1
    first = maker.compress(megabyte) + maker.flush(zlib.Z_FULL_FLUSH)
    for _ in range(megabytes):
        sum_ = zlib.adler32(megabyte, sum_)
    last_block = b"\x03\x00"
    return first + first[2:] * (megabytes - 1) + last_block + sum_.to_bytes(4, "big")


@cache
def pdf_bomb(megabytes: int, *, times: int = 1) -> bytes:
    """A page whose content comes to that much, deflated once or more."""
    content = _deflated_spaces(megabytes)
    for _ in range(times - 1):
        content = zlib.compress(content, 9)
    filters = b"/FlateDecode" if times == 1 else b"[" + b"/FlateDecode " * times + b"]"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        b"<< /Length %d /Filter %s >>\nstream\n%s\nendstream" % (len(content), filters, content),
    ]
    out = b"%PDF-1.4\n"
    for number, each in enumerate(objects, 1):
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    return out + b"trailer << /Root 1 0 R /Size 5 >>\n%%EOF\n"


WORKBOOK = {
    "[Content_Types].xml": b"<Types/>",
    "xl/workbook.xml": b"<workbook/>",
    "xl/worksheets/sheet1.xml": b"<worksheet/>",
}


def xlsx(more: dict[str, bytes] | None = None, *, without: str = "") -> bytes:
    """A workbook as an archive, with more in it, or less."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**WORKBOOK, **(more or {})}.items():
            if name != without:
                archive.writestr(name, content)
    return out.getvalue()


def overlapping_zip() -> bytes:
    """Two entries that share the same bytes."""
    plain = bytearray(xlsx({"a.xml": b"x" * 1000, "b.xml": b"x" * 1000}))
    place = plain.rindex(b"a.xml") - 46
    other = plain.rindex(b"b.xml") - 46
    plain[other + 42 : other + 46] = plain[place + 42 : place + 46]
    return bytes(plain)
