"""Hold a public table to the unique keys its manifest declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlglot.expressions as exp

from connectors.errors import Invalid
from tre.intake.engine import Engine
from tre.intake.sql import Tree, column, select


def check_unique(
    engine: Engine,
    source: Tree,
    keys: Sequence[Sequence[str]],
    names: Mapping[str, str],
    place: str,
) -> None:
    """Raise Invalid where two rows of `source` agree on all columns of a key.

    `names` gives the column of each field. Missing values count as equal, so that a
    key holds whatever a join makes of them. Questions rely on this: a row that is
    joined on a whole key meets one row at most.
    """
    for key in keys:
        columns = [column(names[each]) for each in key]
        every = select(columns, source)
        if _count(engine, every.distinct()) < _count(engine, every):
            raise Invalid(
                f"{place}.schema", f"expected rows that differ in {', '.join(key)}"
            )


def _count(engine: Engine, rows: exp.Select) -> int:
    return engine.count(select([exp.Count(this=exp.Star())], rows))
