"""How wide noise is: exact quantiles of what OpenDP draws, and of sums of it.

Nothing here reads a noised value; everything follows from public scales, and is
cached by scale. The discrete Laplace has closed tails. The discrete Gaussian is
summed up to σ = 1,000; beyond, the normal tail from w + ½ is used, which bounds
the discrete one from above (midpoint rule on a convex function).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache, reduce
from math import ceil, erfc, exp, gcd, lcm, log, log1p, sqrt
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.mechanism import WIDEST, Kind, Mechanism

COVERAGE: Final = 0.95
"""What every interval shown is meant to cover."""

_LEAST: Final = 0.945
"""A whole-number interval may cover this little where that is nearer to 95%."""

_SUMMED: Final = 1_000.0
_LATTICE: Final = 2**14
"""Points up to which the distribution of a sum is computed exactly."""

_SERIES: Final = 4_096
_PAIRS: Final = 2_048

_COARSE: Final = 2.0
"""Scales below this are not taken for continuous ones."""

Term = tuple[Fraction, Mechanism]
"""A coefficient and the noise it multiplies."""


def beyond(mechanism: Mechanism, whole: int) -> float:
    """The probability that the noise is above `whole` ≥ 0; never understated."""
    if mechanism.kind is Kind.LAPLACE:
        decay = exp(-1 / mechanism.scale)
        return exp(-(whole + 1) / mechanism.scale) / (1 + decay)
    if mechanism.scale > _SUMMED:
        return erfc((whole + 0.5) / (mechanism.scale * sqrt(2))) / 2
    tails = _gaussian_tails(mechanism.scale)
    return float(tails[whole]) if whole < len(tails) else 0.0


def upper_quantile(mechanism: Mechanism, confidence: Fraction) -> int:
    """The least q that the noise exceeds with probability at most 1 − confidence."""
    return _upper_quantile(mechanism.kind, mechanism.scale, 1 - float(confidence))


def half_width(mechanism: Mechanism) -> int:
    """The w for which ±w covers nearest to 95%, and no less than 94.5%.

    The noise is whole, so 95% itself is rarely to be had; of the two neighbours
    the wider is always enough and the narrower is taken where it is nearer.
    """
    return _half_width(mechanism.kind, mechanism.scale)


def sum_half_width(terms: tuple[Term, ...], coverage: float = COVERAGE) -> float:
    """The w for which ±w covers a sum of independent noises times coefficients.

    A single noise at 95% as in `half_width`; else at least `coverage`, up to what
    treating scales of 2 and more as continuous costs. Sums on a small lattice are
    exact.
    """
    if not terms:
        return 0.0
    if len(terms) == 1:
        return float(abs(terms[0][0])) * _single(terms[0][1], coverage)
    plain = tuple((c, m.kind, m.scale) for c, m in sorted(terms, key=_by_scale))
    return _sum_half_width(plain, coverage)


def widest(kind: Kind, whole: int) -> float:
    """The largest scale whose 95% half-width is at most `whole` ≥ 0."""
    return _widest(kind, whole)


@lru_cache(maxsize=64)
def normal_half_width(coverage: float) -> float:
    """The z for which ±z covers a standard normal with this probability."""
    return NormalDist().inv_cdf((1 + coverage) / 2)


def smooth_scale(mechanism: Mechanism, coverage: float) -> float:
    """The scale of continuous noise of the same kind that is no less wide.

    The noise's own from 2 on; below, steps matter, and the scale is that at which
    the continuous quantile reaches the discrete one.
    """
    return _smooth_scale(mechanism.kind, mechanism.scale, coverage)


def laplace_pair_half_width(
    ratio: NDArray[np.float64], coverage: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The w for which ±w covers X + ratio·Y, both Laplace of scale 1, and its slope.

    P(|X + rY| > w) = (e^−w − r² e^(−w/r)) / (1 − r²), tabulated over r in [0, 1]
    and continued by w(r) = r·w(1/r); convex, and from above by less than 10⁻⁶.
    """
    table, slopes = _laplace_pairs(coverage)
    large = ratio > 1
    inner = np.where(large, 1 / np.where(large, ratio, 1.0), ratio)
    place = np.minimum((inner * _PAIRS).astype(np.intp), _PAIRS - 1)
    slope = slopes[place]
    width = table[place] + slope * (inner - place / _PAIRS)
    return (
        np.where(large, ratio * width, width),
        np.where(large, width - inner * slope, slope),
    )


