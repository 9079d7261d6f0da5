"""A slug says the same wherever it is said: the gateway shows one page for each."""

import tomllib
from collections import defaultdict
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def test_two_places_that_say_the_same_slug_say_it_in_the_same_words() -> None:
    said: dict[str, set[str]] = defaultdict(set)
    for part in ("services", "gateway"):
        for path in (PROJECT / part).rglob("words.toml"):
            for slug, words in tomllib.loads(path.read_text("utf-8")).items():
                said[slug].add(repr(words))
    assert [slug for slug, ways in sorted(said.items()) if len(ways) > 1] == []
