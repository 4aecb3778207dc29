"""Shares of each column's rows, by public keys and bins: what drift is told by.

Exact, and so for the steward alone. Bins are cut from public bounds, so that two
versions have the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Column, Type
from tre.intake.engine import Engine
from tre.intake.publication import Shares
from tre.intake.separate import ACCEPTED, CHECKED
from tre.intake.sql import Tree, cast, column, named, number, select, sql

BINS: Final = 20

BY_LABEL: Final = """
SELECT CAST(:label AS VARCHAR) AS label, count(*) FROM :rows GROUP BY 1
"""
BIN: Final = "CAST(floor((x - :low) * :bins / :width) AS INTEGER)"
YEAR: Final = "extract(YEAR FROM x)"


def summary(engine: Engine, columns: Sequence[Column]) -> dict[str, Shares]:
    """Shares of each column over the accepted rows of `landing.checked`.

    Columns of which nothing finite is public (texts without a list, numbers without
    bounds) are left out but for what is missing of them.
    """
    return {known.name: _shares(engine, at, known) for at, known in enumerate(columns)}


def _shares(engine: Engine, at: int, known: Column) -> Shares:
    rows = select([named(column(f"c{at}"), "x")], CHECKED).where(sql(ACCEPTED))
    label = _label(known)
    present = exp.Boolean(this=True) if label is None else label
    statement = sql(
        BY_LABEL,
        label=sql("CASE WHEN x IS NOT NULL THEN :p END", p=present),
        rows=rows.subquery("r"),
    )
    found = dict(engine.run(statement))
    missing = found.pop(None, 0)
    every = missing + sum(found.values())
    if not every:
        return Shares(0.0, {}, 0)
    kept = found if label is not None else {}
    total = max(sum(found.values()), 1)
    shares = {key: n / total for key, n in kept.items()}
    return Shares(missing / every, shares, every)


def _label(known: Column) -> Tree | None:
    domain, x = known.domain, exp.column("x")
    if domain.type is Type.BOOLEAN or (
        domain.type is Type.TEXT and domain.values is not None
    ):
        return x
    if domain.type in {Type.DATE, Type.DATETIME}:
        return sql(YEAR)
    low, high = domain.lower, domain.upper
    if not isinstance(low, int) or not isinstance(high, int):
        return None
    width = high - low + 1
    return sql(
        BIN,
        low=cast(number(low), "HUGEINT"),
        bins=number(min(BINS, width)),
        width=number(width),
    )