def _by_scale(term: Term) -> tuple[str, float, Fraction]:
    return term[1].kind.value, term[1].scale, term[0]


def _single(mechanism: Mechanism, coverage: float) -> int:
    if coverage == COVERAGE:
        return half_width(mechanism)
    miss = (1 - coverage) / 2
    return _upper_quantile(mechanism.kind, mechanism.scale, miss)


@lru_cache(maxsize=4_096)
def _upper_quantile(kind: Kind, scale: float, miss: float) -> int:
    mechanism = Mechanism(kind, scale, 1, 1)
    if kind is Kind.LAPLACE:
        start = -scale * (log(miss) + log1p(exp(-1 / scale))) - 1
    elif scale > _SUMMED:
        start = scale * NormalDist().inv_cdf(1 - miss) - 0.5
    else:
        return int(np.searchsorted(-_gaussian_tails(scale), -miss))
    return _least(lambda whole: beyond(mechanism, whole) <= miss, start)


def _least(enough: Callable[[int], bool], start: float) -> int:
    """The least whole number that is enough, known to be near `start`."""
    whole = max(0, ceil(start) - 1)
    step = max(1, whole >> 50)
    while not enough(whole):
        whole += step
    return whole


@lru_cache(maxsize=4_096)
def _half_width(kind: Kind, scale: float) -> int:
    wider = _upper_quantile(kind, scale, (1 - COVERAGE) / 2)
    if wider == 0:
        return 0
    mechanism = Mechanism(kind, scale, 1, 1)
    covered, narrower = (1 - 2 * beyond(mechanism, w) for w in (wider, wider - 1))
    nearer = COVERAGE - narrower < covered - COVERAGE
    return wider - 1 if nearer and narrower >= _LEAST else wider


@lru_cache(maxsize=4_096)
def _smooth_scale(kind: Kind, scale: float, coverage: float) -> float:
    if scale >= _COARSE:
        return scale
    whole = _upper_quantile(kind, scale, (1 - coverage) / 2)
    continuous = (
        normal_half_width(coverage) if kind is Kind.GAUSSIAN else -log(1 - coverage)
    )
    return max(scale, whole / continuous)


@lru_cache(maxsize=1_024)
def _widest(kind: Kind, whole: int) -> float:
    low, high = 1e-3, min(WIDEST, whole + 1.0)
    if _half_width(kind, high) <= whole:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        if _half_width.__wrapped__(kind, middle) <= whole:
            low = middle
        else:
            high = middle
    return low


@lru_cache(maxsize=64)
def _gaussian_tails(scale: float) -> NDArray[np.float64]:
    """P(Z > w) for w = 0, 1, … until nothing is left."""
    whole = np.arange(0, ceil(scale * 12) + 2, dtype=np.float64)
    mass = np.exp(-0.5 * (whole / scale) ** 2)
    above = np.cumsum(mass[::-1])[::-1]
    tails: NDArray[np.float64] = np.append(above[1:], 0.0) / (2 * above[0] - mass[0])
    return tails


