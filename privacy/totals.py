"""Clip what a person's rows add up to, instead of leaving rows out.

Publication writes each person's total of a column beside every row of theirs, over
all rows that it kept. A row then counts for min(1, bound/total) of itself, so that a
person adds at most the bound, over all cells and whichever of their rows a question
keeps. Other people's totals do not depend on whether they are there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from privacy.catalogue import Column, Domain, Table, Type, Unit
from privacy.expression import Call, Case, ColumnOf, Expression, Function, Literal
from privacy.literals import ONE

LARGEST_TOTAL: Final = 2**56
"""Larger totals are not kept: no useful noise fits sums of them."""

_DIGITS: Final = 6
PERSON: Final = 10**_DIGITS
"""One person, in parts so small that rounding them makes no difference."""

_FEWEST: Final = 8
"""Numbers that take fewer values than this are not worth cutting off."""

_ALIKE: Final = 4
"""Where the largest is not so many times the smallest, totals differ by rows alone."""


def total_of(column: str) -> str:
    """The column beside a column's that no question can name: the person's total."""
    return f"_total_{column}"


def valued(table: Table) -> tuple[Column, ...]:
    """The columns whose values are measured: bounded numbers that take several."""
    if table.unit is Unit.NONE:
        return ()
    return tuple(each for each in table.columns if _ends(each, _FEWEST) is not None)


def totalled(table: Table) -> tuple[Column, ...]:
    """The columns whose totals are kept and measured: sums worth clipping.

    Those of never negative numbers that may differ by much, where people may have
    several rows: a total of one row is its value.
    """
    many = table.rows_per_person > 1
    return tuple(each for each in valued(table) if many and _is_summed(each, table))


def most_in_total(column: Column, table: Table) -> int:
    """The largest total that a person can have, unscaled."""
    ends = _ends(column, 0)
    if ends is None:
        raise TypeError("a total is of a bounded number")
    return table.rows_per_person * ends[1]


def clipped(argument: ColumnOf, table: Table, bound: int) -> Expression:
    """The argument times min(1, bound/total), toward zero: never negative.

    A person's rows add up to at most `bound`. ValueError where that could not be
    computed in 64 bits.
    """
    ends = argument.domain.lower, argument.domain.upper
    if not isinstance(ends[0], int) or not isinstance(ends[1], int) or ends[0] < 0:
        raise ValueError("only totals of what is never negative are clipped")
    limit = _whole(bound, nullable=False)
    domain = replace(
        argument.domain,
        lower=min(ends[0], bound) if table.rows_per_person == 1 else 0,
        upper=min(ends[1], bound),
        values=None,
    )
    if table.rows_per_person == 1:
        bounds = [
            Literal(end, replace(limit, scale=domain.scale, lower=end, upper=end))
            for end in (domain.lower, domain.upper)
        ]
        return Call(Function.CLAMP, (argument, *bounds), domain)
    if not fits(ends[1], bound):
        raise ValueError("this bound is too large to be multiplied by")
    total = _total(argument, table)
    times = replace(domain, upper=ends[1] * bound)
    product = Call(Function.MULTIPLY, (argument, Literal(bound, limit)), times)
    return Case(
        ((_within(total, bound), argument),),
        Call(Function.DIVIDE, (product, total), domain),
        domain,
    )


def beyond(argument: ColumnOf, table: Table, bound: int) -> tuple[Expression, int]:
    """What clipping takes off each row, and the most that it takes off a person.

    A person of total T loses T − bound, and less than one unit a row, as what is left
    is rounded toward zero; of some of their rows no more, as no row gains.
    """
    kept = clipped(argument, table, bound)
    upper = argument.domain.upper
    if not isinstance(upper, int):
        raise TypeError("a total is of a bounded number")
    rows = table.rows_per_person
    domain = replace(argument.domain, lower=0, upper=upper, values=None)
    lost = Call(Function.SUBTRACT, (argument, kept), domain)
    return lost, max(1, rows * upper - bound + rows)


def over(argument: ColumnOf, table: Table, bound: int) -> Expression:
    """The part of a person over the bound that a row is, in millionths, toward zero.

    That is its part of their total, so that all of a person's rows add up to at most
    one person; 0 in rows of others. Where people have one row, 1 or NULL.
    """
    known = Domain(Type.BOOLEAN, nullable=argument.domain.nullable)
    if table.rows_per_person == 1:
        whole = replace(argument.domain, lower=bound, upper=bound, values=(bound,))
        limit = Literal(bound, replace(whole, nullable=False))
        past = Call(Function.MORE, (argument, limit), known)
        return Case(((past, ONE),), None, replace(ONE.domain, nullable=True))
    total, upper = _total(argument, table), argument.domain.upper
    if not isinstance(upper, int) or not fits(upper, PERSON):
        raise ValueError("this value is too large to be counted in parts")
    domain = Domain(Type.NUMBER, _DIGITS, 0, PERSON, argument.domain.nullable)
    none = Literal(0, replace(domain, upper=0, nullable=False, values=(0,)))
    parts = Literal(PERSON, _whole(PERSON, nullable=False))
    wide = replace(domain, upper=upper * PERSON)
    part = Call(Function.MULTIPLY, (argument, parts), wide)
    return Case(
        ((_within(total, bound), none),),
        Call(Function.DIVIDE, (part, total), domain),
        domain,
    )


def _total(argument: ColumnOf, table: Table) -> ColumnOf:
    """The column of its person's total."""
    upper = argument.domain.upper
    if not isinstance(upper, int):
        raise TypeError("a total is of a bounded number")
    most = table.rows_per_person * upper
    domain = Domain(Type.NUMBER, 0, 0, most, nullable=False)
    name = total_of(argument.name)
    return ColumnOf(argument.table, name, domain, argument.sensitive)


def _within(total: ColumnOf, bound: int) -> Expression:
    known = Domain(Type.BOOLEAN, nullable=False)
    limit = Literal(bound, _whole(bound, nullable=False))
    return Call(Function.AT_MOST, (total, limit), known)


def fits(largest: int, bound: int) -> bool:
    """Whether a value of at most `largest` times the bound is a 64-bit number."""
    return largest * bound < 2**62


def _whole(value: int, *, nullable: bool) -> Domain:
    return Domain(Type.NUMBER, 0, value, value, nullable, values=(value,))


def _is_summed(column: Column, table: Table) -> bool:
    ends = _ends(column, _FEWEST)
    if ends is None or ends[0] < 0 or ends[0] * _ALIKE > ends[1]:
        return False
    return most_in_total(column, table) <= LARGEST_TOTAL


def _ends(column: Column, fewest: int) -> tuple[int, int] | None:
    domain = column.domain
    if domain.type is not Type.NUMBER:
        return None
    lower, upper = domain.lower, domain.upper
    if not isinstance(lower, int) or not isinstance(upper, int):
        return None
    return (lower, upper) if upper - lower >= fewest else None
