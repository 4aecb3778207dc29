"""How a question differs from one that was asked before: by structure, never by data.

Noise bounds what any answers together say of a person, whatever is asked. What is told
here is what noise does not change: that two figures are about nearly the same rows, so
that their difference is about the few that are not; that parts add up to a whole, so
that one that is hidden can be worked out as well as its noise allows; or that the same
is asked again, so that answers can be averaged.

Guarantee: a function of two bound questions, so of public facts alone. It is the same
on every database (`tests/laws`), and costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from math import prod
from typing import Final

from privacy.extent import Axis, Box, By, Group
from privacy.spans import NOTHING, Spans

LITTLE: Final = Fraction(1, 20)
"""Groups differ by little where public values, equally frequent, would put at most
this share of rows between them, and twice as many into both."""

_MOST_PAIRS: Final = 4_096


class Kind(Enum):
    """How two questions' groups go together, the weightiest first."""

    LITTLE = "little"
    SAME = "same"
    PARTS = "parts"


@dataclass(frozen=True, slots=True)
class Difference:
    """How a question differs from an earlier one, and in which columns."""

    kind: Kind
    columns: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What that means for whoever asks, said after which question is meant."""
        named = " and ".join(self.columns)
        match self.kind:
            case Kind.LITTLE:
                return (
                    f"nearly the same rows: few values of {named} are in one and not in"
                    " the other. What their answers differ by is about few people: ask"
                    " for the one you need, and write of nobody by the difference."
                )
            case Kind.SAME:
                return (
                    "the same figures of the same rows. Two answers can be averaged,"
                    " and both are paid for: use the earlier one, or ask once and spend"
                    " what you would on both."
                )
            case Kind.PARTS:
                by = f", by {named}" if named else ""
                return (
                    f"a whole and its parts{by}. A cell that is hidden in one can be"
                    " estimated by the other, with the noise of all that is added up."
                    " GROUPING SETS asks for both at once and fits them to one another."
                )


def difference(earlier: Sequence[Group], now: Sequence[Group]) -> Difference | None:
    """The weightiest way in which two questions go together; None where none does."""
    found = {
        each.kind: each
        for before in earlier
        for after in now
        if before.relation == after.relation and before.figures & after.figures
        for each in _between(before, after)
    }
    return next((found[kind] for kind in Kind if kind in found), None)


def _between(before: Group, after: Group) -> Iterator[Difference]:
    shared = {each.text for each in before.keys} & {each.text for each in after.keys}
    first = [each for each in before.keys if each.text not in shared]
    second = [each for each in after.keys if each.text not in shared]
    if first and second:
        yield from _by_other_keys(before.box, after.box, first, second)
    elif first or second:
        whole, table = (after.box, before.box) if first else (before.box, after.box)
        yield from _beside(whole, table, first or second)
    else:
        yield from _boxes(before.box, after.box)


def _boxes(first: Box, second: Box) -> Iterator[Difference]:
    """How the rows of two groups go together."""
    columns = _differing(first, second)
    others = first.other - second.other, second.other - first.other
    if not columns and not any(others):
        yield Difference(Kind.SAME)
        return
    mine, its = ([_at(box, each) for each in columns] for box in (first, second))
    met = [a & b for a, b in zip(mine, its, strict=True)]
    rest = [prod(joint.share for joint in each) for each in others]
    one, two, both = (prod(each.size for each in found) for found in (mine, its, met))
    whole = prod(max(1, each.whole.size) for each in columns)
    shared = both * rest[0] * rest[1]
    apart = one * rest[0] + two * rest[1] - 2 * shared
    joint = [name for each in others for one in each for name in one.names]
    names = tuple(sorted({*(each.name for each in columns), *joint}))
    if shared and 2 * apart <= shared and apart <= LITTLE * whole:
        yield Difference(Kind.LITTLE, names)
    elif len(columns) == 1 and not any(others) and _complete(columns[0], mine + its):
        yield Difference(Kind.PARTS, names)


def _differing(first: Box, second: Box) -> list[Axis]:
    every = {**first.columns, **second.columns}
    return [each for each in every if _at(first, each) != _at(second, each)]


def _at(box: Box, column: Axis) -> Spans:
    return box.columns.get(column, column.whole)


def _complete(column: Axis, found: Sequence[Spans]) -> bool:
    """Whether two sets have nothing in common and nothing between them."""
    first, second = found
    whole = column.whole
    return (first & second) == NOTHING and (first | second) == whole


def _beside(whole: Box, table: Box, keys: Sequence[By]) -> Iterator[Difference]:
    """A group alone beside a table: its total, some of its cells, or nearly one."""
    key = keys[0]
    if _same_rows(whole, table):
        names = (one.column.name for one in keys if one.column is not None)
        yield Difference(Kind.PARTS, tuple(sorted({*names})))
    if len(keys) > 1 or key.column is None or len(key.parts) > _MOST_PAIRS:
        return
    column, mine = key.column, _at(whole, key.column)
    if not _same_rows(_without(whole, column), _without(table, column)):
        return
    parts = [each & _at(table, column) for each in key.parts]
    yield from _sets(column, [mine], parts)


def _by_other_keys(
    first: Box, second: Box, keys: Sequence[By], others: Sequence[By]
) -> Iterator[Difference]:
    """Two tables by different keys of one column: bins that are alike, or finer."""
    one, two = keys[0], others[0]
    single = len(keys) == len(others) == 1
    if not single or one.column is None or one.column != two.column:
        return
    column = one.column
    if not _same_rows(_without(first, column), _without(second, column)):
        return
    if len(one.parts) * len(two.parts) > _MOST_PAIRS:
        return
    mine = [each & _at(first, column) for each in one.parts]
    its = [each & _at(second, column) for each in two.parts]
    yield from _sets(column, mine, its)
    yield from _sets(column, its, mine)


def _sets(
    column: Axis, few: Sequence[Spans], many: Sequence[Spans]
) -> Iterator[Difference]:
    """How some sets of one column's values go together with others."""
    filled = [each for each in many if each.ranges]
    for one in few:
        yield from _near(column, one, filled)
        told = _made_up(column, one, filled)
        if told is not None:
            yield told


