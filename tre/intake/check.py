"""Stage 2: every value read as what the manifest says it is, or its row rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlglot.expressions as exp

from tre.intake.engine import Engine
from tre.intake.identity import identity
from tre.intake.incoming import NO_MARKS, Family, Incoming, Marks
from tre.intake.publication import Reason, Reject
from tre.intake.reading import Reading, marking, readings, required_identifiers
from tre.intake.sql import Tree, column, every, named, relation, select, sql, text

RECEIVED: Final = relation("landing", "received")
CHECKED: Final = relation("landing", "checked")
ROW: Final = (column("_row"), column("_order"))

CREATE: Final = "CREATE TABLE :checked AS :rows"
TALLY: Final = """
SELECT _problems, count(*) AS n FROM :checked WHERE NOT _problems IS NULL GROUP BY ALL
"""
KEEP_PROBLEMS: Final = """
CASE WHEN :fine THEN NULL ELSE concat_ws(',', :problems) END
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
    shown = [present(field, missing) for field in fields]
    received = select([*ROW, *shown], RECEIVED)
    carried = [column(field.landed) for field in fields]
    parsed = [
        named(tree, name)
        for reading in columns
        for name, tree in reading.parsed.items()
    ]
    parsed += [named(tree, name) for name, tree in marked.parsed.items()]
    read = select([*ROW, *carried, *parsed], received)
    named_problems = [
        *(
            (name, marked.unless_removed(problem))
            for name, problem in [
                *((reading.name, reading.problem) for reading in columns),
                *required_identifiers(fields),
            ]
        ),
        *marked.problems,
    ]
    rows = select(
        [
            *ROW,
            *(named(identity(field), f"i{at}") for at, field in enumerate(linking)),
            *(_published(at, reading) for at, reading in enumerate(columns)),
            *(
                named(reading.moved, f"m{at}")
                for at, reading in enumerate(columns)
                if reading.moved is not None
            ),
            *(named(tree, name) for name, tree in marked.columns.items()),
            named(_problems([problem for _, problem in named_problems]), "_problems"),
        ],
        read,
    )
    engine.run(sql(CREATE, checked=CHECKED, rows=rows))
    rejected, rejects = _tally(engine, [name for name, _ in named_problems])
    clamped = tuple(
        (at, reading.name)
        for at, reading in enumerate(columns)
        if reading.moved is not None
    )
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


def _published(position: int, reading: Reading) -> Tree:
    return named(reading.published, f"c{position}")


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
