"""What noised figures must prove before they are shown, each rule on its own.

Every rule is post-processing: it looks at noised values, the scale of their noise and
public bounds, so it costs nothing and tells nothing more. Each holds for each cell
with the policy's confidence, 1 − α: what must not be shown is shown with probability
at most α. The rules on exact values that they stand for are in Hundepool et al.
(2012), Statistical Disclosure Control, chapters 4 and 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import reduce
from math import ceil
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from privacy.evidence import Evidence, point
from privacy.expression import Case, is_sensitive
from privacy.form import Linear, Ratio, form_of
from privacy.moments import ends_of, unit_of
from privacy.plan import Plan, Support
from privacy.policy import Dominance, Policy
from privacy.price import Price
from privacy.quantile import sum_half_width, upper_quantile
from privacy.query import Aggregate, Statistic
from privacy.reading import Reading

Masks: TypeAlias = tuple[NDArray[np.bool_], ...]
"""For each aggregate, what a rule hides, of a shape that broadcasts to the cells."""

_MOST: Final = 2**40
"""Counts are clamped to this before they are added up."""


def frequency(evidence: Evidence) -> Masks:
    """What fewer than `threshold_people` people may be behind.

    Shown is a cell whose noised count, less the 1 − α quantile of that count's own
    noise, still proves them. So a cell of fewer is shown with probability at most α.
    """
    return tuple(
        any_of(_too_few(support, evidence)) for support in evidence.price.plan.supports
    )


def _too_few(support: Support, evidence: Evidence) -> Iterator[NDArray[np.bool_]]:
    rows = evidence.price.plan.bounded.rows_per_cell
    for each in (support, *(Support(besides, rows) for besides in support.besides)):
        least = least_shown(evidence.price, each)
        yield evidence.noised.values[each.component] < least


def least_shown(price: Price, support: Support) -> int:
    """The least noised count that certifies a cell: k · per person + q."""
    policy = price.plan.policy
    quantile = upper_quantile(price.mechanisms[support.component], policy.confidence)
    return policy.threshold_people * support.per_person + quantile


def dominance(evidence: Evidence) -> Masks:
    """Totals and averages in which one person, or few, may hold too much.

    With every person's part of a total in [0, U] and L the noised total less the
    1 − α quantile of its noise, the n largest hold at most n·U / L, and what is left
    beside the two largest is at least L − 2U. Shown where that proves the (n, k) and
    the p% rule. Of values that may be negative a share is not defined, so their
    distances from their least value are judged: a constant that is added to every row
    makes no difference.
    """
    rule = evidence.price.plan.policy.dominance
    plan = evidence.price.plan
    return tuple(
        _dominated(position, rule, evidence) if rule else _NOTHING
        for position in range(len(plan.query.aggregates))
    )


def least_total(price: Price, position: int) -> Fraction | None:
    """The least noised total of an aggregate that is not dominated; None: no rule."""
    rule = price.plan.policy.dominance
    total = _total(position, price.plan)
    if rule is None or total is None or _least_value(position, price.plan) < 0:
        return None
    most = _most_of_one(total, price.plan)
    needed = most * max(rule.largest / rule.share, 2 + rule.left)
    return needed + _margin(total, price)


def category(evidence: Evidence) -> Masks:
    """Cells that show a group to be (almost) all, or none, in one sensitive category.

    For each key that is computed from a sensitive column, the rest of a cell's group,
    its other categories, passes the frequency certificate as well; for a share of rows
    that meet a sensitive condition, both those that do and those that do not.
    """
    plan = evidence.price.plan
    if not plan.policy.class_disclosure:
        return tuple(_NOTHING for _ in plan.query.aggregates)
    return tuple(
        any_of(
            [
                *_rest_of_group(plan.supports[position], evidence),
                *_share(position, evidence),
            ]
        )
        for position in range(len(plan.query.aggregates))
    )


def any_of(masks: Iterable[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """What any of some masks hides, of the shape they broadcast to."""
    return reduce(np.logical_or, masks, _NOTHING)


_NOTHING: Final = np.zeros((1, 1), dtype=np.bool_)


def _dominated(position: int, rule: Dominance, evidence: Evidence) -> NDArray[np.bool_]:
    total = _total(position, evidence.price.plan)
    if total is None:
        return _NOTHING
    most = float(_most_of_one(total, evidence.price.plan))
    proven = point(total, evidence) - float(_margin(total, evidence.price))
    return held_by_few(proven, most, rule)


def held_by_few(
    proven: NDArray[np.float64], most: float, rule: Dominance
) -> NDArray[np.bool_]:
    """Where totals are not proven to be a group's: one person has `most` of each.

    `proven` is what a total is at least, shape and units as of `most`.
    """
    few = proven * float(rule.share) <= rule.largest * most
    left = proven - 2 * most < float(rule.left) * most
    hidden: NDArray[np.bool_] = few | left | (proven <= 0)
    return hidden


def _total(position: int, plan: Plan) -> Linear | None:
    """The total behind a SUM or an AVG, of distances from the least value if it is < 0.

    They are counted by the certificate's own count, which is never of more rows.
    """
    aggregate = plan.query.aggregates[position]
    argument, reading = aggregate.argument, plan.readings[position]
    if argument is None or not isinstance(reading, Reading):
        return None
    if aggregate.statistic not in {Statistic.SUM, Statistic.MEAN}:
        return None
    lift = max(-_least_value(position, plan), Fraction(0))
    match form_of(reading, plan):
        case Linear() as total:
            count = plan.supports[position].component if plan.supports else None
            if lift and count is None:
                return None
            lifted = Linear(((count, -lift),)) if lift and count is not None else None
            return _less(total, lifted) if lifted else total
        case Ratio(numerator, denominator, offset=offset):
            whole = offset + lift
            counted = ((at, c * whole) for at, c in denominator.terms if whole)
            return Linear((*numerator.terms, *counted))
        case None:
            return None


def _least_value(position: int, plan: Plan) -> Fraction:
    argument = plan.query.aggregates[position].argument
    if argument is None:
        return Fraction(0)
    return ends_of(argument)[0] * unit_of(argument)


def _most_of_one(total: Linear, plan: Plan) -> Fraction:
    """The most that one person can add to a total."""
    moved = (abs(c) * plan.components[at].l1 for at, c in total.terms)
    return sum(moved, Fraction(0))


def _margin(total: Linear, price: Price) -> Fraction:
    """The 1 − α quantile of a total's noise, which is symmetric."""
    terms = tuple((c, price.mechanisms[at]) for at, c in total.terms)
    return Fraction(sum_half_width(terms, _two_sided(price.plan.policy)))


