"""Fit a linear regression to noised sums, squares and products.

Least squares on the noised moments of (1, numbers, dummies of categories, outcome). The
standard errors have two parts: that of the sample, as if there were no noise, times
what a person's several rows may add to it (`clustered`), and the noise carried through
the fit to first order: with M the predictors' moments, m theirs with the outcome and
u = (−β, 1), δβ = M⁻¹ (δm − δM β), which is linear in every noised figure, whose
variance is public. Where the noise in M is not small beside its least eigenvalue that
expansion does not hold, and nothing is called reliable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.advice import narrower
from privacy.bound import key_sizes
from privacy.clustered import inflation
from privacy.expected_error import ColumnError
from privacy.explain import Explanation, explain
from privacy.layout import codes_of
from privacy.mechanism import Kind, Mechanism
from privacy.model import Model
from privacy.outcome import Outcome
from privacy.price import Price
from privacy.quantile import normal_half_width, sum_half_width
from privacy.query import BoundQuery
from privacy.reading import Cross, Side, Spread
from privacy.table import (
    ColumnKind,
    NoisedTable,
    ReleasedColumn,
    ReleasedTable,
    Status,
)

_STEADY: Final = 4.0
"""How many times its noise the least eigenvalue has to be."""

_DECIMALS: Final = 9

Numbers = NDArray[np.float64]


Hidden = Mapping[Status, NDArray[np.bool_]]
"""Which terms are hidden, by the rule that hides them."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients by term, with their standard errors and what is hidden of them."""

    terms: tuple[str, ...]
    coefficients: Numbers
    errors: Numbers
    hidden: Hidden
    steady: bool


def regress(noised: NoisedTable, price: Price, model: Model) -> ReleasedTable:
    """The coefficients, one row a term, in each draw."""
    draws = [_fit(draw, noised, price, model) for draw in range(noised.draws)]
    return released(draws)


def explain_fit(price: Price) -> Explanation:
    """What is told of a regression beforehand: its price and noise, and no margins."""
    words = "depends on the data; the standard error is given with the answer"
    column = ColumnError("coefficient", None, (), words)
    cheaper = (*narrower(price), "Fewer terms leave more of the price to each.")
    told = explain(price)
    return replace(told, columns=(column,), certificates=(), cheaper=cheaper)


def released(fits: list[Fit]) -> ReleasedTable:
    """Terms with coefficient, 95% interval, status and standard error."""
    size, found = len(fits[0].terms), fits[0].hidden
    terms = np.array([each for fit in fits for each in fit.terms], dtype=object)
    values = np.concatenate([fit.coefficients for fit in fits])
    errors = np.concatenate([fit.errors for fit in fits])
    rules = {rule: np.concatenate([f.hidden[rule] for f in fits]) for rule in found}
    hidden = np.any([*rules.values()], axis=0)
    steady = np.repeat([fit.steady for fit in fits], size)
    unknown = hidden | ~np.isfinite(values) | ~np.isfinite(errors)
    wide = normal_half_width(0.95) * np.where(unknown, 0.0, errors)
    known = np.where(unknown, 0.0, values)
    doubtful = ~steady | unknown | (wide > np.abs(known) / 2)
    status = np.where(doubtful, Status.UNRELIABLE.value, Status.OK.value)
    for rule, those in rules.items():
        status = np.where(those, rule.value, status)
    nothing = np.zeros(len(terms), dtype=bool)
    columns = (
        ReleasedColumn("term", ColumnKind.TEXT, 0, terms, nothing),
        _number("coefficient", known, unknown),
        _number("coefficient_low", known - wide, unknown),
        _number("coefficient_high", known + wide, unknown),
        ReleasedColumn(
            "coefficient_status", ColumnKind.TEXT, 0, status.astype(object), nothing
        ),
        _number("standard_error", np.where(unknown, 0.0, errors), unknown),
    )
    draw = np.repeat(np.arange(len(fits), dtype=np.int64), size)
    return ReleasedTable(columns, draw)


def _number(name: str, values: Numbers, null: NDArray[np.bool_]) -> ReleasedColumn:
    return ReleasedColumn(name, ColumnKind.FLOAT, 0, np.round(values, _DECIMALS), null)


# ------------------------------------------------------------------------ categories


def dummies(query: BoundQuery) -> tuple[list[str], Numbers]:
    """A term a value of each category but its first, and which cells have it."""
    sizes, names, columns = key_sizes(query), [], []
    for position, key in enumerate(query.keys):
        codes = codes_of(query, position)[0] if query.keys else np.zeros(1)
        shown = [*(key.domain.values or ()), *([None] * key.domain.nullable)]
        for code in range(1, sizes[position]):
            names.append(
                f"key {position + 1} = {_shown(shown[code], key.domain.scale)}"
            )
            columns.append((codes == code).astype(np.float64))
    cells = int(np.prod(sizes, dtype=np.int64)) if sizes else 1
    found = np.stack(columns, axis=1) if columns else np.zeros((cells, 0))
    return names, found


