"""Hide what the policy does not allow to be shown. Never refuses, never asks the data.

The frequency certificate: a figure is shown only where the noised count behind it,
less the 99% quantile of that count's own noise, still proves `threshold_people`
people. So one with fewer people behind it is shown with probability at most 1%.
Only noised values and public facts are looked at: a rule on exact counts would be
a disclosure itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.plan import Plan, Support
from privacy.policy import Policy
from privacy.price import Price
from privacy.quantile import upper_quantile
from privacy.table import (
    STATUSES,
    CheckedTable,
    DerivedOutput,
    DerivedTable,
    Figures,
    Status,
)

_CODES: Final = {status: np.uint8(code) for code, status in enumerate(STATUSES)}


def disclosure(derived: DerivedTable) -> CheckedTable:
    """Suppress uncertified figures and mark unreliable ones.

    A suppressed figure and its interval are NULL, to HAVING and ORDER BY too; an
    output is suppressed where any aggregate it depends on is. An answer without
    keys is one cell under the same rule. Rows stay: their keys are public.
    """
    price = derived.price
    hidden = _hidden(derived)
    aggregates = tuple(
        _wiped(figures, hidden[position])
        for position, figures in enumerate(derived.aggregates)
    )
    outputs, statuses = [], []
    for output in derived.outputs:
        covered = _any(tuple(hidden[each] for each in sorted(output.aggregates)))
        outputs.append(_suppressed(output, covered))
        statuses.append(_statuses(output, covered, price.plan.policy))
    draws = derived.noised.values[0].shape[0]
    return CheckedTable(
        price, draws, derived.keys, aggregates, tuple(outputs), tuple(statuses)
    )


def least_shown(price: Price, support: Support) -> int:
    """The least noised count that certifies a cell: k · per person + q."""
    policy = price.plan.policy
    quantile = upper_quantile(price.mechanisms[support.component], policy.confidence)
    return policy.threshold_people * support.per_person + quantile


def _hidden(derived: DerivedTable) -> tuple[NDArray[np.bool_], ...]:
    """For each aggregate, the figures without a certificate, shape (draws, cells)."""
    plan: Plan = derived.price.plan
    if not plan.policy.certificates:
        nothing = np.zeros((1, 1), dtype=bool)
        return tuple(nothing for _ in derived.aggregates)
    return tuple(
        derived.noised.values[support.component] < least_shown(derived.price, support)
        for support in plan.supports
    )


def _any(masks: tuple[NDArray[np.bool_], ...]) -> NDArray[np.bool_]:
    return np.logical_or.reduce(masks) if masks else np.zeros((1, 1), dtype=bool)


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
    zero = np.zeros((), dtype=figures.values.dtype)
    return Figures(np.where(null, zero, figures.values), null)


def _statuses(
    output: DerivedOutput, covered: NDArray[np.bool_], policy: Policy
) -> NDArray[np.uint8] | None:
    if output.low is None or output.high is None:
        return None
    doubtful = _unreliable(output, policy)
    status = np.where(doubtful, _CODES[Status.UNRELIABLE], _CODES[Status.OK])
    return np.where(covered, _CODES[Status.FREQUENCY], status)


def _unreliable(output: DerivedOutput, policy: Policy) -> NDArray[np.bool_]:
    """Whether the interval's half-width is above the policy's share of the value."""
    value = np.asarray(output.value.values, dtype=np.float64)
    if policy.relative_margin is None or output.low is None or output.high is None:
        return np.zeros(value.shape, dtype=bool)
    low = np.asarray(output.low.values, dtype=np.float64)
    high = np.asarray(output.high.values, dtype=np.float64)
    wide = (high - low) / 2 > float(policy.relative_margin) * np.abs(value)
    return wide | output.value.null | output.low.null | output.high.null
