"""Whom objections reach: everybody they fit, however many they are.

Linking joins two records where it is sure that they are one person. An objection is
the other way round: in doubt a person is left out. So it reaches every record that
shares a token with it, of any pass: be it one that so many share that linking takes it
for nobody's own, and be it one that records share which contradict each other. It does
not reach whom its own identifiers contradict: who gives more of them reaches fewer.

Whether it reaches a record rests on that record alone, and on those that the spine has
for the same person: how many others share a token changes nothing, so that one person
more brings nobody back.
"""

from __future__ import annotations

from typing import Final

from tre.intake.agree import KNOWN_RECORDS, KNOWN_TOKENS, RECORDS, TOKENS
from tre.intake.contradict import contradiction
from tre.intake.engine import Engine
from tre.intake.heed import Use, heeded
from tre.intake.spine import OBJECTION, OBJECTIONS, SEEN
from tre.intake.sql import Tree, number, relation, sql, text

KNOWN: Final = relation("linkage", "known")
REACHED: Final = relation("linkage", "reached")

STANDING: Final = """
SELECT DISTINCT o.record, o.purposes
FROM :objection AS o
SEMI JOIN (SELECT record FROM :seen WHERE dataset = :objections) AS s
ON s.record = o.record
"""
"""The records that people objected with, and not those that these have reached."""

REACH: Final = """
CREATE OR REPLACE TABLE :reached AS
WITH signed AS (
    SELECT token, record, rank FROM :fresh_tokens
    UNION ALL
    SELECT token, record, rank FROM :known_tokens
),
asking AS (:asking),
theirs AS (
    SELECT DISTINCT s.token, a.record, a.purposes
    FROM signed AS s INNER JOIN asking AS a ON a.record = s.record
),
near AS (
    SELECT DISTINCT s.token, s.record, s.rank
    FROM signed AS s SEMI JOIN theirs AS t ON t.token = s.token
),
met AS (
    SELECT
        t.record AS a,
        n.record AS b,
        t.purposes,
        min(n.rank) AS rank
    FROM theirs AS t
    INNER JOIN near AS n ON n.token = t.token
    WHERE n.record <> t.record
    GROUP BY t.record, n.record, t.purposes
),
every AS (
    SELECT * FROM :fresh
    UNION ALL BY NAME
    SELECT * EXCLUDE (person, epoch) FROM :record
)
SELECT record, purposes FROM asking
UNION
SELECT m.b AS record, m.purposes
FROM met AS m
INNER JOIN every AS a ON a.record = m.a
INNER JOIN every AS b ON b.record = m.b
WHERE m.rank = 0 OR NOT (:contradiction)
"""

REACHED_PEOPLE: Final = """
SELECT k.person FROM :reached AS o INNER JOIN :known AS k ON k.record = o.record
WHERE :heeded
"""

SPREAD: Final = """
INSERT INTO :objection
SELECT DISTINCT r.record, x.purposes, :epoch
FROM (
    SELECT o.purposes, coalesce(k.person, s.person) AS person
    FROM :reached AS o
    LEFT JOIN :known AS k ON k.record = o.record
    LEFT JOIN :record AS s ON s.record = o.record
) AS x
INNER JOIN :record AS r ON r.person = x.person
ANTI JOIN :objection AS e
ON e.record = r.record AND e.purposes IS NOT DISTINCT FROM x.purposes
"""


def standing() -> Tree:
    """The objections that the spine has: `record` and `purposes`."""
    objections = text(OBJECTIONS)
    return sql(STANDING, objection=OBJECTION, seen=SEEN, objections=objections)


def reach(engine: Engine, asking: Tree) -> None:
    """Make `linkage.reached`: the records that objections reach, and their purposes.

    `asking` selects the objections: `record`, which is fresh or known, and `purposes`.
    """
    engine.run(
        sql(
            REACH,
            reached=REACHED,
            asking=asking,
            fresh=RECORDS,
            record=KNOWN_RECORDS,
            fresh_tokens=TOKENS,
            known_tokens=KNOWN_TOKENS,
            contradiction=contradiction(),
        )
    )


def reached_people(use: Use) -> Tree:
    """The people of fresh records that are reached, as a subquery: to be left out."""
    return sql(REACHED_PEOPLE, reached=REACHED, known=KNOWN, heeded=heeded(use))


def spread(engine: Engine, epoch: int) -> None:
    """Keep that everybody in `linkage.reached` objects, by each of their records.

    So it stays whatever becomes of one of these: of who is parted, both are left out.
    """
    parts = {"objection": OBJECTION, "record": KNOWN_RECORDS, "known": KNOWN}
    engine.run(sql(SPREAD, reached=REACHED, epoch=number(epoch), **parts))
