"""Fix the noise of choices among candidates, and how far from its mark each aims.

A choice is made in one or two selections. Where a candidate that counts as right has
distance 0, one of distance d is chosen with probability at most exp(−d/s), s being the
noise's scale; so with m candidates none farther than s·ln(m / miss) is chosen but with
probability `miss`. Ends of intervals aim that much outside of the value they are to
enclose, whatever the data are, so that intervals cover at least at their level.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf, log
from typing import Final

from privacy.extremes import rows_inwards
from privacy.grid import Grid
from privacy.mechanism import Best, Selection, calibrate_selection, selection_loss
from privacy.ranks import Choice, Part, Target
from privacy.told import Crowd

_EVEN: Final = Fraction(1, 3)
"""What looking inside a block gets of the price where blocks are even."""

_CROWDED: Final = (
    (5, Fraction(1, 32)),
    (24, Fraction(1, 2)),
    (inf, Fraction(2, 3)),
)
"""What it gets where the profile made the blocks: up to so many noises of the whole
price to a block's rows, least error of the value (ADR 48)."""


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
    """The selector of a choice that costs at most so much; None where no noise fits.

    Looked for at the very end, an extreme is as far from a candidate as there are rows
    beyond it: one more row lowers every score or none, and half the noise is enough.
    """
    moved = moved_by(choice, best)
    whole = calibrate_selection(best, moved=moved, at_most=at_most)
    if whole is None:
        return None
    shares = _shares(choice, whole)
    first = calibrate_selection(best, moved=moved, at_most=at_most * shares[0])
    if first is None:
        return None
    aside = shift(choice, first)
    monotone = choice.target.inwards != 0 and aside == 0
    made = [
        calibrate_selection(
            best, moved=moved, at_most=at_most * share, monotone=monotone
        )
        for share in shares
    ]
    stages = tuple(Stage(each, aside) for each in made if each is not None)
    if len(stages) < len(shares):
        return None
    return Selector(choice.grid, choice.target, stages)


def moved_by(choice: Choice, best: Best) -> int:
    """How far one person moves the distances of all cells, as this noise has it.

    Losses of the cells add up: with Gumbel noise they go with the square of how far
    each cell's distances move, with exponential noise with that itself.
    """
    return choice.moved_in_squares if best is Best.GUMBEL else choice.moved


def _shares(choice: Choice, whole: Selection) -> tuple[Fraction, ...]:
    """What of its price each selection gets, by the noise that all of it would have.

    Where blocks are even, one may hold most rows of a group, and is looked through
    with care. Those made by the profile are fine enough in themselves, but where a
    group has so many rows that its blocks hold far more of them than noise hides.
    """
    if len(choice.candidates) == 1:
        return (Fraction(1),)
    inside = _EVEN if choice.crowd is None else _inside(choice, choice.crowd, whole)
    return 1 - inside, inside


def _inside(choice: Choice, crowd: Crowd, whole: Selection) -> Fraction:
    """The share for looking inside a block; the least where its rows are not known."""
    held = 0.0 if crowd.rows is None else crowd.rows / len(choice.grid.starts)
    noises = held * choice.target.below / whole.scale
    return next(share for most, share in _CROWDED if noises <= most)


def margin(choice: Choice, selection: Selection) -> int:
    """How far off a choice may be, in units of 1/`below` row, but for its `miss`."""
    possible = sum(choice.candidates) / float(choice.miss)
    return ceil(selection.scale * log(possible))


def shift(choice: Choice, selection: Selection) -> int:
    """How far from its target a choice aims, by the noise of its first selection.

    The exact quantile at p = a/b of n rows is between those at ranks p(n − 1) rounded
    down and up. A candidate above it has more than p(n − 1) rows below, b·c > an − a,
    so it is farther than the margin from a target that is a + margin lower; and one
    below it farther than that from one that is b − a + margin higher.
    """
    target, most = choice.target, margin(choice, selection)
    match choice.part:
        case Part.LOW:
            return -(target.above + most)
        case Part.HIGH:
            return target.below - target.above + most
        case Part.VALUE:
            return target.inwards * _inwards(choice, selection, most)


def _inwards(choice: Choice, selection: Selection, most: int) -> int:
    """How far from its end an extreme is looked for; of no account for a quantile."""
    below, sign = choice.target.below, choice.target.inwards
    if not sign:
        return 0
    scale = selection.scale / below
    far = rows_inwards(choice.crowd, choice.grid, scale, most / below, upper=sign < 0)
    return ceil(far * below)
