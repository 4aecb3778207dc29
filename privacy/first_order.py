"""Figures of noised components with their error to first order, and a bit beyond.

A figure f of noised components has the error Σ ∂f/∂c · noise, and a quantile of that
is how wide its interval need be. What is left out is of second order: its mean is
taken off, and its standard deviation added in squares. Where a divisor's own 95%
margin is more than two fifths of it that is no longer small, and the figure is not
`near`: then none of it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from privacy.centred import noise_width
from privacy.evidence import Evidence, Numbers, point
from privacy.form import Linear
from privacy.mechanism import Kind
from privacy.quantile import normal_half_width

_NEAR: Final = 0.4

Partials: TypeAlias = Mapping[int, Numbers]
Truths: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Local:
    """A figure by draw and cell, and its error to second order.

    `partials` are by component, in the component's own units; `shift` is what the
    error is on average, `beyond` the standard deviation of its second order, `rough`
    the most that rounding of rows does. Where not `near` none of it holds.
    """

    value: Numbers
    partials: Partials
    shift: Numbers
    beyond: Numbers
    rough: Numbers
    near: Truths


def known(value: Numbers) -> Local:
    """Figures without error."""
    zero = np.zeros_like(value)
    return Local(value, {}, zero, zero, zero, np.isfinite(value))


def added(parts: list[tuple[Local, Numbers | float]]) -> Local:
    """A sum of figures times factors that are taken as they are."""
    partials: dict[int, Numbers] = {}
    for each, factor in parts:
        for place, partial in each.partials.items():
            partials[place] = partials.get(place, np.array(0.0)) + partial * factor
    zero = np.array(0.0)
    return Local(
        value=sum((each.value * f for each, f in parts), zero),
        partials=partials,
        shift=sum((each.shift * f for each, f in parts), zero),
        beyond=np.sqrt(sum(((each.beyond * f) ** 2 for each, f in parts), zero)),
        rough=sum((each.rough * np.abs(f) for each, f in parts), zero),
        near=_all([each.near for each, _ in parts]),
    )


def _all(conditions: list[Truths]) -> Truths:
    met: Truths = np.logical_and.reduce(np.broadcast_arrays(*conditions))
    return met


def product(left: Local, right: Local, evidence: Evidence) -> Local:
    """A product: its second order is that of both errors together."""
    first = added([(left, right.value), (right, left.value)])
    both = _deviation(left, evidence) * _deviation(right, evidence)
    return Local(
        left.value * right.value,
        first.partials,
        first.shift + covariance(left, right, evidence),
        np.hypot(first.beyond, both),
        first.rough,
        first.near,
    )


def quotient(above: Local, below: Local, evidence: Evidence) -> Local:
    """A ratio r = a/b: to first order (Δa − r·Δb)/b, to second −Δb/b times that."""
    value = above.value / below.value
    first = added([(above, 1 / below.value), (below, -value / below.value)])
    relative = _deviation(below, evidence) / np.abs(below.value)
    margin = width_of(below, evidence, 0.95) / np.abs(below.value)
    return Local(
        value,
        first.partials,
        first.shift - covariance(first, below, evidence) / below.value,
        np.hypot(first.beyond, _deviation(first, evidence) * relative),
        first.rough,
        first.near & (margin < _NEAR),
    )


def _deviation(found: Local, evidence: Evidence) -> Numbers:
    root: Numbers = np.sqrt(covariance(found, found, evidence))
    return root


def covariance(left: Local, right: Local, evidence: Evidence) -> Numbers:
    """The covariance of two figures' first order."""
    total = np.array(0.0)
    for place in left.partials.keys() & right.partials.keys():
        noise = _noise(place, evidence) ** 2
        total = total + left.partials[place] * right.partials[place] * noise
    return total


def _noise(place: int, evidence: Evidence) -> float:
    """The standard deviation of a component's noise, in its column's units."""
    mechanism = evidence.price.mechanisms[place]
    unit = float(evidence.price.plan.components[place].unit)
    return mechanism.scale * unit * (sqrt(2) if mechanism.kind is Kind.LAPLACE else 1)


def linear_of(linear: Linear, evidence: Evidence) -> Local:
    """A sum of noised components, whose error is its first order."""
    value = point(linear, evidence)
    components = evidence.price.plan.components
    partials = {
        place: np.array([[float(c / components[place].unit)]])
        for place, c in linear.terms
    }
    zero = np.zeros_like(value)
    return Local(value, partials, zero, zero, zero, np.isfinite(value))


def component_of(place: int, evidence: Evidence) -> Local:
    """One noised component, in its column's units."""
    unit = evidence.price.plan.components[place].unit
    return linear_of(Linear(((place, unit),)), evidence)


def root(found: Local, evidence: Evidence) -> Local:
    """A square root, near where what is under it is well above 0."""
    root = np.sqrt(np.maximum(found.value, 0.0))
    slope = 1 / (2 * np.where(root > 0, root, 1.0))
    scaled = added([(found, slope)])
    margin = width_of(found, evidence, 0.95) / np.where(root > 0, found.value, 1e-300)
    near = scaled.near & (margin < 1)
    return Local(root, scaled.partials, scaled.shift, scaled.beyond, scaled.rough, near)


def width_of(found: Local, evidence: Evidence, coverage: float) -> Numbers:
    """The half-width that covers the error of a figure, its mean taken off."""
    terms = [(place, np.abs(each)) for place, each in found.partials.items()]
    first = noise_width(terms, evidence.price, coverage) if terms else np.array(0.0)
    second = normal_half_width(coverage) * found.beyond
    width: Numbers = np.hypot(first, second) + found.rough
    return width