def _two_sided(policy: Policy) -> float:
    return float(2 * policy.confidence - 1)


def _rest_of_group(support: Support, evidence: Evidence) -> Iterator[NDArray[np.bool_]]:
    """For each sensitive key, the cells whose group has too few in other categories."""
    price = evidence.price
    query, component = price.plan.query, price.plan.components[support.component]
    sizes = [len(k.domain.values or ()) + k.domain.nullable for k in query.keys]
    counts = np.clip(evidence.noised.values[support.component], -_MOST, _MOST)
    shaped = counts.reshape(len(counts), *sizes)
    for axis, key in enumerate(query.keys, start=1):
        if not is_sensitive(key.expression) or sizes[axis - 1] == 1:
            continue
        rest = shaped.sum(axis=axis, keepdims=True) - shaped
        one = (Fraction(1), price.mechanisms[support.component])
        quantile = sum_half_width(
            (one,) * (sizes[axis - 1] - 1), _two_sided(price.plan.policy)
        )
        least = price.plan.policy.threshold_people * component.l1 + ceil(quantile)
        yield (rest < least).reshape(counts.shape)


def _share(position: int, evidence: Evidence) -> Iterator[NDArray[np.bool_]]:
    """Where too few rows meet a sensitive condition, or too few do not."""
    price = evidence.price
    found = _condition(position, price.plan)
    if found is None:
        return
    meeting, rows = found
    rows_per_cell = price.plan.bounded.rows_per_cell
    least = price.plan.policy.threshold_people * rows_per_cell
    for part in (meeting, _less(rows, meeting)):
        proven = point(part, evidence) - float(_margin(part, price))
        yield proven < least


def _condition(position: int, plan: Plan) -> tuple[Linear, Linear] | None:
    """How many rows meet a sensitive condition, and of how many; None: no such share.

    It is an average of zeros and ones, or a sum or count of them beside COUNT(*).
    """
    aggregate, reading = plan.query.aggregates[position], plan.readings[position]
    if not isinstance(reading, Reading) or not _is_indicator(aggregate):
        return None
    rows = _position_of_rows(plan) if reading.divisor is None else reading.divisor
    found = form_of(reading, plan)
    total = _total(position, plan) if isinstance(found, Ratio) else found
    if rows is None or not isinstance(total, Linear):
        return None
    return total, Linear(((rows, Fraction(1)),))


def _is_indicator(aggregate: Aggregate) -> bool:
    """Whether it adds up ones for the rows that meet a sensitive condition."""
    match aggregate:
        case Aggregate(Statistic.SUM | Statistic.MEAN, Case() as case):
            return is_sensitive(case) and is_zero_or_one(case)
        case Aggregate(Statistic.PRESENT, Case(branches=branches)):
            return any(is_sensitive(condition) for condition, _ in branches)
        case _:
            return False


def is_zero_or_one(case: Case) -> bool:
    """Whether adding it up counts the rows that meet its condition."""
    return ends_of(case) == (0, 1) and case.domain.scale == 0


def _position_of_rows(plan: Plan) -> int | None:
    for position, each in enumerate(plan.components):
        if each.statistic is Statistic.ROWS:
            return position
    return None


def _less(rows: Linear, part: Linear) -> Linear:
    """The rows that are not in the part."""
    terms = dict(rows.terms)
    for position, coefficient in part.terms:
        terms[position] = terms.get(position, Fraction(0)) - coefficient
    return Linear(tuple((at, c) for at, c in sorted(terms.items()) if c))
