"""Compute what was asked from noised components: values, and 95% intervals.

Everything here is post-processing: averages and ratios of noised sums and counts,
arithmetic and rounding. Floats are rounded to a public granularity, ends of
intervals outwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import ceil
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.catalogue import Type
from privacy.emerge import filled, presence
from privacy.evaluate import evaluate
from privacy.evidence import Evidence, point
from privacy.form import Linear, Ratio, form, form_of
from privacy.interval import interval, ratio_point
from privacy.layout import codes_of, groupings
from privacy.mechanism import LARGEST
from privacy.order import domain_of, order_kind, order_point, ordinals, shown
from privacy.plan import Plan, aggregates_in
from privacy.price import Price
from privacy.quantile import half_width, sum_half_width
from privacy.query import (
    COUNTS,
    ORDERS,
    AggregateRef,
    BoundQuery,
    KeyRef,
    Output,
    Post,
    Statistic,
)
from privacy.reading import Clipped, Reading, positions
from privacy.spread import spread_point
from privacy.table import (
    ColumnKind,
    DerivedOutput,
    DerivedTable,
    Figures,
    NoisedTable,
)
from privacy.tails import lost_of, total_ends

_WHOLE: Final = COUNTS | {Statistic.SUM}
"""Statistics that are whole numbers of units, and stay so."""

_MOST_ROWS: Final = 2**31
"""A count is clamped to this before a centre multiplies it."""

_DECIMALS: Final = 6
_MOST_DECIMALS: Final = 12
"""Derived numbers keep 6 decimals beyond their finest column's, 12 at most."""

_SLACK: Final = 1e-3
"""How much of a granule float error may be; ends are rounded outwards past it."""

_KINDS: Final[Mapping[Type, ColumnKind]] = MappingProxyType(
    {
        Type.NUMBER: ColumnKind.FLOAT,
        Type.BOOLEAN: ColumnKind.BOOLEAN,
        Type.TEXT: ColumnKind.TEXT,
        Type.DATE: ColumnKind.DATE,
        Type.DATETIME: ColumnKind.DATETIME,
    }
)


def derive(noised: NoisedTable, price: Price) -> DerivedTable:
    """Compute every aggregate and output over every cell and draw.

    Counts and sums are the noised integers themselves, ± a whole half-width; an
    average lies in its argument's public bounds. Intervals are 95% intervals for
    the exact answer on the published table, of each figure on its own.
    """
    price, present = _settled(price, noised)
    keys = keys_of(price.plan)
    evidence = Evidence(price, noised, keys)
    known: dict[Post, Figures] = {KeyRef(p): key for p, key in enumerate(keys)}
    for position in range(len(price.plan.query.aggregates)):
        known[AggregateRef(position)] = _aggregate(AggregateRef(position), evidence)
    outputs = tuple(_output(each, evidence, known) for each in price.plan.query.outputs)
    aggregates = tuple(v for k, v in known.items() if isinstance(k, AggregateRef))
    return DerivedTable(price, noised, keys, aggregates, outputs, present)


def _settled(
    price: Price, noised: NoisedTable
) -> tuple[Price, NDArray[np.bool_] | None]:
    """The price with the keys that came out in place of those nobody knew.

    And the cells that did, where not all keys are public. From here on they are keys
    like any others.
    """
    if noised.emerged is None:
        return price, None
    query = price.plan.query
    known = [key.domain for key in query.keys]
    lists = filled(known, noised.emerged)
    keys = tuple(
        replace(key, expression=replace(key.expression, domain=domain))
        for key, domain in zip(query.keys, lists, strict=True)
    )
    bounded = replace(price.plan.bounded, query=replace(query, keys=keys))
    settled = replace(price, plan=replace(price.plan, bounded=bounded))
    return settled, presence(known, lists, noised.emerged)


def keys_of(plan: Plan) -> tuple[Figures, ...]:
    """The keys of each cell, NULL where its grouping set leaves them out."""
    return tuple(_key(plan, each) for each in range(len(plan.query.keys)))


