"""What a file is, is told by its content: pictures come out clean, traps do not come in."""

import io
from pathlib import Path

import pi_heif
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from services.kit.files import documents
from services.kit.files.pictures import LONGEST, clean
from services.kit.files.rules import (
    ContentNotAccepted,
    DocumentUnreadable,
    ExpandsTooMuch,
    FileActive,
    FileInFile,
    FileLocked,
    FileRefused,
    Kind,
    PictureUnreadable,
    RangeNotThere,
    TooManyPixels,
    asked_range,
    disposition,
)
from services.kit.files.sniffing import sniffed
from tests.kit.files.makers import (
    claiming_png,
    jpeg,
    locked_pdf,
    overlapping_zip,
    pdf,
    pdf_bomb,
    png,
    xlsx,
)

PIXELS = 70_000_000


@pytest.fixture
def kept(tmp_path: Path):  # type: ignore[no-untyped-def]
    """A file with these bytes."""

    def path(content: bytes) -> Path:
        (tmp_path / "given").write_bytes(content)
        return tmp_path / "given"

    return path


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_picture_comes_out_without_where_and_who(kept) -> None:  # type: ignore[no-untyped-def]
    given = jpeg() + b"PK\x03\x04 something hidden behind"
    assert opened(given).getexif().get_ifd(0x8825)  # the place is there before
    found = clean(kept(given), PIXELS)
    for content in (found.content, found.preview):
        picture = opened(content)
        assert dict(picture.getexif()) == {}
        assert not {"comment", "exif", "xmp", "icc_profile"} & picture.info.keys()
        assert b"hidden" not in content
        assert b"secret" not in content
    assert (found.kind, found.width, found.height) == (Kind.JPEG, 600, 400)
    assert opened(found.preview).size == (480, 320)


@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [(1, (600, 400), (10, 200)), (3, (600, 400), (590, 200)), (6, (400, 600), (200, 10)),
     (8, (400, 600), (200, 590))],
)  # fmt: skip
def test_a_picture_stands_as_the_camera_was_held(  # type: ignore[no-untyped-def]
    kept, orientation: int, size: tuple[int, int], red: tuple[int, int]
) -> None:
    picture = opened(clean(kept(jpeg(orientation=orientation)), PIXELS).content)
    seen = picture.convert("RGB").getpixel(red)
    assert isinstance(seen, tuple)
    assert (picture.size, seen[0] > 200, seen[2] < 60) == (size, True, True)


def test_a_large_picture_is_kept_as_large_as_screens_are(kept) -> None:  # type: ignore[no-untyped-def]
    found = clean(kept(jpeg((6000, 3000))), PIXELS)
    assert (found.width, found.height) == (LONGEST, LONGEST // 2)


def test_a_drawing_keeps_what_one_sees_through_it(kept) -> None:  # type: ignore[no-untyped-def]
    found = clean(kept(png(see_through=True)), PIXELS)
    assert found.kind is Kind.WEBP
    assert opened(found.content).convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]
    assert b"secret" not in found.content


def test_a_heic_of_a_phone_becomes_a_jpeg(kept) -> None:  # type: ignore[no-untyped-def]
    given = Path(__file__).with_name("red-blue.heic").read_bytes()
    assert sniffed(given) is Kind.HEIC
    found = clean(kept(given), PIXELS)
    assert (found.kind, found.width, found.height) == (Kind.JPEG, 64, 64)


@pytest.mark.parametrize("size", [(10_000, 8_000), (60_000, 60_000)])
def test_a_picture_that_only_says_to_be_huge_is_refused_unopened(  # type: ignore[no-untyped-def]
    kept, size: tuple[int, int]
) -> None:
    with pytest.raises(TooManyPixels) as refused:
        clean(kept(claiming_png(*size)), PIXELS)
    assert refused.value.values == {"most": 70}


@pytest.mark.parametrize("content", [jpeg()[:2000], claiming_png(50, 50), b"\xff\xd8\xff\xe0 x"])
def test_a_damaged_picture_is_said_to_be_damaged(kept, content: bytes) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(PictureUnreadable):
        clean(kept(content), PIXELS)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 4000), st.binary(min_size=1, max_size=8))
def test_no_damage_to_a_picture_is_an_error_of_ours(position: int, bytes_: bytes) -> None:
    content = bytearray(jpeg((60, 40)) + png((20, 20)))
    position %= len(content)
    content[position : position + len(bytes_)] = bytes_
    path = Path(f"/tmp/kepu-damaged-{id(content)}")
    path.write_bytes(bytes(content))
    try:
        clean(path, PIXELS)
    except FileRefused:
        pass
    finally:
        path.unlink()


@pytest.mark.parametrize(
    ("content", "kind"),
    [(jpeg(), Kind.JPEG), (png(), Kind.PNG), (pdf(), Kind.PDF), (xlsx(), Kind.XLSX),
     ("名称,区划\r\n县科技馆,630123\r\n".encode("gb18030"), Kind.CSV), (b"<html><script>", None),
     (b"\xef\xbb\xbf<svg onload=x>", None), (b"MZ\x90\0", None), (b"", None), (b"GIF89a\0\0", None)],
)  # fmt: skip
def test_a_kind_is_told_by_the_first_bytes(content: bytes, kind: Kind | None) -> None:
    assert sniffed(content[:4096]) == kind


