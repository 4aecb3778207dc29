"""The relation a question asks: tables, what is selected of them, and their joins.

Every name in here is the compiler's own. A relation is total, as its expressions are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from privacy.catalogue import Domain, Table, Unit
from privacy.expression import Call, Case, ColumnOf, Expression, Function


@dataclass(frozen=True, slots=True)
class TableOf:
    """A published table under the name its columns go by.

    The name is empty where the relation is this table and nothing else.
    """

    name: str
    table: Table


@dataclass(frozen=True, slots=True)
class Selected:
    """The rows of a source that meet a condition, with these columns and no others.

    Each row of the source gives one row at most. Whose a row is goes with it.
    """

    name: str
    source: Relation
    where: Expression | None
    columns: tuple[tuple[str, Expression], ...]


class Summary(Enum):
    """What a person's rows are summed up by."""

    ROWS = "COUNT(*)"
    PRESENT = "COUNT(x)"
    SUM = "SUM"
    MIN = "MIN"
    MAX = "MAX"
    DISTINCT = "COUNT(DISTINCT x)"
    MEDIAN = "MEDIAN"
    ANY = "BOOL_OR"
    ALL = "BOOL_AND"


@dataclass(frozen=True, slots=True)
class Summed:
    """One figure of a person's rows: `argument` is None for ROWS."""

    summary: Summary
    argument: Expression | None
    domain: Domain


@dataclass(frozen=True, slots=True)
class PerPerson:
    """A source's rows that meet a condition, summed up for each person and key.

    A person has one row for each combination of keys that their own rows have.
    """

    name: str
    source: Relation
    where: Expression | None
    keys: tuple[tuple[str, Expression], ...]
    columns: tuple[tuple[str, Summed], ...]


@dataclass(frozen=True, slots=True)
class Stacked:
    """The rows of several sources, one below the other; each has the same columns.

    Whose a row is goes with it, so that one person's rows of all sources add up.
    """

    name: str
    sources: tuple[Selected, ...]


class JoinKind(Enum):
    """What becomes of a row of the left side that nothing matches, and of others.

    Of SEMI and ANTI the right side has no columns: a row of the left side is kept,
    once, where something matches it, or where nothing does.
    """

    INNER = "inner"
    LEFT = "left"
    SEMI = "semi"
    ANTI = "anti"


UNSEEN: Final = frozenset({JoinKind.SEMI, JoinKind.ANTI})
"""Joins of which the right side has no columns."""


@dataclass(frozen=True, slots=True)
class Join:
    """Pairs of rows that meet every condition.

    `people` are the names, left and right, whose `person_id` are equal besides; None
    where the right side is about no people. An unmatched row of the left side is
    dropped (INNER), or kept once, beside NULLs (LEFT).
    """

    kind: JoinKind
    left: Relation
    right: Relation
    people: tuple[str, str] | None
    conditions: tuple[Expression, ...]


Relation: TypeAlias = TableOf | Selected | PerPerson | Stacked | Join

Named: TypeAlias = TableOf | Selected | PerPerson | Stacked
"""A relation that is one table to whoever asks it."""


def sources(relation: Relation) -> tuple[Relation, ...]:
    """The relations that a relation is made of."""
    match relation:
        case TableOf():
            return ()
        case Selected(source=source) | PerPerson(source=source):
            return (source,)
        case Stacked(sources=stacked):
            return stacked
        case Join(left=left, right=right):
            return left, right


def tables(relation: Relation) -> Iterator[Table]:
    """The published tables a relation reads, as often as it reads them."""
    if isinstance(relation, TableOf):
        yield relation.table
    for each in sources(relation):
        yield from tables(each)


def expressions(relation: Relation) -> Iterator[Expression]:
    """The expressions a relation is written with, as often as they are written."""
    for each in sources(relation):
        yield from expressions(each)
    match relation:
        case Selected(columns=columns):
            yield from (each for _, each in columns)
        case PerPerson(keys=keys, columns=summed):
            yield from (each for _, each in keys)
            yield from (each.argument for _, each in summed if each.argument)
        case Join(conditions=conditions):
            yield from conditions
        case _:
            pass
    if isinstance(relation, Selected | PerPerson) and relation.where is not None:
        yield relation.where


def about_people(relation: Relation) -> bool:
    """Whether every row is somebody's; otherwise it is public."""
    match relation:
        case TableOf(table=table):
            return table.unit is not Unit.NONE
        case Selected(source=source) | PerPerson(source=source):
            return about_people(source)
        case Stacked(sources=sources):
            return all(about_people(each) for each in sources)
        case Join(left=left):
            return about_people(left)


def linked(relation: Relation) -> bool:
    """Whether the people of its rows are those of the population's spine."""
    match relation:
        case TableOf(table=table):
            return table.unit is Unit.PERSON
        case Selected(source=source) | PerPerson(source=source):
            return linked(source)
        case Stacked(sources=sources):
            return all(linked(each) for each in sources)
        case Join(left=left):
            return linked(left)


def whose(relation: Relation) -> str:
    """The name whose `person_id` says whose a row is, and is never NULL."""
    match relation:
        case Join(left=left):
            return whose(left)
        case TableOf(name=name) | Selected(name=name):
            return name
        case PerPerson(name=name) | Stacked(name=name):
            return name


def names(relation: Relation) -> Iterator[str]:
    """The names that columns of its rows are known by."""
    match relation:
        case Join(kind, left, right):
            yield from names(left)
            if kind not in UNSEEN:
                yield from names(right)
        case TableOf(name=name) | Selected(name=name):
            yield name
        case PerPerson(name=name) | Stacked(name=name):
            yield name


def matches_one(join: Join) -> bool:
    """Whether public facts say that a left row matches one right row at most.

    They do where columns that are unique together in the right side, as its
    publication enforced, each have to equal something of the left side alone.
    """
    if isinstance(join.right, Join):
        return False
    name = join.right.name
    fixed = {found for each in join.conditions if (found := _fixed(each, name))}
    return any(key <= fixed for key in unique_keys(join.right))


def unique_keys(relation: Relation) -> frozenset[frozenset[str]]:
    """The sets of columns no two rows of a public relation agree on."""
    match relation:
        case TableOf(table=table):
            return frozenset(frozenset(key) for key in table.unique)
        case Selected(source=source, columns=columns):
            kept = {e.name: name for name, e in columns if isinstance(e, ColumnOf)}
            return frozenset(
                frozenset(kept[each] for each in key)
                for key in unique_keys(source)
                if key <= kept.keys()
            )
        case PerPerson() | Stacked() | Join():
            return frozenset()


def _fixed(condition: Expression, name: str) -> str:
    """The column of `name` that a condition makes equal to something outside it."""
    match condition:
        case Call(function=Function.EQUAL, arguments=(left, right)):
            for column, other in ((left, right), (right, left)):
                mine = isinstance(column, ColumnOf) and column.table == name
                if mine and name not in names_in(other):
                    return column.name if isinstance(column, ColumnOf) else ""
        case _:
            pass
    return ""


def names_in(expression: Expression) -> frozenset[str]:
    """The names of the tables an expression reads."""
    found: set[str] = set()
    waiting = [expression]
    while waiting:
        match waiting.pop():
            case ColumnOf(table=table):
                found.add(table)
            case Call(arguments=arguments):
                waiting += arguments
            case Case(branches, default):
                waiting += [each for branch in branches for each in branch]
                waiting += [] if default is None else [default]
            case _:
                pass
    return frozenset(found)
