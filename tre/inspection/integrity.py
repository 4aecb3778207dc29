"""What cannot be right: repeated rows, headers as rows, impossible dates, strangers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Column, Type
from tre.inspection.landed import RECEIVED, Landed, published_as
from tre.inspection.report import Finding, Level
from tre.intake.sql import (
    Tree,
    cast,
    column,
    literal,
    named,
    select,
    sql,
    text,
)

EARLIEST: Final = date(1850, 1, 1)
MOST_SHOWN: Final = 8
LONGEST_SHOWN: Final = 40
EMPTY_SHARE: Final = 0.5

REPEATED: Final = "SELECT coalesce(sum(n - 1), 0) FROM :rows WHERE n > 1"
NAMED: Final = ":x ILIKE :within AND lower(trim(:x)) = :name"
"""The first is in the second, and looked at in half of the time."""

NAME_SHAPE: Final = "[A-Za-z][A-Za-z0-9_]*"
DATES: Final = """
SELECT count_if(x > :today), count_if(x < :earliest) FROM :rows
"""
OTHERS: Final = """
SELECT x, count(*) AS n FROM :rows
WHERE x IS NOT NULL AND length(x) <= :longest AND NOT :listed
GROUP BY x ORDER BY n DESC, x LIMIT :most
"""


def repeated(landed: Landed) -> Iterator[Finding]:
    """Rows that are there more than once, alike in every field that is read."""
    fields = [column(one.landed) for one in landed.fields]
    if not fields:
        return
    rows = select([named(sql("count(*)"), "n"), *fields], RECEIVED)
    grouped = rows.group_by(*(field.copy() for field in fields))
    found = landed.engine.count(sql(REPEATED, rows=grouped.subquery("r")))
    if found:
        yield Finding(
            Level.WARNING,
            "repeated_rows",
            landed.name,
            "",
            f"{found:,} rows repeat another in every field that is read: see whether a "
            "part was delivered twice",
            found,
        )


def header_rows(landed: Landed, names: frozenset[str]) -> Iterator[Finding]:
    """Rows that are a header: names of fields where values should be.

    `names` are those of all fields of the package, in lower case. Any row counts that
    repeats the names of its own columns, and a first one that is made of names.
    """
    texts = {
        one.field.name: cast(column(one.landed), "VARCHAR") for one in landed.fields
    }
    if not texts:
        return
    own = exp.or_(
        *(
            sql(NAMED, x=x, name=text(name.lower()), within=text(f"%{name}%"))
            for name, x in texts.items()
        )
    )
    shaped = exp.and_(*(_shaped(x) for x in texts.values()))
    listed = [text(name) for name in sorted(names)]
    known = exp.or_(
        *(
            exp.In(this=sql("lower(:x)", x=x), expressions=listed)
            for x in texts.values()
        )
    )
    first = exp.and_(sql("_row = 0"), shaped, known)
    rows = select([sql("count(*)")], RECEIVED).where(exp.or_(own, first))
    found = landed.engine.count(rows)
    if found:
        yield Finding(
            Level.SERIOUS,
            "header_as_row",
            landed.name,
            "",
            f"{found:,} of {landed.rows:,} rows hold names of columns instead of "
            "values: the file's header was read as a row. Have it exported again, or "
            "remove that row",
            found,
        )


def impossible_dates(
    landed: Landed, hidden: frozenset[str], today: date
) -> Iterator[Finding]:
    """Dates still to come, before anybody now living, and ends before beginnings."""
    ends = {"today": literal(today), "earliest": literal(EARLIEST)}
    moments = {Type.DATE, Type.DATETIME}
    dated = [
        (at, one) for at, one in enumerate(landed.columns) if one.domain.type in moments
    ]
    for at, known in dated:
        rows = landed.accepted(named(published_as(at), "x")).subquery("r")
        ((future, past),) = landed.engine.run(sql(DATES, rows=rows, **ends))
        for found, words in ((future, "are still to come"), (past, "are before 1850")):
            if found and known.name not in hidden:
                yield Finding(
                    Level.WARNING,
                    "impossible_date",
                    landed.name,
                    known.name,
                    f"{found:,} dates {words}",
                    found,
                    f"- {{name: {known.name}, constraints: "
                    f"{{minimum: …, maximum: {today}}}}}",
                )
    yield from _reversed(landed, dated)


def _reversed(landed: Landed, dated: Sequence[tuple[int, Column]]) -> Iterator[Finding]:
    by_name = {known.name.lower(): (at, known.name) for at, known in dated}
    for name, (start, shown_as) in by_name.items():
        end = by_name.get(re.sub("start|begin|from", "end", name))
        if end is None or end[0] == start:
            continue
        met = exp.GT(this=published_as(start), expression=published_as(end[0]))
        found = landed.engine.count(landed.accepted(sql("count_if(:met)", met=met)))
        if found:
            yield Finding(
                Level.WARNING,
                "end_before_start",
                landed.name,
                shown_as,
                f"{found:,} rows end before they begin ({shown_as}, {end[1]})",
                found,
            )


def unlisted(landed: Landed, hidden: frozenset[str]) -> Iterator[Finding]:
    """The categories that a list leaves out, with the most frequent of them."""
    for known in landed.columns:
        incoming = landed.incoming(known.name)
        listed = known.domain.type is Type.TEXT and known.domain.values is not None
        if incoming is None or not listed or incoming.field.tre.generalise:
            continue
        missing = set(landed.resource.table_schema.missing_values)
        allowed = [*map(str, known.domain.values or ()), *sorted(missing)]
        rows = select([named(cast(column(incoming.landed), "VARCHAR"), "x")], RECEIVED)
        found = landed.engine.run(
            sql(
                OTHERS,
                rows=rows.subquery("r"),
                longest=literal(LONGEST_SHOWN),
                listed=exp.In(this=exp.column("x"), expressions=[*map(text, allowed)]),
                most=literal(MOST_SHOWN),
            )
        )
        if found and known.name not in hidden:
            told = ", ".join(f"{value} ({rows_of:,})" for value, rows_of in found)
            total = sum(rows_of for _, rows_of in found)
            yield Finding(
                Level.WARNING,
                "unlisted_category",
                landed.name,
                known.name,
                f"has values that its list leaves out: {told}",
                total,
                f"- {{name: {known.name}, constraints: {{enum: [… and those that "
                "belong]}}",
            )


def unbounded(landed: Landed, hidden: frozenset[str]) -> Iterator[Finding]:
    """Numbers that nothing can be made of but counts, as the manifest has them."""
    names = [
        known.name
        for known in landed.columns
        if known.domain.type is Type.NUMBER
        and None in {known.domain.lower, known.domain.upper}
        and known.name not in hidden
    ]
    if names:
        others = f" and {len(names) - MOST_SHOWN} more" * (len(names) > MOST_SHOWN)
        have = "has" if len(names) == 1 else "have"
        yield Finding(
            Level.NOTE,
            "no_bounds",
            landed.name,
            "",
            f"{', '.join(names[:MOST_SHOWN])}{others} {have} no minimum and maximum:"
            " a question counts and compares such numbers, and has to bring bounds of"
            " its own to add them up or average them. Declare what they can be, not"
            " what this file holds",
            change=f"- {{name: {names[0]}, constraints: {{minimum: …, maximum: …}}}}"
            "   # or, of codes, {enum: […]}",
        )


def incomplete(table: str, name: str, missing: int, rows: int) -> Iterator[Finding]:
    """A column that is missing more often than not."""
    if rows and missing > EMPTY_SHARE * rows:
        empty = missing == rows
        yield Finding(
            Level.WARNING if empty else Level.NOTE,
            "empty_column" if empty else "incomplete_column",
            table,
            name,
            "has no value at all" if empty else f"is missing in {missing / rows:.0%}",
            missing,
            f"- {{name: {name}, tre: {{drop: true}}}}" if empty else "",
        )


def _shaped(x: Tree) -> Tree:
    return sql(
        "coalesce(regexp_full_match(:x, :shape), FALSE)", x=x, shape=text(NAME_SHAPE)
    )