def public_output(output: Output, plan: Plan) -> DerivedOutput:
    """A column that depends on no aggregate, over every cell."""
    query = plan.query
    match output.value:
        case KeyRef(position) if query.keys[position].domain.type is Type.NUMBER:
            return _number_key(output.name, position, plan)
        case post:
            known: dict[Post, Figures] = {**groupings(query)}
            known |= {KeyRef(p): key for p, key in enumerate(keys_of(plan))}
            return _public(output.name, evaluate(post, known), _type(post, query))


def _key(plan: Plan, position: int) -> Figures:
    """The key of each cell, shape (1, cells); a NUMBER as float64."""
    domain = plan.query.keys[position].domain
    public = domain.values or ()
    codes = codes_of(plan.query, position)
    if domain.type is Type.NUMBER:
        unit = 10**domain.scale
        numbers = (float(Fraction(v, unit)) for v in public if isinstance(v, int))
        held = np.array([*numbers, 0.0])
    elif domain.type is Type.BOOLEAN:
        held = np.array([*public, False], dtype=bool)
    else:
        held = np.empty(len(public) + 1, dtype=object)
        held[:] = [*public, *(public[:1] or ("",))]
    return Figures(held[codes], codes == len(public))


def _aggregate(reference: AggregateRef, evidence: Evidence) -> Figures:
    plan = evidence.price.plan
    if plan.query.aggregates[reference.position].statistic in ORDERS:
        return order_point(reference.position, evidence)
    reading = plan.readings[reference.position]
    if isinstance(reading, Reading) and reading.clipped is not None:
        told, _ = _restored(reading, reading.clipped, evidence)
        raised = told * float(plan.components[reading.component].unit)
        return Figures(raised, np.zeros(raised.shape, dtype=bool))
    match form_of(reading, plan):
        case Ratio() as ratio:
            found = ratio_point(ratio, evidence)
            digits = _digits(reference, plan)
            return Figures(np.round(found.values, digits), found.null)
        case Linear() as linear:
            values = point(linear, evidence)
            return Figures(values, np.zeros(values.shape, dtype=bool))
        case None:
            spread = spread_point(reference.position, evidence)
            digits = _digits(reference, plan)
            return Figures(np.round(spread.values, digits), spread.null)


def _output(
    output: Output, evidence: Evidence, known: Mapping[Post, Figures]
) -> DerivedOutput:
    query = evidence.price.plan.query
    match output.value:
        case AggregateRef(position) if query.aggregates[position].statistic in _WHOLE:
            return _whole(output.name, position, evidence)
        case AggregateRef(position) if query.aggregates[position].statistic in ORDERS:
            return _ordered(output.name, position, evidence)
        case post if aggregates_in(post):
            return _number(output, evidence, known)
        case _:
            return public_output(output, evidence.price.plan)


def _number_key(name: str, position: int, plan: Plan) -> DerivedOutput:
    domain = plan.query.keys[position].domain
    public, codes = domain.values or (), codes_of(plan.query, position)
    held = np.array([*public, 0], dtype=np.int64)[codes]
    kind = ColumnKind.DECIMAL if domain.scale else ColumnKind.INTEGER
    value = Figures(held, codes == len(public))
    return DerivedOutput(name, kind, domain.scale, frozenset(), value, None, None)


def _whole(name: str, position: int, evidence: Evidence) -> DerivedOutput:
    """A count or a sum as whole units: the noised integer, or a sum of two."""
    plan = evidence.price.plan
    reading = plan.readings[position]
    if not isinstance(reading, Reading):
        raise TypeError("a count or a sum is read off one component")
    component = reading.component
    scale = plan.components[component].scale
    summed = plan.query.aggregates[position].statistic is Statistic.SUM
    width = half_width(evidence.price.mechanisms[component])
    values = np.clip(evidence.noised.values[component], -LARGEST, LARGEST)
    if reading.lifted is not None:
        count = np.clip(evidence.noised.values[reading.lifted], -_MOST_ROWS, _MOST_ROWS)
        values = values + reading.centre * count
        width = _lifted_width(reading, evidence)
    ends = values - width, values + width
    if reading.clipped is not None:
        values, ends = _restored(reading, reading.clipped, evidence)
    value, low, high = (
        Figures(each, np.zeros(each.shape, dtype=bool)) for each in (values, *ends)
    )
    kind = ColumnKind.DECIMAL if summed else ColumnKind.INTEGER
    aggregates = frozenset((position,))
    return DerivedOutput(name, kind, scale, aggregates, value, low, high)


