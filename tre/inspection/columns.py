"""What each published column holds: how complete, between which ends, how spread."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Column, Type
from tre.inspection.landed import Landed, published_as
from tre.inspection.report import Bar, ColumnProfile
from tre.intake.sql import Tree, cast, named, number, sql

BINS: Final = 20
MOST_BARS: Final = 24
"""Keys that are drawn one by one; the rest are one bar."""

SUMMARY: Final = "SELECT count(*), count(:x) FROM :rows"
DISTINCT: Final = """
SELECT count(*) FROM (SELECT DISTINCT :x FROM :rows) WHERE :x IS NOT NULL
"""
"""Exact: an estimate finds thirteen months in a year. It goes to disk where it must."""

ENDS: Final = """
SELECT min(:x), max(:x), approx_quantile(:x, [0.25, 0.5, 0.75]) FROM :rows
"""
BY_VALUE: Final = """
SELECT CAST(x AS VARCHAR) AS x, count(*) AS n FROM :rows WHERE x IS NOT NULL
GROUP BY 1 ORDER BY n DESC, x
"""
BY_BIN: Final = """
SELECT
    CAST(least(floor((x - :low) * :bins / :width), :last) AS INTEGER) AS bin,
    count(*)
FROM :rows
WHERE x IS NOT NULL
GROUP BY 1
"""
BY_YEAR: Final = """
SELECT CAST(extract(YEAR FROM x) AS VARCHAR) AS year, count(*)
FROM :rows WHERE x IS NOT NULL GROUP BY 1 ORDER BY 1
"""


def profile(landed: Landed, hidden: frozenset[str]) -> tuple[ColumnProfile, ...]:
    """A profile of each column; of those in `hidden`, no value is told."""
    fields = landed.resource.table_schema.fields
    roles = {name: "derived" for field in fields for name in field.tre.derive}
    roles |= {one.name: one.tre.role.value for one in fields if one.tre.role}
    return tuple(
        _column(landed, at, known, roles.get(known.name, ""), known.name in hidden)
        for at, known in enumerate(landed.columns)
    )


def _column(
    landed: Landed,
    at: int,
    known: Column,
    role: str,
    hide: bool,  # noqa: FBT001 - decided by the caller's set
) -> ColumnProfile:
    rows = landed.accepted(named(published_as(at), "x"))
    ((every, present),) = landed.engine.run(_over(SUMMARY, rows))
    profile = ColumnProfile(
        name=known.name,
        type=known.domain.type.value,
        role=role,
        rows=every,
        missing=every - present,
        distinct=landed.engine.count(_over(DISTINCT, rows)),
    )
    if hide or not present:
        return profile
    return _shown(landed, known, rows, profile)


def _shown(
    landed: Landed, known: Column, rows: exp.Select, profile: ColumnProfile
) -> ColumnProfile:
    domain = known.domain
    if domain.type in {Type.TEXT, Type.BOOLEAN}:
        bars = _keys(landed, rows) if domain.values is not None else ()
        return replace(profile, bars=bars)
    ((least, greatest, quartiles),) = landed.engine.run(_over(ENDS, rows))
    scale = domain.scale
    bars = (
        _bins(landed, rows, least, greatest, scale)
        if domain.type is Type.NUMBER
        else _years(landed, rows)
    )
    return replace(
        profile,
        bars=bars,
        least=shown(least, scale),
        greatest=shown(greatest, scale),
        quartiles=tuple(shown(each, scale) for each in quartiles),
    )


def shown(value: object, scale: int) -> str:
    """A stored value as people write it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{Decimal(value).scaleb(-scale):f}"
    return str(value)


def _keys(landed: Landed, rows: exp.Select) -> tuple[Bar, ...]:
    found = [Bar(str(x), n) for x, n in landed.engine.run(_over(BY_VALUE, rows))]
    rest = sum(bar.rows for bar in found[MOST_BARS:])
    others = (Bar(f"{len(found) - MOST_BARS} others", rest),) if rest else ()
    return (*found[:MOST_BARS], *others)


def _bins(
    landed: Landed, rows: exp.Select, least: int, greatest: int, scale: int
) -> tuple[Bar, ...]:
    width = greatest - least + 1
    bins = min(BINS, width)
    statement = _over(
        BY_BIN,
        rows,
        low=cast(number(least), "HUGEINT"),
        bins=number(bins),
        width=number(width),
        last=number(bins - 1),
    )
    found = dict(landed.engine.run(statement))
    starts = [least + width * at // bins for at in range(bins)]
    return tuple(
        Bar(shown(start, scale), found.get(at, 0)) for at, start in enumerate(starts)
    )


def _years(landed: Landed, rows: exp.Select) -> tuple[Bar, ...]:
    return tuple(Bar(year, n) for year, n in landed.engine.run(_over(BY_YEAR, rows)))


def _over(template: str, rows: exp.Select, **parts: Tree) -> Tree:
    return sql(template, rows=rows.subquery("r"), x=exp.column("x"), **parts)
