"""Stage 3: identifiers to the linkage zone, attributes to the research zone.

From here on no table has both. What joins them is `_row`, which means nothing
outside this intake and is not published.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tre.intake.engine import Engine
from tre.intake.incoming import NO_MARKS, Marks
from tre.intake.sql import Tree, column, relation, select, sql

CHECKED: Final = relation("landing", "checked")
IDENTIFIERS: Final = relation("linkage", "identifiers")
ATTRIBUTES: Final = relation("staging", "attributes")
KEYS: Final = relation("linkage", "keys")

CREATE: Final = "CREATE TABLE :target AS :rows"
ACCEPTED: Final = "_problems IS NULL"


def separate(
    engine: Engine,
    *,
    identifiers: int,
    attributes: int,
    clamped: Sequence[int] = (),
    marks: Marks = NO_MARKS,
) -> None:
    """Copy accepted rows apart; the caller then destroys landing.

    `linkage.identifiers` gets `_row` and `i…`, `staging.attributes` gets `_row`,
    `_order`, `c…`, and `m…` of the columns at the places `clamped`. Where rows have
    a key, `linkage.keys` gets `_row`, `k…` and `_removed`.
    """
    if marks.key:
        own = [column("_row"), *key_columns(marks), column("_removed")]
        rows = select(own, CHECKED).where(sql(ACCEPTED))
        engine.run(sql(CREATE, target=KEYS, rows=rows))
    if identifiers:
        names = ["_row", *(f"i{position}" for position in range(identifiers))]
        rows = select([column(name) for name in names], CHECKED).where(sql(ACCEPTED))
        engine.run(sql(CREATE, target=IDENTIFIERS, rows=rows))
    names = ["_row", "_order", *(f"c{position}" for position in range(attributes))]
    names += [f"m{position}" for position in clamped]
    rows = select([column(name) for name in names], CHECKED).where(sql(ACCEPTED))
    engine.run(sql(CREATE, target=ATTRIBUTES, rows=rows))


def key_columns(marks: Marks) -> list[Tree]:
    """The columns of `landing.checked`, then `linkage.keys`, that make a row's key."""
    return [column(f"k{at}") for at in range(len(marks.key))]