def references(query: BoundQuery) -> tuple[list[int], list[NDArray[np.bool_]]]:
    """Whose contrast each term of `dummies` is, and the cells of each first value."""
    sizes = key_sizes(query)
    owners = [key for key, size in enumerate(sizes) for _ in range(1, size)]
    firsts = [codes_of(query, key)[0] == 0 for key in range(len(sizes))]
    return owners, firsts


def named(names: list[str], categories: tuple[str, ...]) -> list[str]:
    """Terms under the categories as they were written."""
    found = []
    for each in names:
        place, value = each.removeprefix("key ").split(" = ", maxsplit=1)
        found.append(f"{categories[int(place) - 1]} = {value}")
    return found


def _shown(value: object, scale: int) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int) and not isinstance(value, bool) and scale:
        return str(value / 10**scale)
    return str(value)


def certified(counts: Numbers, cells: int, position: int, price: Price) -> bool:
    """Whether a sum of so many noised counts proves enough people."""
    policy = price.plan.policy
    if not policy.certificates:
        return True
    mechanism = price.mechanisms[position]
    terms = ((price.plan.components[position].unit, mechanism),) * max(1, cells)
    quantile = sum_half_width(terms, float(2 * policy.confidence - 1))
    rows = price.plan.bounded.rows_per_person
    return bool(counts.sum() >= policy.threshold_people * rows + ceil(quantile))


# ---------------------------------------------------------------------------- the fit


@dataclass(frozen=True, slots=True)
class _Parts:
    """Where the moments of each cell are: positions of components, and constants."""

    count: int
    sides: tuple[Side, ...]
    crosses: dict[tuple[int, int], Cross]


def _fit(draw: int, noised: NoisedTable, price: Price, model: Model) -> Fit:
    numbers = len(model.numbers)
    parts = _parts(price, numbers + 1)
    names, cells = dummies(price.plan.query)
    fixed = np.hstack([np.ones((len(cells), 1)), cells])
    values = [each[draw].astype(np.float64) for each in noised.values]
    total = _total(values, fixed, parts, price)
    width = len(total) - 1
    steady, inverse = _inverse(total[:width, :width], fixed, parts, price)
    slopes = inverse @ total[:width, width]
    along = np.append(-slopes, 1.0)
    counts = values[parts.count]
    rows = max(float(counts.sum()) - width, 1.0)
    sampled = max(float(along @ total @ along), 0.0) / rows * inverse
    sampled = sampled * inflation(price.plan)
    shift = _shift(parts, fixed.shape[1])
    variance = np.diag(shift @ sampled @ shift.T)
    variance = variance + _noise(shift @ inverse, along, fixed, parts, price)
    coefficients = shift @ slopes
    coefficients[0] += float(parts.sides[-1].centre)
    return Fit(
        ("(intercept)", *named(names, model.categories), *model.numbers),
        coefficients,
        np.sqrt(np.maximum(variance, 0.0)),
        _hidden(values, cells, _outcome(values, parts, price), numbers),
        steady,
    )


def _total(
    values: list[Numbers], fixed: Numbers, parts: _Parts, price: Price
) -> Numbers:
    """The moments of (1, dummies, numbers, outcome), the last two centred."""
    size = fixed.shape[1] + len(parts.sides)
    total = np.zeros((size, size))
    for position, figures in enumerate(values):
        unit = float(price.plan.components[position].unit)
        for cell, figure in zip(fixed, figures, strict=True):
            total += figure * unit * _moment(position, cell, parts)
    return total


def _noise(
    fit: Numbers, along: Numbers, fixed: Numbers, parts: _Parts, price: Price
) -> Numbers:
    """The variance that the noise of every figure gives each coefficient."""
    found = np.zeros(len(fit))
    for position, mechanism in enumerate(price.mechanisms):
        deviation = _deviation(mechanism) * float(price.plan.components[position].unit)
        for cell in fixed:
            moved = fit @ (_moment(position, cell, parts) @ along)[: len(fit)]
            found += (moved * deviation) ** 2
    return found


def _shift(parts: _Parts, fixed: int) -> Numbers:
    """From coefficients of centred numbers to those of the numbers themselves."""
    centres = [float(side.centre) for side in parts.sides[:-1]]
    shift = np.eye(fixed + len(centres))
    shift[0, fixed:] = [-each for each in centres]
    return shift


