"""The shapes of a draw's published report: every field is said, so that it has one spelling."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints

FORMAT = "kepu-draw/1"

Text = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=500)]
Whole = Annotated[int, Strict(), Field(ge=0, le=1_000_000_000)]
Hash = Annotated[str, Strict(), StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Slip = Annotated[str, Strict(), StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class BadReport(ValueError):
    """What does not hold in a report, as one sentence."""


class _Exact(BaseModel):
    # Every field is said and none is unknown, so that a report has one spelling and one hash.
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stratum(_Exact):
    """A part of the panel: how many it needs, and how many stand by."""

    name: Text
    quota: Whole
    alternates: Whole


class PanelRule(_Exact):
    """Strata of persons, filled in the order of rank as far as any choice can fill them."""

    kind: Literal["panel"]
    strata: tuple[Stratum, ...]
    terms: dict[Text, Whole] = {}
    """Who stands in the pool, in figures (a limit of reviews a year): promised, not replayed."""


class PlacesRule(_Exact):
    """Parties for places. The places of each stratum are said with the freeze."""

    kind: Literal["places"]
    list_rule: Literal["strict", "greedy"]
    """Strict: nobody passes a party that does not fit. Greedy: the next that fits."""
    one_per_family: Annotated[bool, Strict()]
    """Of the entries of one family the first counts; the others stand behind everybody."""
    winners_after_days: Whole
    """Who won a draw within so many days stands behind who did not; 0: all are equal."""


class Source(_Exact):
    """Where chance comes from: something public that nobody here decides, and when it is known."""

    name: Text
    at: Text


class Commitment(_Exact):
    """What is promised before anything can be known."""

    subject: Text
    rule: PanelRule | PlacesRule = Field(discriminator="kind")
    secret_sha256: Hash
    source: Source | None
    committed_at: Text


class Entry(_Exact):
    """One that stands in the draw, under a salted id that tells only its owner who it is."""

    id: Slip
    strata: tuple[Text, ...]
    size: Whole
    after: Whole
    """The class it is ranked within: 0 before 1."""
    family: Slip | None


class Freeze(_Exact):
    """The pool as it stood, and the places of each stratum (empty for a panel)."""

    frozen_at: Text
    pool_sha256: Hash
    places: dict[Text, Whole]


class Reveal(_Exact):
    """The secret, and what the source said."""

    secret: Hash
    value: Text | None


class Outcome(_Exact):
    """A stratum's result, both in the order of rank."""

    chosen: tuple[Slip, ...]
    following: tuple[Slip, ...]


class Result(_Exact):
    """What the draw gives; `seed` is what every rank was made with."""

    seed: Hash
    strata: dict[Text, Outcome]


class Report(_Exact):
    """All that was published of a draw; `reveal` and `result` are null until it is drawn."""

    format: Literal["kepu-draw/1"]
    commitment: Commitment
    commitment_sha256: Hash
    freeze: Freeze
    pool: tuple[Entry, ...]
    reveal: Reveal | None
    result: Result | None

    @property
    def foreseeable(self) -> bool:
        """Could whoever held the secret have known the outcome before the freeze?"""
        return self.commitment.source is None
