"""Fit a logistic regression on categories to a noised table of counts.

In each combination of categories the table has how many rows there are and how many
meet the condition. Main effects are fitted by maximum likelihood (iteratively weighted
least squares) to counts pushed into what is possible. Standard errors are those of a
parametric bootstrap: tables are drawn from the fit, with the sampling variance of
counts, times what a person's several rows may add to it (`clustered`), and the same
noise, and fitted again (Efron and Tibshirani 1993, section 6.5).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.clustered import inflation
from privacy.mechanism import Kind, Mechanism, draw
from privacy.model import Model
from privacy.price import Price
from privacy.reading import Reading
from privacy.regress import Fit, certified, dummies, hidden_terms, named, released
from privacy.table import NoisedTable, ReleasedTable, Status

REPLICATES: Final = 200
_STEPS: Final = 30
_RIDGE: Final = 1e-6
_FINE: Final = 2**20
"""Whole-number normals of this scale stand for continuous ones."""

Numbers = NDArray[np.float64]

_FARTHEST: Final = 10
"""Log-odds beyond it are of categories that the outcome all but follows from."""


def logistic(noised: NoisedTable, price: Price, model: Model) -> ReleasedTable:
    """The log odds ratios, one row a term, in each draw."""
    return released([_fit(each, noised, price, model) for each in range(noised.draws)])


def _fit(number: int, noised: NoisedTable, price: Price, model: Model) -> Fit:
    names, cells = dummies(price.plan.query)
    design = np.hstack([np.ones((len(cells), 1)), cells])
    rows, met = _positions(price)
    counts = noised.values[rows][number].astype(np.float64)
    meeting = noised.values[met][number].astype(np.float64)
    fitted = _likeliest(design, counts[None, :], meeting[None, :])[0]
    again = _replicates(design, fitted, counts, price)
    errors = np.std(again, axis=0, ddof=1)
    hidden = _hidden(counts, meeting, cells, price)
    steady = bool(np.all(np.isfinite(errors)) and np.abs(fitted).max() < _FARTHEST)
    return Fit(
        ("(intercept)", *named(names, model.categories)),
        fitted,
        errors,
        {Status.FREQUENCY: hidden},
        steady,
    )


def _positions(price: Price) -> tuple[int, int]:
    """Where the number of rows and of those that meet the condition were noised."""
    found = [each for each in price.plan.readings if isinstance(each, Reading)]
    return found[0].component, found[1].component


def _likeliest(design: Numbers, counts: Numbers, meeting: Numbers) -> Numbers:
    """Maximum likelihood of many tables at once; a row of coefficients a table."""
    rows = np.maximum(counts, 0.0)
    met = np.clip(meeting, 0.0, rows)
    found = np.zeros((len(rows), design.shape[1]))
    ridge = _RIDGE * np.eye(design.shape[1])
    for _ in range(_STEPS):
        odds = np.clip(found @ design.T, -30, 30)
        share = 1 / (1 + np.exp(-odds))
        weight = rows * share * (1 - share)
        slope = (met - rows * share) @ design - _RIDGE * found
        curve = np.einsum("tc,ci,cj->tij", weight, design, design) + ridge
        step = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
        found = found + np.clip(step, -2, 2)
    return found


def _replicates(
    design: Numbers, fitted: Numbers, counts: Numbers, price: Price
) -> Numbers:
    """Fits of tables drawn from the fit: sampling, and the noise there was."""
    rows, met = _positions(price)
    size = (REPLICATES, len(counts))
    whole = np.maximum(counts, 0.0)
    share = 1 / (1 + np.exp(-np.clip(design @ fitted, -30, 30)))
    variance = whole * share * (1 - share) * inflation(price.plan)
    sampled = whole * share + np.sqrt(variance) * _normals(size)
    return _likeliest(
        design,
        whole + _drawn(price.mechanisms[rows], size),
        sampled + _drawn(price.mechanisms[met], size),
    )


def _normals(size: tuple[int, int]) -> Numbers:
    return _drawn(Mechanism(Kind.GAUSSIAN, float(_FINE), 1, 1), size) / _FINE


def _drawn(mechanism: Mechanism, size: tuple[int, int]) -> Numbers:
    """Noise of nothing: it protects nobody, and costs nothing."""
    return draw(mechanism, np.zeros(size, dtype=np.int64)).astype(np.float64)


def _hidden(
    counts: Numbers, meeting: Numbers, cells: Numbers, price: Price
) -> NDArray[np.bool_]:
    """Terms whose rows, or those that meet the condition or do not, may be too few."""
    rows, met = _positions(price)

    def known(inside: NDArray[np.bool_]) -> bool:
        size = int(inside.sum())
        parts = (counts[inside], meeting[inside], (counts - meeting)[inside])
        sizes = (size, size, 2 * size)
        places = (rows, met, rows)
        return all(
            certified(*each, price) for each in zip(parts, sizes, places, strict=True)
        )

    whole = known(np.ones(len(counts), dtype=bool))
    return hidden_terms(whole, known, cells, price.plan.query)
