"""Fix the noise of choices among candidates, and how far from its mark each aims.

A choice is made in one or two selections, which share its price evenly. Where a
candidate that counts as right has distance 0, one of distance d is chosen with
probability at most exp(−d/s), s being the noise's scale; so with m candidates in all
selections none farther than s·ln(m / miss) is chosen but with probability `miss`.
Ends of intervals aim that much outside of the value they are to enclose, whatever
the data are, so that intervals cover at least at their level.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, log

from privacy.mechanism import Best, Selection, calibrate_selection, selection_loss
from privacy.ranks import Choice, Grid, Part, Target


@dataclass(frozen=True, slots=True)
class Stage:
    """One selection, and by how much its target is shifted, in units of the target."""

    selection: Selection
    shift: int


@dataclass(frozen=True, slots=True)
class Selector:
    """All that is needed to make a choice in any group."""

    grid: Grid
    target: Target
    stages: tuple[Stage, ...]

    @property
    def loss(self) -> Fraction:
        """What one use costs, over all cells."""
        return sum(
            (selection_loss(each.selection) for each in self.stages), Fraction(0)
        )


def selector(choice: Choice, best: Best, at_most: Fraction) -> Selector | None:
    """The selector of a choice that costs at most so much; None where no noise fits."""
    candidates = choice.grid.candidates
    stages = []
    for _ in candidates:
        selection = calibrate_selection(
            best, moved=choice.moved, at_most=at_most / len(candidates)
        )
        if selection is None:
            return None
        stages.append(Stage(selection, shift(choice, margin(choice, selection))))
    return Selector(choice.grid, choice.target, tuple(stages))


def margin(choice: Choice, selection: Selection) -> int:
    """How far off a choice may be, in units of 1/`below` row, but for its `miss`."""
    possible = sum(choice.grid.candidates) / float(choice.miss)
    return ceil(selection.scale * log(possible))


def shift(choice: Choice, margin: int) -> int:
    """How far from its target a choice aims.

    The exact quantile at p = a/b of n rows is between those at ranks p(n − 1) rounded
    down and up. A candidate above it has more than p(n − 1) rows below, b·c > an − a,
    so it is farther than `margin` from a target that is a + margin lower; and one
    below it farther than that from one that is b − a + margin higher.
    """
    target = choice.target
    match choice.part:
        case Part.LOW:
            return -(target.above + margin)
        case Part.HIGH:
            return target.below - target.above + margin
        case Part.VALUE:
            return target.inwards * margin
