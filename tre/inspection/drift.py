"""How far columns moved from the version before, by what was kept of it.

A delivery is compared with the one before, and with all whose rows the version has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Final, TypeAlias

from tre.inspection.report import Drift, Finding, Level
from tre.intake.publication import Shares

Column: TypeAlias = tuple[str, str]
"""A table and the name of one of its columns."""

LEAST_SHARE: Final = 0.0005
"""Taken for a share of none, so that the index stays finite."""

MUCH: Final = 0.25
SOME: Final = 0.1
MISSING: Final = 0.05


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was kept of a version: shares of each column, by table and name.

    `delivered` are those of its last delivery, and `together` of all deliveries whose
    rows it has: the same, unless rows were added to it.
    """

    version: str
    delivered: Mapping[Column, Shares]
    together: Mapping[Column, Shares]

    def added(self, version: str, delivered: Mapping[Column, Shares]) -> Earlier:
        """What is kept of the version that adds a delivery to this one."""
        together = {
            name: combined(self.together[name], shares)
            if name in self.together
            else shares
            for name, shares in delivered.items()
        }
        return Earlier(version, delivered, together)


def combined(one: Shares, other: Shares) -> Shares:
    """The shares of the rows of both."""
    rows = one.rows + other.rows
    if not rows:
        return other
    absent = one.missing * one.rows + other.missing * other.rows
    present = max(rows - absent, LEAST_SHARE)
    by_label = {
        label: sum(
            each.by_label.get(label, 0.0) * each.rows * (1 - each.missing)
            for each in (one, other)
        )
        / present
        for label in {*one.by_label, *other.by_label}
    }
    return Shares(absent / rows, by_label, rows)


def drifted(
    table: str, shares: Mapping[str, Shares], earlier: Earlier | None
) -> tuple[Drift, ...]:
    """How far each column of a table moved, where the version before had it too."""
    if earlier is None:
        return ()
    return tuple(
        Drift(
            name,
            _index(before.by_label, now.by_label),
            _index(earlier.together[table, name].by_label, now.by_label),
            before.missing,
            now.missing,
        )
        for name, now in shares.items()
        if (before := earlier.delivered.get((table, name))) is not None
    )


def judged(table: str, drift: Sequence[Drift]) -> Iterator[Finding]:
    """Columns that moved far enough to ask why."""
    for one in drift:
        if one.index >= SOME:
            yield Finding(
                Level.SERIOUS if one.index >= MUCH else Level.WARNING,
                "drift",
                table,
                one.column,
                "its values fall differently than in the delivery before (stability "
                f"index {_indices(one)}; 0.25 is much): see whether its coding changed",
            )
        if abs(one.missing_now - one.missing_before) >= MISSING:
            yield Finding(
                Level.WARNING,
                "drift_missing",
                table,
                one.column,
                f"is missing in {one.missing_now:.1%}, and was in "
                f"{one.missing_before:.1%} of the delivery before",
            )


def _indices(drift: Drift) -> str:
    """The index, and that against all deliveries where there were several."""
    if drift.index == drift.index_together:
        return f"{drift.index:.2f}"
    together = f"{drift.index_together:.2f} against all deliveries together"
    return f"{drift.index:.2f}, and {together}"


def _index(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """The population stability index of two sets of shares."""
    total = 0.0
    for label in {*before, *now}:
        one = max(before.get(label, 0.0), LEAST_SHARE)
        other = max(now.get(label, 0.0), LEAST_SHARE)
        total += (other - one) * log(other / one)
    return total
