"""Texts that a spreadsheet program would run as a formula: made harmless, and given back whole.

A text such as `=HYPERLINK(…)`, typed by anybody into a form, must not act on whoever opens an
export (CWE-1236). In XLSX a text is stored as a text and carries the format "quote prefix", so it
stays one even after it is edited. A CSV knows no types: there an apostrophe goes before it.

Only texts are touched: a number is written as a number, so -5 stays -5. `shield` and `unshield`
are exact opposites, so an export that comes back as an import says what it said before.
"""

import re

# The signs that begin a formula in Excel, WPS and LibreOffice, full-width ones too; white space
# before them is skipped by some. Tab, CR and LF can start a new cell when pasted.
_ACTIVE = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")


def acts(text: str) -> bool:
    """Would a spreadsheet program take the text for a formula, or did `shield` make it safe?"""
    return _ACTIVE.match(text) is not None


def shield(text: str) -> str:
    """The text, with an apostrophe before it when it would act."""
    return f"'{text}" if acts(text) else text


def unshield(text: str) -> str:
    """What `shield` was given."""
    return text[1:] if text[:1] == "'" and acts(text[1:]) else text
