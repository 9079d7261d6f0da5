"""Pages that anybody reads in a browser: plain HTML, a style and no script, in three languages."""

from base64 import b64encode
from functools import cache
from hashlib import blake2b, sha256
from html import escape

from fastapi import Request, Response

from services.kit.context import current
from services.kit.languages import DEFAULT

LANGUAGES = {"zh-CN": "中文", "bo": "བོད་ཡིག", "en": "English"}


def language_of(lang: str | None) -> str:
    """The language that was asked for in the address, or else by the browser."""
    work = current()
    wanted = lang or (work.language if work is not None else DEFAULT)
    return wanted if wanted in LANGUAGES else DEFAULT


def switch(language: str, path: str) -> str:
    """Links to the same page in the other languages."""

    def other(tag: str, name: str) -> str:
        if tag == language:
            return f'<span lang="{tag}" aria-current="true">{name}</span>'
        return f'<a lang="{tag}" hreflang="{tag}" href="{escape(path)}?lang={tag}">{name}</a>'

    return "".join(other(tag, name) for tag, name in LANGUAGES.items())


@cache
def _policy(css: str) -> str:
    style = b64encode(sha256(css.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'none'"
    )


def page(
    html: str, css: str, language: str, request: Request, max_age: int | None, status: int = 200
) -> Response:
    """The answer: only this very style runs, and the same page is not sent twice. Without a
    `max_age` nobody keeps it."""
    sent = html.encode()
    headers = {
        "Content-Security-Policy": _policy(css),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Language",
        "Content-Language": language,
        "Cache-Control": "no-store",
    }
    if max_age is not None:
        headers["Cache-Control"] = f"public, max-age={max_age}"
        headers["ETag"] = f'"{blake2b(sent, digest_size=12).hexdigest()}"'
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
    return Response(sent, status, headers, media_type="text/html; charset=utf-8")
