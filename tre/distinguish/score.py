"""How much an answer speaks for the larger database: learned, and proving nothing.

A score is near the logarithm of the likelihood ratio, by which the best tests decide
(Neyman and Pearson 1933). Where it is far from it, a bound is weak, never wrong: plays
are judged that no score was learned on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tre.distinguish.game import Shape
from tre.distinguish.table import Figures

Scores: TypeAlias = NDArray[np.float64]
Score: TypeAlias = Callable[[Figures], Scores]

_TAIL: Final = 0.01
_SMALL: Final = 1e-9
"""What is added to a variance, so that figures without any noise count, too."""

_DIGITS: Final = 9
"""Scores that differ by less are the same: they did before they were added up."""


def learn(fewer: Figures, more: Figures, shape: Shape) -> Score:
    """A score from answers of either database, larger where it was the larger one."""
    shown = _BY_SHAPE[shape](fewer, more)
    hidden = _missing(fewer, more)

    def score(figures: Figures) -> Scores:
        return np.round(shown(figures) + hidden(figures), _DIGITS)

    return score


def _missing(fewer: Figures, more: Figures) -> Score:
    """What it tells that a figure is, or is not, there."""
    absent, present = (
        np.log((count(more) + 1) / (len(more) + 2))
        - np.log((count(fewer) + 1) / (len(fewer) + 2))
        for count in (_absent, _present)
    )
    either = (_absent(fewer) + _absent(more)) > 0
    weights = np.where(either, absent, 0.0), np.where(either, present, 0.0)

    def score(seen: Figures) -> Scores:
        told: Scores = np.where(np.isnan(seen), *weights).sum(axis=1)
        return told

    return score


def _absent(seen: Figures) -> NDArray[np.float64]:
    absent: NDArray[np.float64] = np.isnan(seen).sum(axis=0).astype(np.float64)
    return absent


def _present(seen: Figures) -> NDArray[np.float64]:
    return len(seen) - _absent(seen)


def _laplace(fewer: Figures, more: Figures) -> Score:
    """(|x − a₀| − |x − a₁|) / b, added up over figures."""
    low, high = _middle(fewer), _middle(more)
    apart = np.concatenate([np.abs(fewer - low), np.abs(more - high)])
    wide = _over(np.nansum(apart, axis=0), (~np.isnan(apart)).sum(axis=0)) + _SMALL

    def score(seen: Figures) -> Scores:
        nearer = np.abs(seen - low) - np.abs(seen - high)
        told: Scores = np.nan_to_num(_over(nearer, wide)).sum(axis=1)
        return told

    return score


def _gaussian(fewer: Figures, more: Figures) -> Score:
    """Fisher's linear discriminant, of figures whose tails are cut."""
    both = np.concatenate([fewer, more])
    ends = _ends(both)
    low, high = (np.nanmean(_cut(each, ends), axis=0) for each in (fewer, more))
    centred = np.concatenate([_cut(fewer, ends) - low, _cut(more, ends) - high])
    spread = np.atleast_2d(np.cov(np.nan_to_num(centred), rowvar=False))
    apart = np.nan_to_num(high - low)
    least = np.diag(np.maximum((_SMALL * apart) ** 2, _SMALL))
    weights = np.linalg.pinv(spread + least, hermitian=True) @ apart
    middle = np.nan_to_num((low + high) / 2)

    def score(seen: Figures) -> Scores:
        away = np.nan_to_num(_cut(seen, ends) - middle)
        result: Scores = away @ weights
        return result

    return score


def _finite(fewer: Figures, more: Figures) -> Score:
    """The logarithm of how much more often each value was seen, added up."""
    tables = [_ratios(*pair) for pair in zip(fewer.T, more.T, strict=True)]

    def score(seen: Figures) -> Scores:
        parts = [
            [table.get(value, 0.0) for value in column]
            for table, column in zip(tables, seen.T, strict=True)
        ]
        told: Scores = np.array(parts, dtype=np.float64).sum(axis=0)
        return told

    return score


def _ratios(fewer: Scores, more: Scores) -> dict[float, float]:
    values = np.unique(np.concatenate([fewer, more]))
    values = values[~np.isnan(values)]
    often = [
        np.log([(np.sum(each == value) + 0.5) / len(each) for value in values])
        for each in (fewer, more)
    ]
    return dict(zip(values.tolist(), (often[1] - often[0]).tolist(), strict=True))


_BY_SHAPE: Final = {
    Shape.LAPLACE: _laplace,
    Shape.GAUSSIAN: _gaussian,
    Shape.FINITE: _finite,
}


def _middle(seen: Figures) -> NDArray[np.float64]:
    shown = np.where(np.all(np.isnan(seen), axis=0), 0.0, seen)
    middle: NDArray[np.float64] = np.nanmedian(shown, axis=0)
    return middle


def _ends(seen: Figures) -> NDArray[np.float64]:
    shown = np.where(np.all(np.isnan(seen), axis=0), 0.0, seen)
    ends: NDArray[np.float64] = np.nanquantile(shown, (_TAIL, 1 - _TAIL), axis=0)
    return ends


def _cut(seen: Figures, ends: NDArray[np.float64]) -> Figures:
    shown: Figures = np.clip(seen, ends[0], ends[1])
    return shown


def _over(above: NDArray[np.float64], below: NDArray[np.float64]) -> Figures:
    """Divided, and 0 where there is nothing to divide by."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
