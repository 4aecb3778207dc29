"""Hide what the policy does not allow to be shown. Never refuses, never asks the data.

Only noised values and public facts are looked at: a rule on exact counts would be a
disclosure itself. What each rule proves is in `certificates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.certificates import Masks, any_of, category, dominance, frequency
from privacy.evidence import Evidence
from privacy.policy import Policy
from privacy.table import (
    STATUSES,
    CheckedTable,
    DerivedOutput,
    DerivedTable,
    Figures,
    Status,
)

_CODES: Final = {status: np.uint8(code) for code, status in enumerate(STATUSES)}

_RULES: Final[Mapping[Status, Callable[[Evidence], Masks]]] = MappingProxyType(
    {
        Status.FREQUENCY: frequency,
        Status.DOMINANCE: dominance,
        Status.CLASS: category,
    }
)
"""The certificates; a figure that several hide is said to be hidden by the first."""


def disclosure(derived: DerivedTable) -> CheckedTable:
    """Suppress uncertified figures and mark unreliable ones.

    A suppressed figure and its interval are NULL, to HAVING and ORDER BY too; an
    output is suppressed where any aggregate it depends on is. An answer without
    keys is one cell under the same rules. Rows stay: their keys are public.
    """
    price = derived.price
    hidden = _hidden(derived)
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
        statuses.append(_statuses(output, covered, price.plan.policy))
    draws = derived.noised.values[0].shape[0]
    return CheckedTable(
        price, draws, derived.keys, aggregates, tuple(outputs), tuple(statuses)
    )


def _hidden(derived: DerivedTable) -> Mapping[Status, Masks]:
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
    zero = np.zeros((), dtype=figures.values.dtype)
    return Figures(np.where(null, zero, figures.values), null)


def _statuses(
    output: DerivedOutput, covered: Mapping[Status, NDArray[np.bool_]], policy: Policy
) -> NDArray[np.uint8] | None:
    if output.low is None or output.high is None:
        return None
    doubtful = _unreliable(output, policy)
    codes = np.where(doubtful, _CODES[Status.UNRELIABLE], _CODES[Status.OK])
    for status, hidden in reversed([*covered.items()]):
        codes = np.where(hidden, _CODES[status], codes)
    return codes


def _unreliable(output: DerivedOutput, policy: Policy) -> NDArray[np.bool_]:
    """Whether the interval's half-width is above the policy's share of the value."""
    value = np.asarray(output.value.values, dtype=np.float64)
    if policy.relative_margin is None or output.low is None or output.high is None:
        return np.zeros(value.shape, dtype=bool)
    low = np.asarray(output.low.values, dtype=np.float64)
    high = np.asarray(output.high.values, dtype=np.float64)
    wide = (high - low) / 2 > float(policy.relative_margin) * np.abs(value)
    return wide | output.value.null | output.low.null | output.high.null
