"""The only module that draws noise, and the only one that knows OpenDP.

Measurements over vectors of 64-bit integers are used. Sums and counts get discrete
Gaussian noise (Canonne, Kamath, Steinke 2020, arXiv 2004.00010) under
zero-concentrated DP (zCDP; Bun and Steinke 2016, arXiv 1605.02065) and discrete
Laplace noise (Ghosh, Roughgarden, Sundararajan 2009, arXiv 0811.2841) under pure DP.
The best of several candidates is chosen by noisy max: with Gumbel noise under zCDP,
whose constant is that of bounded range (Cesar and Rogers 2020, arXiv 2004.07223), and
with exponential noise under pure DP (McKenna and Sheldon 2020, arXiv 2010.12603).
Keys that are not public come out past a threshold on counts with Gaussian noise.
Losses are what OpenDP's own privacy maps say, so noise and price cannot drift apart.
Only the `contrib` feature is enabled. OpenDP's errors quote values: let none travel.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from math import ceil, inf, isfinite, isqrt, nextafter, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from opendp import combinators, domains, measurements, measures, metrics
from opendp.mod import enable_features

# By its parts, not by its prelude, which imports pandas and scikit-learn where there
# are any: every process of the environment would start seconds later.
enable_features("contrib")

LARGEST: Final = 2**62
"""Exact values are clamped to ±2⁶² first (1-Lipschitz); OpenDP's noise saturates."""

WIDEST: Final = 2.0**57
"""The largest scale drawn: its tails stay far inside 64 bits."""

_SPLIT: Final = 1_024
"""Values from which a second thread pays for itself; OpenDP releases the GIL."""


class Kind(Enum):
    """The distribution of the noise."""

    GAUSSIAN = "discrete Gaussian"
    LAPLACE = "discrete Laplace"


@dataclass(frozen=True, slots=True)
class Mechanism:
    """Noise for one component: its distribution, scale, and what it protects.

    `scale` is σ of the discrete Gaussian or b of the discrete Laplace, in the
    component's own unscaled units. `l1` and `l2_squared` bound how far adding or
    removing one person moves the whole vector of cells, or, where it is `whole`, their
    sum, which is noised once and told in every cell. Raises ValueError for a scale
    that is not positive and finite (OpenDP takes 0 and returns the exact value) or a
    sensitivity below one unit.
    """

    kind: Kind
    scale: float
    l1: int
    l2_squared: int
    whole: bool = False

    def __post_init__(self) -> None:
        if not (isfinite(self.scale) and 0 < self.scale <= WIDEST):
            raise ValueError("a noise scale is positive, finite and at most 2**57")
        if self.l1 < 1 or self.l2_squared < 1:
            raise ValueError("a sensitivity is at least one unit")


@lru_cache(maxsize=4_096)
def loss(mechanism: Mechanism) -> Fraction:
    """The privacy loss of one use, exactly as OpenDP's map states it.

    ρ of zCDP for a Gaussian, ε of pure DP for a Laplace. The sensitivity is
    rounded up to a float before OpenDP sees it, and OpenDP rounds its map up.
    """
    measurement = _measurement(mechanism.kind, mechanism.scale)
    mapped = measurement.map(_distance(mechanism))
    if not (isfinite(mapped) and mapped > 0):
        raise ValueError("this scale bounds no privacy loss")
    return Fraction(mapped)


def calibrate(
    kind: Kind, *, l1: int, l2_squared: int, at_most: Fraction
) -> Mechanism | None:
    """The least noise whose loss is at most `at_most`; OpenDP's map is the proof.

    Starts from the closed form (σ² = Δ₂² / 2ρ, b = Δ₁ / ε) and widens by parts in
    10¹⁵ until the map agrees. None where the scale would be wider than 2⁵⁷.
    """
    wanted = float(at_most)
    gaussian = kind is Kind.GAUSSIAN
    scale = sqrt(l2_squared / 2 / wanted) if gaussian else l1 / wanted
    for widened in _widened(scale):
        mechanism = Mechanism(kind, widened, l1, l2_squared)
        if loss(mechanism) <= at_most:
            return mechanism
    return None


def gaussian(moved: int, at_most: Fraction) -> Mechanism:
    """The least Gaussian noise for figures that one person moves so far in all.

    ValueError where that is beyond any noise that fits 64 bits.
    """
    mechanism = calibrate(Kind.GAUSSIAN, l1=moved, l2_squared=moved**2, at_most=at_most)
    if mechanism is None:
        raise ValueError("this cap is beyond any noise that fits 64 bits")
    return mechanism


