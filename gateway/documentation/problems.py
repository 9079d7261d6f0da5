"""The documentation of every problem and field rule: what the `type` of an answer leads to."""

from collections.abc import Mapping
from html import escape
from typing import Any

from pydantic import BaseModel

from services.kit.languages import DEFAULT, LANGUAGES, Words, say
from services.kit.problems import Missing


class UnknownProblem(Missing):
    """No service of this installation answers with such a problem."""


class ProblemOut(BaseModel):
    """One problem, or one rule about a field (`status` is null). Texts by language."""

    type: str
    slug: str
    status: int | None
    title: dict[str, str]
    detail: dict[str, str]
    services: list[str]


_NOT_PROBLEMS = ("message-",)


def collect(answers: Mapping[str, Mapping[str, Any]]) -> dict[str, ProblemOut]:
    """Every service's problems as one list, by slug."""
    found: dict[str, ProblemOut] = {}
    for service, problems in answers.items():
        for slug, problem in problems.items():
            if slug.startswith(_NOT_PROBLEMS):
                continue
            known = found.get(slug)
            if known is None:
                known = found[slug] = ProblemOut(
                    type=f"/api/v1/problems/{slug}",
                    slug=slug,
                    status=problem["status"],
                    title=problem["words"].get("title", {}),
                    detail=problem["words"].get("detail", {}),
                    services=[],
                )
            known.status = known.status or problem["status"]
            known.services.append(service)
    return dict(sorted(found.items()))


_STATUS_WORDS: Words = {
    DEFAULT: "HTTP 状态码",
    "en": "HTTP status",
}
_RULE_WORDS: Words = {
    DEFAULT: "字段规则（出现在 errors 中）",
    "en": "a rule about a field, as listed in `errors`",
}
_CODE_WORDS: Words = {DEFAULT: "代码", "en": "slug"}


def page(problem: ProblemOut, language: str) -> tuple[str, str]:
    """A small page for people who followed the link, and the language that it is in."""
    title, tag = say(problem.title, language)
    detail, _ = say(problem.detail, language)
    status = (
        f"{say(_STATUS_WORDS, language)[0]} {problem.status}"
        if problem.status
        else say(_RULE_WORDS, language)[0]
    )
    others = "".join(
        f'<li lang="{other}">{escape(problem.title[other])}</li>'
        for other in LANGUAGES
        if other != tag and other in problem.title
    )
    return (
        f'<!doctype html><html lang="{tag}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title or problem.slug)}</title>"
        '<link rel="stylesheet" href="/api/v1/docs/assets/page.css">'
        f"<main><h1>{escape(title or problem.slug)}</h1>"
        f"<p>{escape(detail)}</p>"
        f"<p>{status} · {say(_CODE_WORDS, language)[0]} <code>{escape(problem.slug)}</code></p>"
        f"<ul>{others}</ul></main></html>",
        tag,
    )
