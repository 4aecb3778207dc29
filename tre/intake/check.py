"""Stage 2: every value read as what the manifest says it is, or its row rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import sqlglot.expressions as exp

from tre.intake.engine import Engine
from tre.intake.identity import identity
from tre.intake.incoming import NO_MARKS, Family, Incoming, Marks
from tre.intake.publication import Reason, Reject
from tre.intake.reading import (
    Marking,
    Reading,
    marking,
    readings,
    required_identifiers,
)
from tre.intake.sql import Tree, column, every, named, relation, select, sql, text

RECEIVED: Final = relation("landing", "received")
CHECKED: Final = relation("landing", "checked")
ROW: Final = (column("_row"), column("_order"))

CREATE: Final = "CREATE TABLE :checked AS :rows"
TALLY: Final = """
SELECT _problems, count(*) AS n FROM :checked WHERE NOT _problems IS NULL GROUP BY ALL
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """How many rows were rejected, and for what. Names columns, never values.

    `clamped` are the places and names of the published columns that are clamped,
    `marks` the fields that mark whole rows.
    """

    rejected: int
    rejects: tuple[Reject, ...]
    clamped: tuple[tuple[int, str], ...] = ()
    marks: Marks = NO_MARKS


def check(
    engine: Engine,
    fields: Sequence[Incoming],
    linking: Sequence[Incoming],
    missing: Sequence[str],
    marks: Marks = NO_MARKS,
) -> Checked:
    """Fill `landing.checked` from `landing.received`.

    It has `_row`, `_order`, an `i…` column for each identifier in `linking`
    (normalised text), a `c…` column for each column to publish (in its final type),
    an `m…` column, whether it was moved, for each of them that is clamped, and
    `_problems`, NULL where the row is accepted. Where rows have a key there is a `k…`
    for each of its parts, and `_removed`; of a row to be removed only the key counts.
    """
    columns, marked = readings(fields), marking(marks)
    problems = _every_problem(fields, columns, marked)
    shown = [
        *ROW,
        *(named(identity(field), f"i{at}") for at, field in enumerate(linking)),
        *_published(columns),
        *(named(tree, name) for name, tree in marked.columns.items()),
        named(_problems([problem for _, problem in problems]), "_problems"),
    ]
    rows = select(shown, _read(fields, columns, marked, missing))
    engine.run(sql(CREATE, checked=CHECKED, rows=rows))
    rejected, rejects = _tally(engine, [name for name, _ in problems])
    clamped = tuple((at, reading.name) for at, reading, _ in _movable(columns))
    return Checked(rejected, rejects, clamped, marks)


def present(incoming: Incoming, missing: Sequence[str]) -> Tree:
    """The landed column, with what the manifest calls missing as NULL."""
    x = column(incoming.landed)
    words = [word for word in missing if word or incoming.family is Family.TEXT]
    if not words or incoming.family not in {Family.TEXT, Family.INTEGER}:
        return x
    template = "CASE WHEN NOT :absent THEN :x END"
    shown = exp.cast(x, "VARCHAR") if incoming.family is Family.INTEGER else x
    absent = exp.In(this=shown, expressions=[text(word) for word in words])
    return named(sql(template, absent=absent, x=x), incoming.landed)


def _read(
    fields: Sequence[Incoming],
    columns: Sequence[Reading],
    marked: Marking,
    missing: Sequence[str],
) -> exp.Select:
    """The landed columns, and what they are read as, each value once."""
    received = select([*ROW, *(present(field, missing) for field in fields)], RECEIVED)
    parsed = [
        named(tree, name)
        for each in (*(reading.parsed for reading in columns), marked.parsed)
        for name, tree in each.items()
    ]
    return select([*ROW, *(column(f.landed) for f in fields), *parsed], received)


def _published(columns: Sequence[Reading]) -> Iterator[Tree]:
    """What is stored of each column, and whether it was moved to be stored."""
    for at, reading in enumerate(columns):
        yield named(reading.published, f"c{at}")
    for at, _, moved in _movable(columns):
        yield named(moved, f"m{at}")


def _movable(columns: Sequence[Reading]) -> Iterator[tuple[int, Reading, Tree]]:
    for at, reading in enumerate(columns):
        if reading.moved is not None:
            yield at, reading, reading.moved


def _every_problem(
    fields: Sequence[Incoming], columns: Sequence[Reading], marked: Marking
) -> list[tuple[str, Tree]]:
    """Every column's name, and the problem that a row can have with it."""
    of_rows_that_stay = [
        *((reading.name, reading.problem) for reading in columns),
        *required_identifiers(fields),
    ]
    return [
        *((name, marked.unless_removed(each)) for name, each in of_rows_that_stay),
        *marked.problems,
    ]


def _problems(problems: Sequence[Tree]) -> Tree:
    """`0:range,3:type`: each problem's place in the list, and its reason."""
    if not problems:
        return exp.Null()
    coded = [
        sql(":place || (:problem)", place=text(f"{place}:"), problem=problem)
        for place, problem in enumerate(problems)
    ]
    fine = every(exp.Is(this=problem, expression=exp.Null()) for problem in problems)
    joined = exp.func("concat_ws", text(","), *coded, dialect="duckdb")
    return sql("CASE WHEN :fine THEN NULL ELSE :joined END", fine=fine, joined=joined)


def _tally(engine: Engine, names: Sequence[str]) -> tuple[int, tuple[Reject, ...]]:
    rejected = 0
    found: Counter[tuple[str, Reason]] = Counter()
    for problems, rows in engine.run(sql(TALLY, checked=CHECKED)):
        rejected += rows
        for problem in problems.split(","):
            place, _, reason = problem.partition(":")
            found[names[int(place)], Reason(reason)] += rows
    rejects = tuple(
        Reject(name, reason, rows)
        for (name, reason), rows in sorted(
            found.items(), key=lambda item: (names.index(item[0][0]), item[0][1].value)
        )
    )
    return rejected, rejects
