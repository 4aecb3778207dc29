"""Read quantiles and extremes off the buckets that were chosen."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.catalogue import Domain, Type
from privacy.evidence import Ends, Evidence
from privacy.grid import Grid
from privacy.ranks import Order, Part
from privacy.reading import Reading
from privacy.table import ColumnKind, Figures, Values

_UNITS: Final = {Type.DATE: "datetime64[D]", Type.DATETIME: "datetime64[us]"}
_KINDS: Final = {Type.DATE: ColumnKind.DATE, Type.DATETIME: ColumnKind.DATETIME}


def order_kind(domain: Domain) -> ColumnKind:
    """The kind of the released column: that of the argument's."""
    exact = ColumnKind.DECIMAL if domain.scale else ColumnKind.INTEGER
    return _KINDS.get(domain.type, exact)


def ordinals(position: int, evidence: Evidence) -> tuple[NDArray[np.int64], ...]:
    """The value of the aggregate at this position, and the ends of its interval.

    Ordinals of shape (draws, cells). The value is the middle of its bucket, and always
    within the interval. An end that nothing bounds but the argument's domain is the
    domain's. A laboratory's exact plan reads the value off a component.
    """
    order = evidence.price.plan.readings[position]
    if isinstance(order, Reading):
        exact = evidence.noised.values[order.component]
        return exact, exact, exact
    if not isinstance(order, Order):
        raise TypeError("a quantile is read off choices")
    grid = evidence.price.plan.choices[order.value].grid
    value = _edge(order.value, Part.VALUE, evidence)
    low, high = (
        np.full_like(value, bound) if place is None else _edge(place, part, evidence)
        for place, part, bound in (
            (order.low, Part.LOW, grid.lower),
            (order.high, Part.HIGH, grid.upper),
        )
    )
    return value, np.minimum(low, value), np.maximum(high, value)


def _edge(place: int, part: Part, evidence: Evidence) -> NDArray[np.int64]:
    """The value in the bucket that was chosen; an end is that of the bucket's block."""
    grid = evidence.price.plan.choices[place].grid
    chosen = evidence.noised.picked[place]
    if part is Part.HIGH:
        return _last(grid, chosen)
    inside = (grid.step - 1) // 2 if part is Part.VALUE else 0
    return np.minimum(grid.lower + chosen * grid.step + inside, grid.upper)


def _last(grid: Grid, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The last value of the blocks that begin with these buckets."""
    edges = np.array(grid.edges)
    following = edges[np.searchsorted(edges, starts, side="right")]
    last: NDArray[np.int64] = grid.lower + following * grid.step - 1
    return np.minimum(last, grid.upper)


def shown(ordinals: NDArray[np.int64], domain: Domain) -> Figures:
    """Ordinals as values of the column: unscaled integers, dates or times."""
    values: Values = ordinals
    if domain.type in _UNITS:
        values = ordinals.astype(_UNITS[domain.type]).astype(object)
    return Figures(values, np.zeros(ordinals.shape, dtype=bool))


def order_point(position: int, evidence: Evidence) -> Figures:
    """The value as HAVING and ORDER BY see it; a number as float64."""
    domain = domain_of(position, evidence)
    value, _, _ = ordinals(position, evidence)
    figures = shown(value, domain)
    if domain.type is not Type.NUMBER:
        return figures
    return Figures(value / 10.0**domain.scale, figures.null)


def order_ends(position: int, evidence: Evidence) -> Ends:
    """The ends of its interval, as numbers of the column.

    What is computed from it has them at the level at which they were priced.
    """
    unit = 10.0 ** domain_of(position, evidence).scale
    _, low, high = ordinals(position, evidence)
    return low / unit, high / unit


def domain_of(position: int, evidence: Evidence) -> Domain:
    """What is known of the argument of the aggregate at this position."""
    argument = evidence.price.plan.query.aggregates[position].argument
    if argument is None:
        raise TypeError("a quantile is of an argument")
    return argument.domain
