"""Texts of a programme in the reader's language; what has no translation falls back and says so."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from services.kit.context import current
from services.kit.languages import DEFAULT, content_language, say


class Speaker:
    """Says texts in the reader's language, and remembers which languages came out."""

    def __init__(self) -> None:
        work = current()
        self.language = work.language if work else DEFAULT
        self.used: list[str] = []

    def say(self, texts: Mapping[Any, str]) -> str:
        """The text in the reader's language, or in the one that there is."""
        words, language = say(dict(texts), self.language)
        self.used.append(language)
        return words

    def tag(self, response: Response) -> None:
        """Say which languages the answer is in."""
        if self.used:
            response.headers["Content-Language"] = content_language(self.used)
