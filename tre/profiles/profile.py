"""What a disclosure profile says: rules with their operators, boundaries and zeros."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Share: TypeAlias = Annotated[Decimal, Field(gt=0, le=1)]
Whole: TypeAlias = Annotated[int, Field(ge=1)]


class Verdict(Enum):
    """What a rule says of the case in which it compares nothing."""

    FAILS = "fails"
    PASSES = "passes"


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Frequency(_Rule):
    """A count `fails` against `threshold`; what of a count of zero."""

    fails: Literal["<", "<="]
    threshold: Whole
    zero: Verdict


class Concentration(_Rule):
    """The (n, k) rule: the `largest` n contributions over the total against `share`."""

    largest: Whole
    fails: Literal[">", ">="]
    share: Share


class Inference(_Rule):
    """The p% rule: what is left beside the two largest, against `share` of the largest.

    `largest_zero`: the verdict where nobody contributes anything.
    """

    fails: Literal["<", "<="]
    share: Share
    largest_zero: Verdict


class Freedom(_Rule):
    """Residual degrees of freedom of a model against `threshold`."""

    fails: Literal["<", "<="]
    threshold: Whole


class Parameters(_Rule):
    """A model's number of parameters against a `share` of its observations."""

    fails: Literal[">", ">="]
    share: Share


class Rounding(_Rule):
    """To which multiples of `base` counts are rounded.

    `half-even`: the nearest, ties to the even multiple. `midpoint`: the middle of
    the range of `base` counts that the count lies in; zero stays zero.
    """

    method: Literal["half-even", "midpoint"]
    base: Whole


class Profile(_Rule):
    """The rules of one system.

    `hidden_as` is how a count that fails is shown: missing, or the number 0. With
    `negative_is_reviewed`, a table with a negative value is for a person to judge
    by the dominance rules. With `empty_discloses`, a cell without anybody is a class
    disclosure. With `totals_from_rounded`, a margin is the sum of the rounded cells
    that are shown.
    """

    name: str
    version: Whole
    source: str
    frequency: Frequency | None = None
    hidden_as: Literal["missing", "zero"] = "missing"
    concentration: Concentration | None = None
    inference: Inference | None = None
    negative_is_reviewed: bool = False
    empty_discloses: bool = False
    degrees_of_freedom: Freedom | None = None
    parameters: Parameters | None = None
    rounding: Rounding | None = None
    rounding_instead: bool = False
    totals_from_rounded: bool = False
