"""Measure every outcome of an evaluation: one line a measure, method, figure and ε."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from privacy.model import is_model
from tre.evaluation.cell import Cell, cells, key_of
from tre.evaluation.grid import Grid, grids
from tre.evaluation.measures.coefficients import sign_agreement, size_ratio
from tre.evaluation.measures.decisions import agreement
from tre.evaluation.measures.distances import earth_movers, total_variation
from tre.evaluation.measures.errors import (
    Reals,
    absolute_error,
    bias,
    relative_error,
)
from tre.evaluation.measures.intervals import coverage, relative_width
from tre.evaluation.measures.ranks import kendall, spearman, top_agreement
from tre.evaluation.measures.subgroups import error_by_size, hidden_by_size
from tre.evaluation.outcome import Outcome
from tre.evaluation.plan import Asking
from tre.evaluation.site import Site, truth_key

MEASURED: Final = pa.schema(
    [
        ("family", pa.string()),
        ("method", pa.string()),
        ("question", pa.string()),
        ("column", pa.string()),
        ("epsilon", pa.float64()),
        ("measure", pa.string()),
        ("size", pa.string()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("uncertain", pa.float64()),
        ("draws", pa.int64()),
    ]
)
"""`value` is the mean over repetitions; nine in ten of these lie from `low` to `high`;
`uncertain` is the half-width of a 95% interval for the mean. `size` is a size class of
cells, or empty where a measure is over all of them."""

SPENT: Final = pa.schema(
    [
        ("method", pa.string()),
        ("question", pa.string()),
        ("epsilon", pa.float64()),
        ("rho", pa.float64()),
        ("refused", pa.string()),
    ]
)
"""What one answer cost, or why it was refused."""

_NORMAL: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Summary:
    """All measures, as MEASURED has them, and what was spent, as SPENT has it."""

    measured: pa.Table = field(repr=False)
    spent: pa.Table = field(repr=False)


def summarise(site: Site, fingerprint: str) -> Summary:
    """Measure what was answered. Everything of the plan must have been."""
    lines: list[dict[str, object]] = []
    spent = []
    for cell in cells(site.plan):
        outcome = site.answers.read(key_of(cell, site.plan, fingerprint))
        spent.append(_spent(cell, outcome))
        if not outcome.refused:
            exact = site.truths.read(truth_key(cell.asking, fingerprint)).figures
            lines += _lines(cell, outcome, exact)
    return Summary(
        pa.Table.from_pylist(lines, schema=MEASURED),
        pa.Table.from_pylist(spent, schema=SPENT),
    )


def _lines(
    cell: Cell, outcome: Outcome, exact: pa.Table
) -> Iterator[dict[str, object]]:
    for column, grid in grids(outcome, exact, cell.times).items():
        for (measure, size), found in _measures(cell.asking, column, grid).items():
            known = found[~np.isnan(found)]
            if len(known):
                yield {
                    "family": cell.method.family.value,
                    "method": cell.method.name,
                    "question": cell.asking.name,
                    "column": column,
                    "epsilon": cell.epsilon,
                    "measure": measure,
                    "size": size,
                    **_summed(known),
                }


def _summed(known: Reals) -> dict[str, float]:
    """The mean of so many draws, where nine in ten lie, and how sure the mean is."""
    low, high = np.quantile(known, (0.05, 0.95))
    deviation = known.std(ddof=1) if len(known) > 1 else 0.0
    return {
        "value": float(known.mean()),
        "low": float(low),
        "high": float(high),
        "uncertain": float(_NORMAL * deviation / np.sqrt(len(known))),
        "draws": len(known),
    }


def _measures(
    asking: Asking, column: str, grid: Grid
) -> Mapping[tuple[str, str], Reals]:
    """Every measure that a column has, by its name and size class."""
    there = ~np.isnan(grid.exact)
    values, exact, rows = grid.values[:, there], grid.exact[there], grid.rows[there]
    low, high = grid.low[:, there], grid.high[:, there]
    found = {
        "absolute error": absolute_error(values, exact),
        "relative error": relative_error(values, exact),
        "bias": bias(values, exact),
        "hidden": np.isnan(values).mean(axis=1),
        "coverage": coverage(low, high, exact),
        "interval width": relative_width(low, high, exact),
        "Kendall": kendall(values, exact),
        "Spearman": spearman(values, exact),
        "top": top_agreement(values, exact, asking.top),
        **_shares(values, exact),
        **_model(asking, values, exact),
        **_decided(asking, column, values, exact),
    }
    whole = {(name, ""): each for name, each in found.items()}
    parts = {
        (name, size): each
        for name, by_size in (
            ("relative error", error_by_size(values, exact, rows)),
            ("hidden", hidden_by_size(values, rows)),
        )
        for size, each in by_size.items()
    }
    return {**whole, **parts}


def _shares(values: Reals, exact: Reals) -> Mapping[str, Reals]:
    """Distances, of figures that are shares of a whole: none below 0, two or more."""
    if len(exact) < 2 or (exact < 0).any():  # noqa: PLR2004 - one cell is no distribution
        return {}
    return {
        "total variation": total_variation(values, exact),
        "earth mover's": earth_movers(values, exact),
    }


def _model(asking: Asking, values: Reals, exact: Reals) -> Mapping[str, Reals]:
    if not is_model(asking.sql):
        return {}
    return {
        "sign": sign_agreement(values, exact),
        "size ratio": size_ratio(values, exact),
    }


def _decided(
    asking: Asking, column: str, values: Reals, exact: Reals
) -> Mapping[str, Reals]:
    decision = asking.decision
    if decision is None or decision.column != column:
        return {}
    return {"decision": agreement(values, exact, decision.above)}


def _spent(cell: Cell, outcome: Outcome) -> dict[str, object]:
    return {
        "method": cell.method.name,
        "question": cell.asking.name,
        "epsilon": cell.epsilon,
        "rho": outcome.spent,
        "refused": outcome.refused,
    }
