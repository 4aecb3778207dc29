"""Round counts to the policy's public granularity: post-processing of noised figures.

Certificates have looked at the noised figures before, so rounding decides nothing; it
proves nothing either. It keeps readers from taking noise for precision.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np

from privacy.query import (
    COUNTS,
    AggregateRef,
    BoundQuery,
    Constant,
    Operation,
    Operator,
    Post,
)
from privacy.table import DerivedOutput, DerivedTable, Figures, Values

_SUMS: Final = frozenset((Operator.ADD, Operator.SUBTRACT, Operator.NEGATE))


def granular(derived: DerivedTable) -> DerivedTable:
    """The table with counts at the nearest multiple, halves to the even one.

    Ends of their intervals move outwards to multiples, so what held an exact answer
    does still. Each figure is rounded by itself: totals need not add up.
    """
    plan = derived.price.plan
    base = plan.policy.granularity.counts
    if base == 1:
        return derived
    query = plan.query
    aggregates = tuple(
        _rounded(figures, base) if is_count(AggregateRef(place), query) else figures
        for place, figures in enumerate(derived.aggregates)
    )
    outputs = tuple(
        _coarse(output, base) if is_count(asked.value, query) else output
        for asked, output in zip(query.outputs, derived.outputs, strict=True)
    )
    return replace(derived, aggregates=aggregates, outputs=outputs)


def is_count(post: Post, query: BoundQuery) -> bool:
    """Whether a released figure is a count, or counts added up and taken away.

    With whole constants beside them, so that `COUNT(*) + 1` is rounded as well.
    """
    return _has_count(post) and _adds_counts(post, query)


def _has_count(post: Post) -> bool:
    if isinstance(post, Operation):
        return any(map(_has_count, post.arguments))
    return isinstance(post, AggregateRef)


def _adds_counts(post: Post, query: BoundQuery) -> bool:
    match post:
        case AggregateRef(position):
            return query.aggregates[position].statistic in COUNTS
        case Constant(Fraction() as value):
            return value.denominator == 1
        case Operation(operator, arguments) if operator in _SUMS:
            return all(_adds_counts(each, query) for each in arguments)
        case _:
            return False


def _coarse(output: DerivedOutput, base: int) -> DerivedOutput:
    if output.low is None or output.high is None:
        return output
    low = Figures(_below(output.low.values, base), output.low.null)
    high = Figures(0 - _below(-output.high.values, base), output.high.null)
    return replace(output, value=_rounded(output.value, base), low=low, high=high)


def _rounded(figures: Figures, base: int) -> Figures:
    return Figures(_nearest(figures.values, base), figures.null)


def _nearest(values: Values, base: int) -> Values:
    """The nearest multiples, of two as near the even one; the type stays."""
    quotient, rest = np.divmod(values, base)
    up = (2 * rest > base) | ((2 * rest == base) & (quotient % 2 == 1))
    multiples: Values = (quotient + up) * base
    return multiples


def _below(values: Values, base: int) -> Values:
    """The greatest multiples at or below."""
    multiples: Values = values // base * base
    return multiples
