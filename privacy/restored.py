"""Answers over numbers that were cut off, restored by what is lost on average.

What averages lose is in the released profile, so it costs nothing; what sums lose is
measured with them, over all cells together, in the same price.An interval has
the noise's width and, beside it in squares, the chance of who is in the cell: n people
lose √n times one's deviation more or less. Beyond that its ends are moved by the most
that a cell is taken to lose, and by the least, which is nothing (`cut`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from privacy.cut import UNEVEN, Cut
from privacy.evidence import Ends, Evidence, Numbers, point
from privacy.form import Ratio
from privacy.quantile import COVERAGE, normal_half_width


def restored_average(ratio: Ratio) -> float:
    """What is added to an average of values that were cut off."""
    return 0.0 if ratio.cut is None else ratio.cut.shift * float(ratio.cut.unit)


def average_ends(
    ratio: Ratio, cut: Cut, evidence: Evidence, ends: Ends, coverage: float
) -> Ends:
    """The ends of the interval of such an average, from those of what was averaged."""
    below, unit = point(ratio.denominator, evidence), float(cut.unit)
    rows = np.maximum(below, 1.0)
    chance = normal_half_width(coverage) * cut.deviation * unit / np.sqrt(rows)
    middle = (ends[0] + ends[1]) / 2
    half = np.hypot((ends[1] - ends[0]) / 2, chance)
    known = np.isfinite(half)
    middle, half = np.where(known, middle, 0.0), np.where(known, half, np.inf)
    return middle - half - cut.most_below * unit, middle + half + cut.most_above * unit


@dataclass(frozen=True, slots=True)
class Lost:
    """What a cell's clipped totals lost, in unscaled units, and how sure that is.

    `share` of what all cells lost, in proportion to what is left of them; `doubt` is
    the half-width of the noise in it.
    """

    share: Numbers
    doubt: Numbers


def lost_of(clipped: Numbers, lost: Numbers, width: float) -> Lost:
    """Share out what all cells lost together; `width` is the half-width of its noise.

    `clipped` has the cells' noised sums and `lost` the noised loss, the same in each:
    shape (draws, cells). Never below nothing.
    """
    left = np.maximum(clipped, 0.0)
    parts = left / np.maximum(left.sum(axis=-1, keepdims=True), 1.0)
    return Lost(parts * np.maximum(lost, 0.0), parts * width)


def total_ends(cut: Cut, clipped: Numbers, width: float, lost: Lost) -> Ends:
    """The ends of the interval of a sum, from the noised sum of clipped totals.

    In unscaled units; `width` is the half-width of the sum's noise. A cell lost
    nothing, or up to `UNEVEN` times its share.
    """
    people = np.maximum(clipped, 0.0) / max(cut.mean, 1.0)
    chance = normal_half_width(COVERAGE) * cut.deviation * np.sqrt(people)
    half = np.hypot(np.hypot(width, chance), lost.doubt)
    return clipped - half, clipped + half + UNEVEN * lost.share