def _parts(price: Price, numbers: int) -> _Parts:
    readings = price.plan.readings
    spreads = [each for each in readings if isinstance(each, Spread)]
    singles, pairs = spreads[:numbers], iter(spreads[numbers:])
    crosses = {(place, place): each.cross for place, each in enumerate(singles)}
    for one in range(numbers):
        for other in range(one + 1, numbers):
            crosses[one, other] = next(pairs).cross
    return _Parts(singles[0].count, tuple(each.left for each in singles), crosses)


def _moment(position: int, fixed: Numbers, parts: _Parts) -> Numbers:
    """How the moments of (fixed, numbers) change with one figure of a cell."""
    width, size = len(fixed), len(fixed) + len(parts.sides)
    found = np.zeros((size, size))
    if position == parts.count:
        found[:width, :width] = np.outer(fixed, fixed)
        for (one, other), cross in parts.crosses.items():
            found[width + one, width + other] = float(cross.lift)
            found[width + other, width + one] = float(cross.lift)
    for place, side in enumerate(parts.sides):
        if side.component == position:
            found[:width, width + place] = fixed
            found[width + place, :width] = fixed
    for (one, other), cross in parts.crosses.items():
        if cross.component == position:
            found[width + one, width + other] = found[width + other, width + one] = 1.0
    return found


def _inverse(
    moments: Numbers, fixed: Numbers, parts: _Parts, price: Price
) -> tuple[bool, Numbers]:
    """The inverse of the predictors' moments, and whether noise leaves it steady.

    Columns are first brought to one size, so that units make no difference.
    """
    sizes = np.sqrt(np.maximum(np.diag(moments), 1.0))
    scaled = moments / np.outer(sizes, sizes)
    noise = 0.0
    for position, mechanism in enumerate(price.mechanisms):
        unit = float(price.plan.components[position].unit)
        for cell in fixed:
            moved = _moment(position, cell, parts)[: len(sizes), : len(sizes)]
            step = moved / np.outer(sizes, sizes) * _deviation(mechanism) * unit
            noise += float(np.sum(step**2))
    least = float(np.linalg.eigvalsh(scaled)[0])
    steady = least > _STEADY * noise**0.5 / len(sizes) ** 0.5
    inverse = np.linalg.pinv(scaled) / np.outer(sizes, sizes)
    return steady, inverse


def _deviation(mechanism: Mechanism) -> float:
    gaussian = mechanism.kind is Kind.GAUSSIAN
    return mechanism.scale if gaussian else mechanism.scale * 2**0.5


def _outcome(values: list[Numbers], parts: _Parts, price: Price) -> Outcome:
    plan = price.plan
    pairs = zip(plan.query.aggregates, plan.readings, strict=True)
    spreads = [a.argument for a, reading in pairs if isinstance(reading, Spread)]
    argument = spreads[len(parts.sides) - 1]
    if argument is None:
        raise TypeError("an outcome is an expression")
    return Outcome(argument, parts.sides[-1], parts.count, values, price)


def _hidden(
    values: list[Numbers], cells: Numbers, outcome: Outcome, numbers: int
) -> Hidden:
    """Terms without enough people behind them; without enough in all, every term.

    So it is where a number is all but one value, which the question gave it, and where
    the outcome is not proven to be a group's (`outcome`). Of several rules the last
    is told.
    """
    price, counts = outcome.price, values[outcome.count]
    besides = {at for each in price.plan.supports for at in each.besides}
    many = all(
        certified(values[at], len(cells), at, price) for at in (outcome.count, *besides)
    )

    def known(inside: NDArray[np.bool_]) -> bool:
        return certified(counts[inside], int(inside.sum()), outcome.count, price)

    every = np.ones(len(cells), dtype=np.bool_)
    rules = {
        Status.CLASS: (outcome.is_mixed(every), outcome.is_mixed),
        Status.DOMINANCE: (outcome.is_a_groups(every), outcome.is_a_groups),
        Status.FREQUENCY: (many, known),
    }
    query = price.plan.query
    return {
        rule: hidden_terms(whole, each, cells, query, numbers)
        for rule, (whole, each) in rules.items()
    }


def hidden_terms(
    whole: bool,  # noqa: FBT001 (what is so, and no switch)
    known: Callable[[NDArray[np.bool_]], bool],
    cells: Numbers,
    query: BoundQuery,
    numbers: int = 0,
) -> NDArray[np.bool_]:
    """Terms that would show a category of too few people.

    They are its own or, of a first value, the intercept and every contrast to it.
    """
    owners, firsts = references(query)
    first = [known(inside) for inside in firsts]
    shown = [whole and all(first)]
    for owner, column in zip(owners, cells.T, strict=True):
        shown.append(whole and first[owner] and known(column > 0))
    return ~np.array([*shown, *([whole] * numbers)])