def _near(column: Axis, one: Spans, filled: Iterable[Spans]) -> Iterator[Difference]:
    for each in filled:
        met = one & each
        apart = one.size + each.size - 2 * met.size
        if not met.size:
            continue
        if not apart:
            yield Difference(Kind.SAME)
        elif 2 * apart <= met.size and apart <= LITTLE * column.whole.size:
            yield Difference(Kind.LITTLE, (column.name,))


def _same_rows(first: Box, second: Box) -> bool:
    return first.other == second.other and not _differing(first, second)


def _without(box: Box, column: Axis) -> Box:
    kept = {each: s for each, s in box.columns.items() if each != column}
    return Box(kept, box.other)


def together(earlier: Sequence[Group], now: Sequence[Group]) -> Difference | None:
    """How a question goes together with several earlier ones, added up.

    Of earlier groups that differ in one column alone, those inside one of the new
    question's that have no rows in common, the largest first: None unless two or more
    make it up, but for few values or none.
    """
    for after in now:
        if after.keys:
            continue
        for column, sets in _families(earlier, after).items():
            told = _made_up(column, _at(after.box, column), sets)
            if told is not None:
                return told
    return None


def _families(earlier: Sequence[Group], after: Group) -> dict[Axis, list[Spans]]:
    """By column, the sets of it that earlier questions were about, all else equal."""
    found: dict[Axis, list[Spans]] = {}
    for each in earlier:
        alike = each.relation == after.relation and each.figures & after.figures
        if each.keys or not alike or each.box.other != after.box.other:
            continue
        columns = _differing(each.box, after.box)
        if len(columns) == 1:
            found.setdefault(columns[0], []).append(_at(each.box, columns[0]))
    return found


def _made_up(column: Axis, one: Spans, sets: Sequence[Spans]) -> Difference | None:
    covered, count = NOTHING, 0
    inside = (each for each in sets if each.ranges and (each - one) == NOTHING)
    for each in sorted(inside, key=lambda found: -found.size):
        if (each & covered) == NOTHING:
            covered, count = covered | each, count + 1
    if count < 2:  # noqa: PLR2004 (one alone is compared by itself)
        return None
    if covered == one:
        return Difference(Kind.PARTS, (column.name,))
    return next(iter(_near(column, one, [covered])), None)
