"""How a published table's profile is measured: which figures, and with what noise.

Adding or removing a person moves one class by one, `dropped` by at most three caps,
and the clamped values of each column by at most a cap: whoever computes the figures
counts no more of one person. Of each column of numbers a person is in one class of
values, by one row of theirs that was drawn by lot, and in one of totals: either
histogram is moved by one in one class. Every figure is noised for its share of a
fixed ρ.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from privacy.accounting import NANO, nano_at_least
from privacy.catalogue import Column, Domain, Table
from privacy.histogram import Histogram, ladder
from privacy.linked import Linked
from privacy.links import Links
from privacy.mechanism import Mechanism, gaussian, loss
from privacy.profile import Profile, classes
from privacy.totals import most_in_total, totalled, valued

PROFILE_NANO: Final = 1_000_000
"""The nano-ρ that one table's profile may cost at a publication: ρ = 0.001."""

HISTOGRAMS_NANO: Final = 1_000_000
"""What its histograms of numbers may cost besides, all together: ρ = 0.001."""

_DROPPED_CAPS: Final = 3
"""Of one person's rows past the cap, at most this many caps are counted."""


@dataclass(frozen=True, slots=True)
class Classes:
    """One histogram to be measured: people by a value of a column, or by its total.

    Numbers are unscaled at `scale`, from the first of `starts` to `most`.
    """

    column: str
    scale: int
    starts: tuple[int, ...]
    most: int
    is_total: bool

    def counted(self, people: list[int], mechanism: Mechanism) -> Histogram:
        """The histogram that noised numbers of people make."""
        deviation = ceil(mechanism.scale)
        return Histogram(
            self.column, self.scale, self.starts, self.most, tuple(people), deviation
        )


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is measured of one table: its classes, columns, bounds and noise.

    One person is in one of the classes that begin at `starts`, adds at most
    `most_dropped` to the rows past the cap and at most `cap` to the clamped values
    of each of `columns`, for each of which `clamped` has a mechanism. They are in one
    class of each of `histograms`, which are noised by `each`. `links` is None where
    nobody was linked.
    """

    cap: int
    starts: tuple[int, ...]
    columns: tuple[str, ...]
    people: Mechanism
    dropped: Mechanism
    clamped: tuple[Mechanism, ...]
    histograms: tuple[Classes, ...]
    each: Mechanism
    links: Links | None = None

    @property
    def most_dropped(self) -> int:
        """The most rows past the cap that are counted of one person."""
        return _DROPPED_CAPS * self.cap

    @property
    def rho_nano(self) -> int:
        """What it costs: OpenDP's maps, summed and rounded up (composition of zCDP)."""
        counted = (self.each,) * len(self.histograms)
        linked = self.links.mechanisms if self.links else ()
        drawn = (self.people, self.dropped, *self.clamped, *counted, *linked)
        return sum(nano_at_least(loss(each)) for each in drawn)


def measurement(
    table: Table, clamped: tuple[str, ...] = (), links: Links | None = None
) -> Measurement:
    """Plan the profile of a table, of which the values of some columns were clamped.

    Half is for the classes and the rest for the sums, and as much besides, where
    there are numbers, for their histograms. `links` is measured with it.
    """
    whole, cap = Fraction(PROFILE_NANO, NANO), table.rows_per_person
    sums = whole / 2 / (2 if clamped else 1)
    moved = whole / 4 / max(1, len(clamped))
    histograms = _histograms(table)
    each = Fraction(HISTOGRAMS_NANO, NANO) / max(1, len(histograms))
    return Measurement(
        cap=cap,
        starts=classes(cap),
        columns=clamped,
        people=gaussian(1, whole / 2),
        dropped=gaussian(_DROPPED_CAPS * cap, sums),
        clamped=tuple(gaussian(cap, moved) for _ in clamped),
        histograms=histograms,
        each=gaussian(1, each),
        links=links,
    )


def profile_of(
    planned: Measurement,
    people: list[int],
    sums: list[int],
    counted: list[list[int]],
    version: str,
    linked: Linked | None = None,
) -> Profile:
    """The profile that noised figures make: of each class, then dropped and clamped.

    `counted` has the people of each class of each histogram.
    """
    dropped, *clamped = sums
    pairs = zip(planned.histograms, counted, strict=True)
    found = [(each, each.counted(held, planned.each)) for each, held in pairs]
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
        values=tuple(made for each, made in found if not each.is_total),
        totals=tuple(made for each, made in found if each.is_total),
        linked=linked,
    )


def _histograms(table: Table) -> tuple[Classes, ...]:
    values = [
        _classes(column, *_ends(column.domain), is_total=False)
        for column in valued(table)
    ]
    totals = [
        _classes(column, 0, most_in_total(column, table), is_total=True)
        for column in totalled(table)
    ]
    return (*values, *totals)


def _classes(column: Column, lower: int, upper: int, *, is_total: bool) -> Classes:
    scale = column.domain.scale
    return Classes(column.name, scale, ladder(lower, upper), upper, is_total)


def _ends(domain: Domain) -> tuple[int, int]:
    if not isinstance(domain.lower, int) or not isinstance(domain.upper, int):
        raise TypeError("only bounded numbers are measured")
    return domain.lower, domain.upper