def _widened(scale: float) -> Iterator[float]:
    """A scale and slightly wider ones, none of them wider than is drawn."""
    for step in range(0, 64, 2):
        widened = scale * (1 + step * 2.0**-51)
        if widened > WIDEST:
            return
        yield widened
    raise ArithmeticError(  # pragma: no cover (a fault of OpenDP's, and then no price)
        "OpenDP's map is not near its closed form"
    )


def draw(mechanism: Mechanism, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Add fresh noise to each value; same shape. The loss is that of one vector.

    Whoever passes several copies of a value pays for each copy.
    """
    measurement = _measurement(mechanism.kind, mechanism.scale)
    clamped = np.clip(values, -LARGEST, LARGEST).ravel()
    if clamped.size < _SPLIT:
        drawn = measurement(clamped.tolist())
    else:
        halves = (half.tolist() for half in np.array_split(clamped, 2))
        with ThreadPoolExecutor(max_workers=2) as pool:
            drawn = [value for half in pool.map(measurement, halves) for value in half]
    return np.array(drawn, dtype=np.int64).reshape(values.shape)


class Best(Enum):
    """The noise by which the best of several candidates is found."""

    GUMBEL = "noisy max with Gumbel noise"
    EXPONENTIAL = "noisy max with exponential noise"


@dataclass(frozen=True, slots=True)
class Selection:
    """A noisy choice of one candidate: its noise, scale, and what it protects.

    `moved` bounds how far adding or removing one person moves any candidate's score.
    Scores that are `monotone` all fall or stay where one person is added, and all rise
    or stay where one is removed; they need half the noise. Raises ValueError for a
    scale that is not positive and finite, or a sensitivity below one unit.
    """

    best: Best
    scale: float
    moved: int
    monotone: bool = False

    def __post_init__(self) -> None:
        if not (isfinite(self.scale) and 0 < self.scale <= WIDEST):
            raise ValueError("a noise scale is positive, finite and at most 2**57")
        if self.moved < 1:
            raise ValueError("a sensitivity is at least one unit")


@lru_cache(maxsize=4_096)
def selection_loss(selection: Selection) -> Fraction:
    """The privacy loss of one choice, exactly as OpenDP's map states it.

    ρ of zCDP with Gumbel noise, (2Δ/s)²/8; ε of pure DP with exponential noise,
    2Δ/s; of monotone scores with Δ in place of 2Δ. So for choices in several groups, of
    which one person moves the scores by Δᵢ each, the losses add up to this where Δ is
    √ΣΔᵢ² under zCDP and ΣΔᵢ under pure DP.
    """
    mapped = _noisy_max_of(selection).map(selection.moved)
    if not (isfinite(mapped) and mapped > 0):
        raise ValueError("this scale bounds no privacy loss")
    return Fraction(mapped)


def calibrate_selection(
    best: Best, *, moved: int, at_most: Fraction, monotone: bool = False
) -> Selection | None:
    """The least noise whose loss is at most `at_most`, as `calibrate` finds it."""
    wanted = float(at_most)
    gumbel = best is Best.GUMBEL
    scale = moved / sqrt(2 * wanted) if gumbel else 2 * moved / wanted
    for widened in _widened(scale / 2 if monotone else scale):
        selection = Selection(best, widened, moved, monotone)
        if selection_loss(selection) <= at_most:
            return selection
    return None


def choose(selection: Selection, scores: NDArray[np.int64]) -> int:
    """The place of a candidate whose score is, but for fresh noise, the highest.

    `scores` has shape (candidates,). With s the scale, a candidate whose score is d
    below another's is chosen with probability at most exp(−d/s).
    """
    clamped = np.clip(scores, -LARGEST, LARGEST)
    return int(_noisy_max_of(selection)(clamped.tolist()))


_LOWEST: Final = 2
"""The lowest threshold: one lower has a δ that OpenDP's map states."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Noise on the counts of keys, and the noised count from which a key comes out.

    Gaussian noise of `scale`; one person is behind at most `keys` keys and moves the
    count of each by one. Raises ValueError for a scale that is not positive and
    finite, a threshold below two or a number of keys below one.
    """

    scale: float
    least: int
    keys: int

    def __post_init__(self) -> None:
        if not (isfinite(self.scale) and 0 < self.scale <= WIDEST):
            raise ValueError("a noise scale is positive, finite and at most 2**57")
        if not _LOWEST <= self.least <= LARGEST or self.keys < 1:
            raise ValueError("a threshold is at least two, a sensitivity one unit")


@lru_cache(maxsize=4_096)
def threshold_loss(threshold: Threshold) -> tuple[Fraction, Fraction]:
    """The (ρ, δ) of approximate zCDP of one use, as OpenDP's map has it one lower.

    A key of one person comes out where its noise is at least `least` − 1, a whole
    number. OpenDP's map takes the continuous tail from there, which leaves half of
    what lies on that very number out (opendp#2922); one lower, the continuous tail
    begins half a step before the discrete one and more, and bounds it.
    """
    euclidean = nextafter(sqrt(threshold.keys), inf)
    rho, delta = _threshold(threshold.scale, threshold.least - 1).map(
        (threshold.keys, euclidean, 1.0)
    )
    if not (isfinite(rho) and rho > 0 and 0 <= delta < 1):
        raise ValueError("this threshold bounds no privacy loss")
    return Fraction(rho), Fraction(delta)


def calibrate_threshold(
    keys: int, at_most: Fraction, delta: Fraction
) -> Threshold | None:
    """The least noise of loss `at_most`, and the lowest threshold of this δ.

    `threshold_loss` is the proof of both. None where the noise would be wider than 2⁵⁷,
    or δ smaller than the map's floats can show.
    """
    for scale in _widened(sqrt(keys / 2 / float(at_most))):
        far = Threshold(scale, ceil(2 + 40 * scale), keys)
        if threshold_loss(far)[0] <= at_most:
            return _lowest(far, delta)
    return None


def past(threshold: Threshold, counts: Mapping[str, int]) -> Collection[str]:
    """The keys whose count, but for fresh noise, reaches the threshold.

    Each count is one person's share at least, and none is 0.
    """
    if not counts:
        return ()
    clamped = {key: min(count, LARGEST) for key, count in counts.items()}
    found: Mapping[str, int] = _threshold(threshold.scale, threshold.least)(clamped)
    return found.keys()


def _lowest(enough: Threshold, delta: Fraction) -> Threshold | None:
    """Halve the way to the lowest threshold whose δ is at most this."""
    if threshold_loss(enough)[1] > delta:
        return None
    low, high = _LOWEST - 1, enough.least
    while high - low > 1:
        middle = (low + high) // 2
        tried = replace(enough, least=middle)
        low, high = (
            (low, middle) if threshold_loss(tried)[1] <= delta else (middle, high)
        )
    return replace(enough, least=high)


def delta_of_zcdp(rho: float, epsilon: float) -> float:
    """The least δ for which ρ-zCDP is (ε, δ)-DP, by OpenDP's conversion.

    Rounded up. OpenDP's arithmetic reaches to ρ of about 10⁵.
    """
    distance = nextafter(sqrt(2 * rho), inf)
    return float(_approximate().map(distance).delta(epsilon))


@lru_cache(maxsize=4_096)
def _measurement(kind: Kind, scale: float) -> Any:  # noqa: ANN401 (untyped library)
    domain = domains.vector_domain(domains.atom_domain(T="i64"))
    if kind is Kind.GAUSSIAN:
        return measurements.make_gaussian(domain, metrics.l2_distance(T="f64"), scale)
    return measurements.make_laplace(domain, metrics.l1_distance(T="f64"), scale)


def _noisy_max_of(selection: Selection) -> Any:  # noqa: ANN401 (untyped library)
    return _noisy_max(selection.best, selection.scale, selection.monotone)


@lru_cache(maxsize=4_096)
def _noisy_max(best: Best, scale: float, monotone: bool) -> Any:  # noqa: ANN401, FBT001 (untyped library; what OpenDP's metric says)
    domain = domains.vector_domain(domains.atom_domain(T="i64"))
    metric = metrics.linf_distance(T="i64", monotonic=monotone)
    if best is Best.GUMBEL:
        measure = measures.zero_concentrated_divergence()
    else:
        measure = measures.max_divergence()
    return measurements.make_noisy_max(domain, metric, measure, scale)


@lru_cache(maxsize=4_096)
def _threshold(scale: float, least: int) -> Any:  # noqa: ANN401 (untyped library)
    domain = domains.map_domain(
        domains.atom_domain(T=str), domains.atom_domain(T="i64")
    )
    metric = metrics.l02inf_distance(metrics.absolute_distance(T="f64"))
    return measurements.make_gaussian_threshold(domain, metric, scale, least)


@lru_cache(maxsize=1)
def _approximate() -> Any:  # noqa: ANN401 (untyped library)
    return combinators.make_zCDP_to_approxDP(_measurement(Kind.GAUSSIAN, 1.0))


def _distance(mechanism: Mechanism) -> float:
    """The sensitivity as a float that is not below it."""
    if mechanism.kind is Kind.LAPLACE:
        return _float_at_least(mechanism.l1)
    root = isqrt(mechanism.l2_squared)
    if root * root == mechanism.l2_squared:
        return _float_at_least(root)
    rough = nextafter(sqrt(mechanism.l2_squared), inf)
    return (
        rough if Fraction(rough) ** 2 >= mechanism.l2_squared else nextafter(rough, inf)
    )


def _float_at_least(whole: int) -> float:
    rounded = float(whole)
    return rounded if rounded >= whole else nextafter(rounded, inf)
