"""Hide what the policy does not allow to be shown. Never refuses, never asks the data.

Only noised values and public facts are looked at: a rule on exact counts would be a
disclosure itself. What each rule proves is in `certificates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.certificates import Masks, any_of, category, dominance, frequency
from privacy.evidence import Evidence
from privacy.granularity import granular
from privacy.plan import Plan
from privacy.table import (
    STATUSES,
    CheckedTable,
    DerivedOutput,
    DerivedTable,
    Figures,
    Status,
    Values,
)

_CODES: Final = {status: np.uint8(code) for code, status in enumerate(STATUSES)}

_RULES: Final[Mapping[Status, Callable[[Evidence], Masks]]] = MappingProxyType(
    {
        Status.FREQUENCY: frequency,
        Status.DOMINANCE: dominance,
        Status.CLASS: category,
    }
)
"""The certificates, in the order in which they are named."""


def disclosure(derived: DerivedTable) -> CheckedTable:
    """Suppress uncertified figures and mark unreliable ones.

    A suppressed figure and its interval are NULL, to HAVING and ORDER BY too; an
    output is suppressed where any aggregate it depends on is. An answer without
    keys is one cell under the same rules. Rows stay: their keys are public.
    """
    return hide(derived, uncertified(derived))


def hide(derived: DerivedTable, hidden: Mapping[Status, Masks]) -> CheckedTable:
    """Suppress what each rule hides, round, and mark unreliable figures.

    A figure that several rules hide is said to be hidden by the first. Rounding comes
    after what hides, and before what is said of the figures that are shown.
    """
    derived = granular(derived)
    price = derived.price
    aggregates = tuple(
        _wiped(figures, any_of(masks[position] for masks in hidden.values()))
        for position, figures in enumerate(derived.aggregates)
    )
    outputs, statuses = [], []
    for output in derived.outputs:
        covered = {
            status: any_of(masks[each] for each in output.aggregates)
            for status, masks in hidden.items()
        }
        outputs.append(_suppressed(output, any_of(covered.values())))
        statuses.append(_statuses(output, covered, price.plan))
    draws = derived.noised.draws
    return CheckedTable(
        price,
        draws,
        derived.keys,
        aggregates,
        tuple(outputs),
        tuple(statuses),
        derived.present,
    )


def uncertified(derived: DerivedTable) -> Mapping[Status, Masks]:
    """What each rule hides, of each aggregate."""
    if not derived.price.plan.policy.certificates:
        return {}
    evidence = Evidence(derived.price, derived.noised, derived.keys)
    return {status: rule(evidence) for status, rule in _RULES.items()}


def _suppressed(output: DerivedOutput, covered: NDArray[np.bool_]) -> DerivedOutput:
    """The output with every covered figure missing, its value wiped too."""
    if output.low is None or output.high is None:
        return output
    return replace(
        output,
        value=_wiped(output.value, covered),
        low=_wiped(output.low, covered),
        high=_wiped(output.high, covered),
    )


def _wiped(figures: Figures, covered: NDArray[np.bool_]) -> Figures:
    """Missing where covered, and 0 underneath: nothing can sort by what is hidden."""
    null = figures.null | covered
    return Figures(np.where(null, _nothing(figures.values), figures.values), null)


def _nothing(values: Values) -> Values:
    """Zero, or the first of all dates or times, whatever the values are."""
    if values.dtype != np.object_ or not values.size:
        return np.zeros((), dtype=values.dtype)
    held = np.empty((), dtype=object)
    held[()] = type(values.flat[0]).min
    return held


def _statuses(
    output: DerivedOutput, covered: Mapping[Status, NDArray[np.bool_]], plan: Plan
) -> NDArray[np.uint8] | None:
    if output.low is None or output.high is None:
        return None
    doubtful = _unreliable(output, plan)
    codes = np.where(doubtful, _CODES[Status.UNRELIABLE], _CODES[Status.OK])
    for status, hidden in reversed([*covered.items()]):
        codes = np.where(hidden, _CODES[status], codes)
    return codes


def _unreliable(output: DerivedOutput, plan: Plan) -> NDArray[np.bool_]:
    """Whether the interval's half-width is above the policy's share of the value."""
    margin = plan.policy.relative_margin
    if margin is None or output.low is None or output.high is None:
        return np.zeros(output.value.values.shape, dtype=bool)
    if output.value.values.dtype == np.object_:
        return _vague(output, float(margin), plan)
    value = np.asarray(output.value.values, dtype=np.float64)
    low = np.asarray(output.low.values, dtype=np.float64)
    high = np.asarray(output.high.values, dtype=np.float64)
    wide = (high - low) / 2 > float(margin) * np.abs(value)
    return wide | output.value.null | output.low.null | output.high.null


def _vague(output: DerivedOutput, share: float, plan: Plan) -> NDArray[np.bool_]:
    """Whether a date's interval is wider than this share of all the dates there are.

    A date is no multiple of anything, so its interval is no share of it.
    """
    (position,) = output.aggregates
    argument = plan.query.aggregates[position].argument
    if argument is None or output.low is None or output.high is None:
        raise TypeError("what has a status has an interval")
    lower, upper = argument.domain.lower, argument.domain.upper
    if not (isinstance(lower, date) and isinstance(upper, date)):
        raise TypeError("dates are put in order between bounds")
    width = output.high.values - output.low.values
    return np.asarray(width > (upper - lower) * share, dtype=bool)
