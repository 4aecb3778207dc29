"""What an average over some of each person's rows is off by, and how sure that is.

Rows left out are summed and counted at a small part of the same price. Over all
cells together that gives their share s and how far their average is from that of the
rows kept, D, and so s·D, which every cell's average is corrected by. Three things
are in doubt then, and in the interval. A cell's own bias need not be that of all: as
much as D is more than its standard error is added again. The noise in s·D, and the
lot by which rows were kept, whose standard error is at most reach·√(s/n) for an
average of n rows (Cochran 1977, section 2.6, with Popoviciu's bound of a variance),
are independent of the cell's noise and add up with it in squares.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from privacy.evidence import Ends, Evidence, Numbers, point
from privacy.form import Linear, Ratio
from privacy.mechanism import Kind
from privacy.quantile import normal_half_width


@dataclass(frozen=True, slots=True)
class Bias:
    """The measured bias of averages over some rows, by draw.

    Averages are lowered by `shift`, which has a standard `error`; a cell may be off
    by `uneven` more. `share` is that of the rows left out.
    """

    shift: Numbers
    error: Numbers
    uneven: Numbers
    share: Numbers


def bias_of(ratio: Ratio, evidence: Evidence) -> Bias | None:
    """The measured bias of an average in units of its ratio; None where it has none."""
    if ratio.left_out is None:
        return None
    reach, over = float(ratio.reach), (ratio.numerator, ratio.denominator)
    kept, out = (np.maximum(_all(n, evidence), 1.0) for _, n in (over, ratio.left_out))
    averages = [
        np.clip(_all(total, evidence) / rows, -reach, reach)
        for (total, _), rows in ((over, kept), (ratio.left_out, out))
    ]
    share, apart = out / (out + kept), averages[0] - averages[1]
    error = np.hypot(
        _error(over, kept, reach, evidence),
        _error(ratio.left_out, out, reach, evidence),
    )
    uneven = np.maximum(np.abs(apart) - error, 0.0)
    return Bias(share * apart, share * error, share * uneven, share)


def widened(
    ratio: Ratio, bias: Bias, evidence: Evidence, ends: Ends, coverage: float
) -> Ends:
    """The ends of an average's interval, with its bias and the lot in them."""
    rows = np.maximum(point(ratio.denominator, evidence), 1.0)
    middle = point(ratio.numerator, evidence) / rows
    lot = float(ratio.reach) * np.sqrt(bias.share / rows)
    beside = normal_half_width(coverage) * np.hypot(lot, bias.error)
    low, high = (np.hypot(end - middle, beside) + bias.uneven for end in ends)
    return middle - bias.shift - low, middle - bias.shift + high


def _all(value: Linear, evidence: Evidence) -> Numbers:
    """A sum of components over all cells."""
    total: Numbers = point(value, evidence).sum(axis=-1, keepdims=True)
    return total


def _error(
    pair: tuple[Linear, Linear], rows: Numbers, reach: float, evidence: Evidence
) -> Numbers:
    """The standard error of an average over all cells, at most."""
    total, count = (_deviation(each, evidence) for each in pair)
    cells = evidence.shape[-1]
    error: Numbers = sqrt(cells) * np.hypot(total, reach * count) / rows
    return error


def _deviation(value: Linear, evidence: Evidence) -> float:
    variance = 0.0
    for position, coefficient in value.terms:
        mechanism = evidence.price.mechanisms[position]
        twice = 2 if mechanism.kind is Kind.LAPLACE else 1
        variance += twice * (float(coefficient) * mechanism.scale) ** 2
    return sqrt(variance)