@lru_cache(maxsize=64)
def _laplace_pairs(
    coverage: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    inner = np.clip(np.linspace(0, 1, _PAIRS + 1), 1e-9, 1 - 1e-6)
    low, high = np.zeros_like(inner), np.full_like(inner, -4 * log(1 - coverage))
    for _ in range(60):
        middle = (low + high) / 2
        tail = np.exp(-middle) - inner**2 * np.exp(-middle / inner)
        over = tail / (1 - inner**2) > 1 - coverage
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return high, np.diff(high) * _PAIRS


_Plain = tuple[tuple[Fraction, Kind, float], ...]


@lru_cache(maxsize=1_024)
def _sum_half_width(terms: _Plain, coverage: float) -> float:
    unit = _unit(tuple(coefficient for coefficient, _, _ in terms))
    multiples = [abs(int(c / unit)) for c, _, _ in terms]
    reaches = [ceil(scale * _reach(kind)) + 1 for _, kind, scale in terms]
    size = sum(m * reach for m, reach in zip(multiples, reaches, strict=True))
    if size <= _LATTICE:
        return float(unit) * _lattice_half_width(terms, multiples, size, coverage)
    return _smooth_half_width(terms, coverage)


def _reach(kind: Kind) -> int:
    """Scales beyond which less than 10⁻¹⁴ is left."""
    return 8 if kind is Kind.GAUSSIAN else 33


def _unit(coefficients: tuple[Fraction, ...]) -> Fraction:
    """The largest number all coefficients are whole multiples of."""
    below = lcm(*(c.denominator for c in coefficients))
    return Fraction(reduce(gcd, (int(c * below) for c in coefficients)), below)


def _lattice_half_width(
    terms: _Plain, multiples: list[int], size: int, coverage: float
) -> int:
    points = 1 << (2 * size + 1).bit_length()
    spectrum: NDArray[np.complex128] = np.ones(points // 2 + 1, dtype=np.complex128)
    for (_, kind, scale), multiple in zip(terms, multiples, strict=True):
        whole = np.arange(ceil(scale * _reach(kind)) + 1)
        mass = np.zeros(points)
        mass[whole * multiple] = mass[-whole * multiple] = _mass(kind, scale, whole)
        spectrum = spectrum * np.fft.rfft(mass / mass.sum())
    total = np.fft.irfft(spectrum, points)[: size + 1]
    covered = 2 * np.cumsum(total) - total[0]
    wider = int(np.searchsorted(covered, coverage - 1e-12))
    return _nearer(wider, covered) if coverage == COVERAGE else wider


def _nearer(wider: int, covered: NDArray[np.float64]) -> int:
    narrower = covered[wider - 1] if wider else 0.0
    nearer = COVERAGE - narrower < covered[wider] - COVERAGE
    return wider - 1 if nearer and narrower >= _LEAST else wider


def _mass(kind: Kind, scale: float, whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probability of each whole number, but for a common factor."""
    if kind is Kind.LAPLACE:
        return np.exp(-whole / scale)
    return np.exp(-0.5 * (whole / scale) ** 2)


def _smooth_half_width(terms: _Plain, coverage: float) -> float:
    """Quantile of a sum of normals and Laplaces, from its cosine series.

    P(|S| ≤ w) = w/L + 2/π Σ φ(kπ/L) sin(kπw/L) / k on [−L, L] (Fang and Oosterlee
    2008); sums of normals alone are normal.
    """
    widths = np.array(
        [abs(float(c)) * _smooth_scale(kind, s, coverage) for c, kind, s in terms]
    )
    normal = np.array([kind is Kind.GAUSSIAN for _, kind, _ in terms])
    variance = float(np.sum(widths[normal] ** 2))
    if normal.all():
        return normal_half_width(coverage) * sqrt(variance)
    edge = 8 * sqrt(variance) + 33 * float(np.sum(widths[~normal]))
    order = np.arange(1, _SERIES + 1)
    angles = order * (np.pi / edge)
    laplace = 1 + (angles[:, None] * widths[~normal]) ** 2
    weights = np.exp(-0.5 * variance * angles**2) / np.prod(laplace, axis=1) / order
    low, high = 0.0, edge
    for _ in range(50):
        middle = (low + high) / 2
        series = float(weights @ np.sin(angles * middle))
        enough = middle / edge + 2 / np.pi * series >= coverage
        low, high = (low, middle) if enough else (middle, high)
    return high
