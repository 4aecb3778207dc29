"""Say how wrong each column will be, as far as public facts tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import hypot, sqrt
from typing import Final

from privacy.advice import kept_share
from privacy.form import Linear, Ratio, form
from privacy.ordering import order_words
from privacy.price import Price
from privacy.quantile import (
    COVERAGE,
    Term,
    half_width,
    normal_half_width,
    sum_half_width,
)
from privacy.query import AggregateRef, Output
from privacy.ranks import Order
from privacy.reading import Reading, Spread
from privacy.spread import spread_margin
from privacy.wording import by_words, number

GROUP_SIZES: Final = (100, 1_000, 10_000)
"""Rows at which the error of averages and ratios is given."""


@dataclass(frozen=True, slots=True)
class ColumnError:
    """How wrong one column will be: the half-width of its 95% interval.

    `margin` is None where it depends on the data; `margins` then has (rows in the
    group, the most it can be at that size) where public facts bound it.
    """

    column: str
    margin: float | None
    margins: tuple[tuple[int, float], ...]
    words: str


def error_of(name: str, seen: tuple[Price, ...]) -> ColumnError:
    """The error of a column: of several groupings the largest, and each in words."""
    found = [
        _error(output, view)
        for view in seen
        for output in view.plan.query.outputs
        if output.name == name
    ]
    if len(found) == 1:
        return found[0]
    margins = [each.margin for each in found if each.margin is not None]
    words = "; ".join(
        f"{by_words(view.plan)} {error.words}"
        for view, error in zip(seen, found, strict=True)
    )
    widest = max(margins) if len(margins) == len(found) else None
    sized = zip(*(each.margins for each in found), strict=False)
    largest = tuple((each[0][0], max(margin for _, margin in each)) for each in sized)
    return ColumnError(name, widest, largest, words)


def _error(output: Output, price: Price) -> ColumnError:
    clipped = _clipped(output, price)
    if clipped is not None:
        return clipped
    match form(output.value, price.plan):
        case Linear() as linear:
            margin = sum_half_width(_terms(linear, price))
            words = f"±{number(margin)} in every cell"
            return ColumnError(output.name, margin, (), words)
        case Ratio(lower=Fraction(), upper=Fraction()) as ratio:
            margins = tuple((size, _at(ratio, price, size)) for size in GROUP_SIZES)
            return ColumnError(output.name, None, margins, _at_most(margins))
        case _:
            found = _spread_margins(output, price)
            if found:
                return ColumnError(output.name, None, found, _at_most(found))
            words = _depends(output, price)
            return ColumnError(output.name, None, (), words)


def _clipped(output: Output, price: Price) -> ColumnError | None:
    """The error of a sum of clipped totals, which depends on how large it is."""
    match output.value:
        case AggregateRef(position):
            reading = price.plan.readings[position]
        case _:
            return None
    if not isinstance(reading, Reading) or reading.divisor is not None:
        return None
    if reading.clipped is None:
        return None
    noise, told = (
        half_width(price.mechanisms[each]) * float(reading.clipped.ceiling.unit)
        for each in (reading.component, reading.clipped.lost)
    )
    words = (
        f"±{number(noise)} of noise in every cell, and more than that for what "
        f"clipping loses: of all cells together that is told ±{number(told)}"
    )
    return ColumnError(output.name, None, (), words)


def _depends(output: Output, price: Price) -> str:
    if isinstance(output.value, AggregateRef):
        reading = price.plan.readings[output.value.position]
        if isinstance(reading, Order):
            return order_words(reading, price)
    return "depends on the data; the interval is given with the answer"


def _at_most(margins: tuple[tuple[int, float], ...]) -> str:
    said = ", ".join(
        f"±{number(margin, 4)} for {size:,} rows" for size, margin in margins
    )
    return f"at most about {said}"


def _spread_margins(output: Output, price: Price) -> tuple[tuple[int, float], ...]:
    """What public facts say of a variance's or covariance's error, by group size."""
    match output.value:
        case AggregateRef(position):
            reading = price.plan.readings[position]
        case _:
            return ()
    if not isinstance(reading, Spread):
        return ()
    sized = ((size, spread_margin(reading, price, size)) for size in GROUP_SIZES)
    return tuple((size, margin) for size, margin in sized if margin is not None)


def _at(ratio: Ratio, price: Price, rows: int) -> float:
    """The most the margin of a ratio can be in a group of so many rows.

    The noise in N − θD over D, at the θ farthest from zero that is possible.
    """
    farthest = max((ratio.lower or Fraction(0), ratio.upper or Fraction(0)), key=abs)
    if ratio.past:
        farthest = ratio.reach
    below = Linear(
        tuple((position, c * -farthest) for position, c in ratio.denominator.terms)
    )
    sums = dict(ratio.numerator.terms)
    for position, coefficient in below.terms:
        sums[position] = sums.get(position, Fraction(0)) + coefficient
    kept = Linear(tuple((position, c) for position, c in sums.items() if c))
    width = sum_half_width(_terms(kept, price))
    left = max(1.0, rows * kept_share(price))
    beside = (_lot(ratio, rows, left), *_counts(ratio, price, left))
    width = hypot(width / left, *beside) + _apart(ratio)
    return min(width, float(ratio.upper or 0) - float(ratio.lower or 0)) * abs(
        float(ratio.multiplier)
    )


def _lot(ratio: Ratio, rows: int, left: float) -> float:
    """What the lot by which rows were left out adds to a margin, at most."""
    wide = normal_half_width(COVERAGE) * float(ratio.reach)
    return wide * sqrt(max(0.0, 1 - left / rows) / left)


def _counts(ratio: Ratio, price: Price, left: float) -> Iterator[float]:
    """What noise in the number of values past bounds adds, and the chance of which."""
    for counted, tail in ratio.past:
        unit = float(tail.unit)
        noise = sum_half_width(_terms(counted, price))
        yield tail.further * unit * noise / left
        number = tail.share * left + noise
        yield normal_half_width(COVERAGE) * tail.deviation * unit * sqrt(number) / left


def _apart(ratio: Ratio) -> float:
    """What values past bounds may be off by in a group that has as many as others."""
    return sum(
        max(tail.further, tail.excess) * float(tail.unit) * tail.share
        for _, tail in ratio.past
    )


def _terms(value: Linear, price: Price) -> tuple[Term, ...]:
    return tuple((c, price.mechanisms[position]) for position, c in value.terms)