def _restored(
    reading: Reading, clipped: Clipped, evidence: Evidence
) -> tuple[NDArray[np.int64], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """A sum of clipped totals raised by what was lost, and its ends, in whole units."""
    kept = np.clip(evidence.noised.values[reading.component], -LARGEST, LARGEST)
    lost = lost_of(reading, clipped, evidence)
    low, high = total_ends(reading, lost, evidence)
    made = (
        np.clip(each, -LARGEST, LARGEST)
        for each in (np.rint(kept + lost.share), np.floor(low), np.ceil(high))
    )
    first, *ends = (each.astype(np.int64) for each in made)
    return first, (ends[0], ends[1])


def _ordered(name: str, position: int, evidence: Evidence) -> DerivedOutput:
    """A quantile or an extreme, in its column's own type."""
    domain = domain_of(position, evidence)
    value, low, high = (shown(each, domain) for each in ordinals(position, evidence))
    kind, aggregates = order_kind(domain), frozenset((position,))
    return DerivedOutput(name, kind, domain.scale, aggregates, value, low, high)


def _lifted_width(reading: Reading, evidence: Evidence) -> int:
    """The half-width of a centred sum plus a multiple of a count, in whole units."""
    found = form_of(reading, evidence.price.plan)
    if not isinstance(found, Linear):
        raise TypeError("a sum is linear in its components")
    mechanisms = evidence.price.mechanisms
    terms = tuple((factor, mechanisms[each]) for each, factor in found.terms)
    unit = evidence.price.plan.components[reading.component].unit
    return ceil(sum_half_width(terms) / float(unit) - _SLACK)


def _number(
    output: Output, evidence: Evidence, known: Mapping[Post, Figures]
) -> DerivedOutput:
    """Anything else computed from aggregates, as floats."""
    post, plan = output.value, evidence.price.plan
    match form(post, plan):
        case Ratio() as ratio:
            found = ratio_point(ratio, evidence)
        case _:
            found = evaluate(post, known)
    shape = evidence.shape
    digits = _digits(post, plan)
    value = Figures(np.round(found.values, digits) + np.zeros(shape), found.null)
    low, high = interval(post, evidence)
    ends = (_outwards(-low, digits), _outwards(high, digits))
    return DerivedOutput(
        output.name,
        ColumnKind.FLOAT,
        0,
        aggregates_in(post),
        value,
        Figures(-ends[0].values, ends[0].null),
        ends[1],
    )


def _outwards(end: NDArray[np.float64], digits: int) -> Figures:
    """An end rounded up to the public granularity; no bound is NULL."""
    null = ~np.isfinite(end)
    granules = np.where(null, 0.0, end) * 10.0**digits
    return Figures(np.ceil(granules - _SLACK) / 10.0**digits, null)


def _digits(post: Post, plan: Plan) -> int:
    components = frozenset().union(
        *(positions(plan.readings[each]) for each in aggregates_in(post))
    )
    finest = max((plan.components[each].scale for each in components), default=0)
    return min(_MOST_DECIMALS, _DECIMALS + finest)


def _public(name: str, found: Figures, kind: Type | None) -> DerivedOutput:
    """What depends on no aggregate: keys and constants."""
    shown = ColumnKind.FLOAT if kind is None else _KINDS[kind]
    return DerivedOutput(name, shown, 0, frozenset(), found, None, None)


def _type(post: Post, query: BoundQuery) -> Type | None:
    """The type of a key; None for what is computed from keys, which is a number."""
    if not isinstance(post, KeyRef):
        return None
    return query.keys[post.position].domain.type
