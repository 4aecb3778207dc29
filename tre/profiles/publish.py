"""The table that a system with this profile would give out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tre.profiles.judge import Contributions, judge
from tre.profiles.profile import Profile, Rounding


@dataclass(frozen=True, slots=True)
class Published:
    """Values as given out, float64 of the table's shape; NaN where hidden."""

    values: NDArray[np.float64] = field(repr=False)

    @property
    def hidden(self) -> NDArray[np.bool_]:
        """Which cells are missing."""
        return np.isnan(self.values)


def publish_counts(profile: Profile, counts: NDArray[np.int64]) -> Published:
    """Counts after suppression and rounding.

    Where rounding is a system's choice beside suppression, suppression is taken.
    """
    hidden = judge(profile, counts).hidden
    values = counts
    if profile.rounding is not None and not profile.rounding_instead:
        values = rounded(profile.rounding, counts)
    shown = 0.0 if profile.hidden_as == "zero" else np.nan
    return Published(np.where(hidden, shown, values.astype(np.float64)))


def publish_values(
    profile: Profile,
    values: NDArray[np.float64],
    counts: NDArray[np.int64],
    contributions: Contributions,
) -> Published:
    """Sums or means after suppression; they are not rounded."""
    hidden = judge(profile, counts, contributions).hidden
    return Published(np.where(hidden, np.nan, values))


def publish_rates(
    profile: Profile, parts: NDArray[np.int64], wholes: NDArray[np.int64]
) -> Published:
    """Rates from counts as published: hidden where either count is."""
    part, whole = publish_counts(profile, parts), publish_counts(profile, wholes)
    known = ~(part.hidden | whole.hidden) & (whole.values != 0)
    empty = np.full(parts.shape, np.nan)
    return Published(np.divide(part.values, whole.values, out=empty, where=known))


def publish_total(profile: Profile, counts: NDArray[np.int64]) -> Published:
    """The total of cells: from those published, or a count like any other."""
    if profile.totals_from_rounded:
        return Published(
            np.nansum(publish_counts(profile, counts).values, keepdims=True)
        )
    return publish_counts(profile, counts.sum(keepdims=True))


def rounded(rounding: Rounding, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts at multiples of the base, or at midpoints between them."""
    base = rounding.base
    if rounding.method == "midpoint":
        return np.where(counts == 0, 0, -(-counts // base) * base - base // 2)
    return base * np.rint(counts / base).astype(np.int64)
