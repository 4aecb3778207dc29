"""What the spine holds about people who may be one, or two, after all.

Only people whom something concerns are looked at: those whom a decision is about, and
those of whom records were found to agree with another's. What was weighed is for people
to decide; it merges nobody who is known.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from tre.intake.contradict import contradiction
from tre.intake.engine import Engine
from tre.intake.regroup import Evidence, Pair, regroup
from tre.intake.resemble import RANK
from tre.intake.sql import number, relation, sql

CONCERNED: Final = relation("linkage", "concerned")

DECIDED: Final = """
SELECT d.a, d.b
FROM earlier.decision AS d
SEMI JOIN earlier.record AS a ON a.record = d.a
SEMI JOIN earlier.record AS b ON b.record = d.b
GROUP BY d.a, d.b
HAVING count(DISTINCT d.reviewer) >= :reviewers AND bool_and(:same)
ORDER BY d.a, d.b
"""

REVIEWERS: Final = 2
"""How many people must say the same of a pair, and nobody otherwise."""

CONCERN: Final = """
CREATE TABLE :concerned AS
WITH pair AS (
    SELECT a, b FROM earlier.joined WHERE rank < :weighed
    UNION ALL
    SELECT a, b FROM decided WHERE same
),
concerned AS (
    SELECT unnest([a.person, b.person]) AS person
    FROM pair AS p
    INNER JOIN earlier.record AS a ON a.record = p.a
    INNER JOIN earlier.record AS b ON b.record = p.b
    WHERE a.person <> b.person
    UNION
    SELECT a.person
    FROM decided AS p
    INNER JOIN earlier.record AS a ON a.record = p.a
    INNER JOIN earlier.record AS b ON b.record = p.b
    WHERE a.person = b.person AND NOT p.same
)
SELECT r.* FROM earlier.record AS r SEMI JOIN concerned AS c ON c.person = r.person
"""

PEOPLE: Final = "SELECT record, person FROM :concerned ORDER BY record"

AGREEING: Final = """
SELECT j.a, j.b
FROM earlier.joined AS j
INNER JOIN :concerned AS a ON a.record = j.a
INNER JOIN :concerned AS b ON b.record = j.b
WHERE j.rank < :weighed OR a.person = b.person
GROUP BY j.a, j.b
ORDER BY min(j.rank), max(j.probability) DESC, j.a, j.b
"""

CONTRADICTING: Final = """
SELECT a.record, b.record
FROM near AS x
INNER JOIN near AS y ON y.component = x.component AND y.record < x.record
INNER JOIN :concerned AS a ON a.record = x.record
INNER JOIN :concerned AS b ON b.record = y.record
WHERE
    a.person <> b.person
    AND coalesce(
        CASE
            WHEN a.local_id IS NOT NULL AND b.local_id IS NOT NULL
                THEN a.local_id <> b.local_id
        END,
        :contradiction
    )
"""


def decisions(engine: Engine, *, same: bool) -> list[Pair]:
    """The pairs of which enough people said the same, and nobody otherwise."""
    said = sql("d.same" if same else "NOT d.same")
    found = engine.run(sql(DECIDED, reviewers=number(REVIEWERS), same=said))
    return [(int(a), int(b)) for a, b in found]


def evidence(engine: Engine) -> Evidence:
    """What there is of everybody concerned.

    Needs the spine in force attached as `earlier`, and a `linkage` to work in.
    """
    same, apart = decisions(engine, same=True), decisions(engine, same=False)
    weighed = number(RANK)
    engine.register("decided", _decided(same, apart))
    try:
        engine.run(sql(CONCERN, concerned=CONCERNED, weighed=weighed))
    finally:
        engine.unregister("decided")
    parts = {"concerned": CONCERNED}
    people = dict(engine.run(sql(PEOPLE, **parts)))
    agreeing = engine.run(sql(AGREEING, weighed=weighed, **parts))
    found = Evidence(
        people=people,
        same=[pair for pair in same if pair[0] in people and pair[1] in people],
        apart=[pair for pair in apart if pair[0] in people and pair[1] in people],
        agreeing=agreeing,
    )
    engine.register("near", _near(found))
    try:
        rule = sql(CONTRADICTING, contradiction=contradiction(), **parts)
        contradicting = engine.run(rule)
    finally:
        engine.unregister("near")
        engine.run(sql("DROP TABLE :concerned", **parts))
    return Evidence(people, found.same, found.apart, agreeing, contradicting)


def _decided(same: list[Pair], apart: list[Pair]) -> pa.Table:
    pairs = [*same, *apart]
    return pa.table(
        {
            "a": pa.array([a for a, _ in pairs], pa.int64()),
            "b": pa.array([b for _, b in pairs], pa.int64()),
            "same": pa.array([True] * len(same) + [False] * len(apart), pa.bool_()),
        }
    )


def _near(found: Evidence) -> pa.Table:
    """Records that might be one person's, were there no contradiction."""
    freely = Evidence(found.people, same=found.same, agreeing=found.agreeing)
    groups = regroup(freely).groups
    return pa.table(
        {
            "record": pa.array(list(groups), pa.int64()),
            "component": pa.array(list(groups.values()), pa.int64()),
        }
    )
