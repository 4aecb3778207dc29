"""How many rows the people of a table have, as everybody may know it.

Measured once at a publication under differential privacy, so what is predicted or
chosen by it costs nothing and tells nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from privacy.histogram import Histogram
from privacy.linked import Linked

_EACH: Final = 16
"""Numbers of rows up to this are classes of their own, as far as the cap."""

_DOUBLINGS: Final = 5
"""Classes past the cap, each up to twice as far; the last is open."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Noised figures of the rows that people brought, before the cap was enforced.

    `people[i]` had at least `starts[i]` rows and fewer than the next start; the last
    class is open. `dropped` rows were past the cap, and `clamped` says of how many
    values of each column intake clamped them. Every figure is a whole number plus
    discrete Gaussian noise of the standard deviation beside it, rounded up, so it may
    be below 0. `values` has, for columns of numbers, people by the value in one of
    their rows, drawn by lot, and `totals` by what all their rows add up to, as
    published. `linked` says how they were linked, where they were. `rho_nano` is what
    measuring cost, and `version` the label of the version it was measured of: an
    earlier one where a later could not afford its own.
    """

    starts: tuple[int, ...]
    people: tuple[int, ...]
    people_deviation: int
    dropped: int
    dropped_deviation: int
    clamped: tuple[tuple[str, int], ...]
    clamped_deviation: int
    rho_nano: int
    version: str
    values: tuple[Histogram, ...] = ()
    totals: tuple[Histogram, ...] = ()
    linked: Linked | None = None


def classes(cap: int) -> tuple[int, ...]:
    """The least number of rows of each class, from 1, for a table with this cap.

    Public. Rows past the cap begin a class, so what it cuts off can be told.

    >>> classes(4)
    (1, 2, 3, 4, 5, 9, 17, 33, 65)
    >>> classes(30)[14:20]
    (15, 16, 20, 25, 31, 61)
    """
    starts = [*range(1, min(cap, _EACH) + 1)]
    while (following := -(-starts[-1] * 5 // 4)) <= cap and cap > _EACH:
        starts.append(following)
    starts.extend(cap * 2**doubling + 1 for doubling in range(_DOUBLINGS))
    return tuple(dict.fromkeys(starts))


def people(profile: Profile) -> float:
    """How many people there are, about; never below 1."""
    return max(1.0, float(sum(profile.people)))


def rows_within(profile: Profile, rank: int) -> float:
    """How many rows are left, about, where a person keeps `rank` of them at most.

    It is the sum, over r from 1 to `rank`, of the people with r rows or more, who are
    summed over classes from the far end so that noise averages out; inside a class
    people are taken to be spread evenly. Never below 1.
    """
    ends = (*profile.starts[1:], 2 * profile.starts[-1])
    total, beyond = 0.0, 0.0
    counted = zip(profile.starts, ends, profile.people, strict=True)
    for start, end, held in reversed(list(counted)):
        inside = max(0, min(end - 1, rank) - start + 1)
        part = 1 - (inside - 1) / (2 * (end - start))
        total += inside * max(0.0, beyond + held * part)
        beyond += held
    return max(1.0, total)


def share_beyond(profile: Profile, rank: int, cap: int) -> float:
    """The share of published rows that keeping `rank` of a person's would leave out."""
    if rank >= cap:
        return 0.0
    return max(0.0, 1 - rows_within(profile, rank) / rows_within(profile, cap))
