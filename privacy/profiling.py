"""How a published table's profile is measured: which figures, and with what noise.

Adding or removing a person moves one class by one, `dropped` by at most three caps,
and the clamped values of each column by at most a cap: whoever computes the figures
counts no more of one person. Every figure is noised for its share of a fixed ρ.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from privacy.accounting import NANO, nano_at_least
from privacy.mechanism import Kind, Mechanism, calibrate, loss
from privacy.profile import Profile, classes

PROFILE_NANO: Final = 1_000_000
"""The nano-ρ that one table's profile may cost at a publication: ρ = 0.001."""

_DROPPED_CAPS: Final = 3
"""Of one person's rows past the cap, at most this many caps are counted."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is measured of one table: its classes, columns, bounds and noise.

    One person is in one of the classes that begin at `starts`, adds at most
    `most_dropped` to the rows past the cap and at most `cap` to the clamped values
    of each of `columns`, for each of which `clamped` has a mechanism.
    """

    cap: int
    starts: tuple[int, ...]
    columns: tuple[str, ...]
    people: Mechanism
    dropped: Mechanism
    clamped: tuple[Mechanism, ...]

    @property
    def most_dropped(self) -> int:
        """The most rows past the cap that are counted of one person."""
        return _DROPPED_CAPS * self.cap

    @property
    def rho_nano(self) -> int:
        """What it costs: OpenDP's maps, summed and rounded up (composition of zCDP)."""
        drawn = (self.people, self.dropped, *self.clamped)
        return sum(nano_at_least(loss(each)) for each in drawn)


def measurement(cap: int, columns: tuple[str, ...]) -> Measurement:
    """Plan the profile of a table: half for the classes, the rest for the sums."""
    whole = Fraction(PROFILE_NANO, NANO)
    sums = whole / 2 / (2 if columns else 1)
    each = whole / 4 / max(1, len(columns))
    return Measurement(
        cap=cap,
        starts=classes(cap),
        columns=columns,
        people=_gaussian(1, whole / 2),
        dropped=_gaussian(_DROPPED_CAPS * cap, sums),
        clamped=tuple(_gaussian(cap, each) for _ in columns),
    )


def profile_of(
    planned: Measurement, people: list[int], sums: list[int], version: str
) -> Profile:
    """The profile that noised figures make: of each class, then dropped and clamped."""
    dropped, *clamped = sums
    return Profile(
        starts=planned.starts,
        people=tuple(people),
        people_deviation=ceil(planned.people.scale),
        dropped=dropped,
        dropped_deviation=ceil(planned.dropped.scale),
        clamped=tuple(zip(planned.columns, clamped, strict=True)),
        clamped_deviation=max((ceil(m.scale) for m in planned.clamped), default=0),
        rho_nano=planned.rho_nano,
        version=version,
    )


def _gaussian(moved: int, at_most: Fraction) -> Mechanism:
    """Noise for a figure, or figures, that one person moves so far in all."""
    mechanism = calibrate(Kind.GAUSSIAN, l1=moved, l2_squared=moved**2, at_most=at_most)
    if mechanism is None:
        raise ValueError("this cap is beyond any noise that fits 64 bits")
    return mechanism