def javascript() -> pikepdf.Dictionary:
    return pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


@pytest.mark.parametrize(
    ("content", "kind", "refusal"),
    [
        (pdf(), Kind.PDF, None),
        (pdf()[:-20], Kind.PDF, DocumentUnreadable),
        (pdf() + xlsx(), Kind.PDF, FileInFile),
        (pdf() + b" " * 2000, Kind.PDF, FileInFile),
        (locked_pdf(), Kind.PDF, FileLocked),
        (pdf_bomb(5), Kind.PDF, None),
        (pdf_bomb(600), Kind.PDF, ExpandsTooMuch),
        (pdf_bomb(600, times=2), Kind.PDF, ExpandsTooMuch),
        (pdf_bomb(30, times=2).replace(b"/FlateDecode", b"/#46lateDecode"), Kind.PDF,
         ExpandsTooMuch),
        (pdf(OpenAction=javascript()), Kind.PDF, FileActive),
        (b"%PDF-1.4\n%%EOF\n", Kind.PDF, DocumentUnreadable),
        (xlsx(), Kind.XLSX, None),
        (xlsx({"xl/sharedStrings.xml": b"0" * (15 * 2**20)}), Kind.XLSX, None),
        (xlsx({"xl/sharedStrings.xml": b"0" * (30 * 2**20)}), Kind.XLSX, ExpandsTooMuch),
        (overlapping_zip(), Kind.XLSX, ExpandsTooMuch),
        (xlsx({f"xl/{n}": b"" for n in range(5001)}), Kind.XLSX, ExpandsTooMuch),
        (b"MZ hidden before" + xlsx(), Kind.XLSX, FileInFile),
        (xlsx() + b"hidden behind", Kind.XLSX, FileInFile),
        (xlsx({"xl/embeddings/a.bin": b"x"}), Kind.XLSX, FileInFile),
        (xlsx({"xl/media/image1.png": xlsx()}), Kind.XLSX, FileInFile),
        (xlsx({"xl/vbaProject.bin": b"x"}), Kind.XLSX, FileActive),
        (xlsx(without="xl/workbook.xml"), Kind.XLSX, ContentNotAccepted),
        (xlsx()[:-30], Kind.XLSX, DocumentUnreadable),
        ("名称,区划\n".encode("gb18030"), Kind.CSV, None),
        ("མིང་,ས་ཁུལ།\n".encode(), Kind.CSV, None),
        (b"a,b\n\0", Kind.CSV, ContentNotAccepted),
        (b"\xff\xff\xff\xff,a", Kind.CSV, DocumentUnreadable),
    ],
)  # fmt: skip
def test_a_document_is_taken_or_its_trap_is_named(  # type: ignore[no-untyped-def]
    kept, content: bytes, kind: Kind, refusal: type[FileRefused] | None
) -> None:
    path = kept(content)
    if refusal is None:
        documents.check(path, kind)
        return
    with pytest.raises(FileRefused) as refused:
        documents.check(path, kind)
    assert type(refused.value) is refusal


def test_heif_is_decoded_and_never_encoded() -> None:
    assert "mask" in pi_heif.libheif_info()["encoders"]
    assert "x265" not in pi_heif.libheif_info()["encoders"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [("bytes=0-9", (0, 10)), ("bytes=90-", (90, 10)), ("bytes=90-200", (90, 10)),
     ("bytes=-5", (95, 5)), ("bytes=-500", (0, 100)), ("bytes=5-4", None), ("bytes=-", None),
     ("bytes=0-1,5-6", None), ("lines=1-2", None), (None, None), ("bytes=٣-٤", None)],
)  # fmt: skip
def test_a_range_is_read_as_the_rfc_says(
    header: str | None, expected: tuple[int, int] | None
) -> None:
    assert asked_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0", "bytes=999-1000"])
def test_a_range_behind_the_end_is_refused(header: str) -> None:
    with pytest.raises(RangeNotThere):
        asked_range(header, 100)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 150))
def test_a_range_is_always_within_the_file(first: int, last: int, size: int) -> None:
    try:
        found = asked_range(f"bytes={first}-{last}", size)
    except RangeNotThere:
        assert first >= size
        return
    assert found is None or (found[0] >= 0 and found[1] >= 1 and sum(found) <= size)


def test_only_pictures_are_shown_in_the_browser_and_names_cannot_break_out() -> None:
    assert disposition("鸟 མཚོ.jpg", "image/jpeg") == (
        "inline; filename=\"_ ___.jpg\"; filename*=UTF-8''"
        "%E9%B8%9F%20%E0%BD%98%E0%BD%9A%E0%BD%BC.jpg"
    )
    assert disposition('a".pdf\r\nSet-Cookie: x', "application/pdf") == (
        'attachment; filename="a_.pdf__Set-Cookie: x"; '
        "filename*=UTF-8''a%22.pdf%0D%0ASet-Cookie%3A%20x"
    )
