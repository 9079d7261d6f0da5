"""Which of the platform's languages an answer is written in, and the word lists in them."""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path

from babel.core import negotiate_locale

DEFAULT = "zh-CN"
LANGUAGES = (DEFAULT, "bo", "mn", "en")

Words = dict[str, str]
"""A text by language tag."""


@cache
def choose(accept_language: str) -> str:
    """The best of LANGUAGES for an Accept-Language header; the default when none fits.

    >>> choose("bo-CN, zh;q=0.5")
    'bo'
    """
    wanted = []
    for position, part in enumerate(accept_language[:200].split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if tag and weight > 0:
            wanted.append((-weight, position, tag.strip().replace("-", "_")))
    found = negotiate_locale(
        [tag for *_, tag in sorted(wanted)], [tag.replace("-", "_") for tag in LANGUAGES]
    )
    return found.replace("_", "-") if found else DEFAULT


def say(words: Words, language: str) -> tuple[str, str]:
    """The text in `language` and the language that it is really in: nothing is invented."""
    for tag in (language, DEFAULT, "en"):
        if tag in words:
            return words[tag], tag
    return "", language


WORDS: dict[str, dict[str, Words]] = {}
"""Every text this process can say: slug → part (title, detail, …) → language → text."""


def load_words(package: str) -> None:
    """Add every `words.toml` of a package's tree to WORDS. The same slug twice is a mistake."""
    folder = Path(str(import_module(package).__file__)).parent
    for path in sorted(folder.rglob("words.toml")):
        for slug, entry in tomllib.loads(path.read_text("utf-8")).items():
            if WORDS.setdefault(slug, entry) != entry:
                raise ValueError(f"{path}: {slug} is said elsewhere, in other words")


def content_language(used: Iterable[str]) -> str:
    """The Content-Language header for texts that came out in `used` languages."""
    return ", ".join(dict.fromkeys(used))
