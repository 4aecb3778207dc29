"""Pairs of records for people to look at: doubtful ones, and links that are least sure.

Masked, a pair says of each kind of identifier how far the two agree, which is what a
decision rests on most of the time. Identifiers themselves are shown where they are
asked for. Neither goes to anybody who may see attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from tre.intake.contradict import ALIKE
from tre.intake.engine import Engine
from tre.intake.record import LISTED, SINGLE, name_of
from tre.intake.reference import References
from tre.intake.resemble import RANK
from tre.intake.sql import Tree, column, named, number, select_from, sql, text
from tre.manifest.model import Kind

NAMES: Final = frozenset({Kind.FORENAME, Kind.SURNAME, Kind.FULL_NAME})
NOT_SHOWN: Final = frozenset({Kind.ENCODED})
"""What people can make nothing of."""

PAIRS: Final = """
SELECT
    p.a,
    p.b,
    p.linked,
    CAST(p.probability AS DECIMAL(4, 3)) AS probability
FROM (
    SELECT d.a, d.b, max(d.probability) AS probability, FALSE AS linked
    FROM (
        SELECT a, b, probability FROM spine.doubt
        UNION ALL
        SELECT a, b, probability FROM spine.joined WHERE rank >= :weighed
    ) AS d
    INNER JOIN spine.record AS a ON a.record = d.a
    INNER JOIN spine.record AS b ON b.record = d.b
    WHERE a.person <> b.person
    GROUP BY d.a, d.b
    UNION ALL
    SELECT j.a, j.b, max(j.probability) AS probability, TRUE AS linked
    FROM spine.joined AS j
    INNER JOIN spine.record AS a ON a.record = j.a
    INNER JOIN spine.record AS b ON b.record = j.b
    WHERE a.person = b.person AND j.probability <= :sure
    GROUP BY j.a, j.b
) AS p
INNER JOIN spine.record AS a ON a.record = p.a
INNER JOIN spine.record AS b ON b.record = p.b
ANTI JOIN (
    SELECT a, b FROM spine.decision WHERE reviewer = :reviewer
) AS d ON d.a = p.a AND d.b = p.b
ORDER BY
    p.linked, CASE WHEN p.linked THEN p.probability ELSE -p.probability END, p.a, p.b
LIMIT :most
"""

COMPARED: Final = """
CASE
    WHEN :a IS NULL AND :b IS NULL THEN 'neither has it'
    WHEN :a IS NULL OR :b IS NULL THEN 'one has it'
    WHEN :a = :b THEN 'equal'
    WHEN :close THEN 'alike'
    ELSE 'different'
END
"""
ALIKE_NAMES: Final = f"jaro_winkler_similarity(:a, :b) >= {ALIKE}"
TWO_SLIPS: Final = "damerau_levenshtein(:a, :b) <= 2"
IN_COMMON: Final = "list_has_any(:a, :b)"
WORDS: Final = "array_to_string(:list, '; ')"
SHOWN: Final = "CASE WHEN regexp_matches(:x, '^[=+@-]') THEN '''' || :x ELSE :x END"
"""A spreadsheet takes what begins so for a formula."""

SURE: Final = 0.99
MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """Which pairs somebody asks for, and whether with identifiers.

    Links are among them up to a probability of `sure`. `reviewer` is who asks: what
    they decided on is not shown again.
    """

    reviewer: str
    identifiers: bool = False
    sure: float = SURE
    most: int = MOST


def pairs_to_review(engine: Engine, references: References, asked: Asked) -> pa.Table:
    """Pairs with their references, most likely first, then links, least sure first.

    Needs `spine` attached.
    """
    rows = select_from(
        PAIRS,
        weighed=number(RANK),
        sure=sql(f"{asked.sure!r}::DOUBLE"),
        reviewer=text(asked.reviewer),
        most=number(asked.most),
    )
    for kind in (*SINGLE, *LISTED):
        if kind not in NOT_SHOWN:
            shown = _identifiers if asked.identifiers else _agreement
            rows = rows.select(*shown(kind), copy=False)
    found = engine.table(rows)
    names = [
        references.name(a, b)
        for a, b in zip(found["a"].to_pylist(), found["b"].to_pylist(), strict=True)
    ]
    columns = [found[name] for name in found.column_names[2:]]
    return pa.table(
        [pa.array(names, pa.string()), *columns],
        names=["pair", *found.column_names[2:]],
    )


def _identifiers(kind: Kind) -> Sequence[Tree]:
    name = name_of(kind)
    return [
        named(_written(kind, column(name, side)), f"{name}_{side}")
        for side in ("a", "b")
    ]


def _written(kind: Kind, value: Tree) -> Tree:
    return sql(SHOWN, x=sql(WORDS, list=value) if kind in LISTED else value)


def _agreement(kind: Kind) -> Sequence[Tree]:
    name = name_of(kind)
    a, b = column(name, "a"), column(name, "b")
    return [named(sql(COMPARED, close=sql(_close(kind), a=a, b=b), a=a, b=b), name)]


def _close(kind: Kind) -> str:
    if kind in LISTED:
        return IN_COMMON
    return ALIKE_NAMES if kind in NAMES else TWO_SLIPS
