"""What a file is, told from its first bytes; its name and what the client says do not count."""

from services.kit.files.rules import Kind

HEAD = 4096
"""How many bytes are looked at."""

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}


def sniffed(head: bytes) -> Kind | None:
    """The kind of a file with these first bytes; None for what is never taken."""
    if head.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return Kind.HEIC
    if head.startswith(b"%PDF-"):
        return Kind.PDF
    if head.startswith(b"PK\x03\x04"):
        return Kind.XLSX  # or another archive: documents.py looks inside
    return Kind.CSV if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    if not head or any(byte < 9 or 13 < byte < 32 for byte in head):
        return False
    # Markup is text too, but nobody's table.
    return not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
