"""The deterministic passes: which records share a token, and do not contradict."""

from __future__ import annotations

from typing import Final

from tre.intake.contradict import contradiction
from tre.intake.engine import Engine
from tre.intake.sql import number, relation, sql

RECORDS: Final = relation("linkage", "records")
TOKENS: Final = relation("linkage", "tokens")
PAIRS: Final = relation("linkage", "pairs")
AGREED: Final = relation("linkage", "agreed")
KNOWN_RECORDS: Final = relation("spine", "record")
KNOWN_TOKENS: Final = relation("spine", "token")

MOST: Final = 12
"""Records that may share a token. More of them share something that is nobody's own,
such as a number made up for the many who gave none, and are not joined by it."""


FIND_AGREED: Final = """
CREATE TABLE :agreed AS
WITH fresh AS (SELECT token, record, rank FROM :tokens),
near AS (
    SELECT token, record, rank FROM fresh
    UNION ALL
    SELECT k.token, k.record, k.rank
    FROM :known AS k SEMI JOIN fresh AS f ON f.token = k.token
),
grouped AS (
    SELECT token, min(record) AS lowest, count(DISTINCT record) AS size
    FROM near GROUP BY token HAVING size > 1
),
chained AS (
    SELECT f.record AS a, g.lowest AS b, f.rank
    FROM fresh AS f INNER JOIN grouped AS g ON g.token = f.token
    WHERE f.rank = 0 AND f.record <> g.lowest
),
paired AS (
    SELECT f.record AS a, n.record AS b, greatest(f.rank, n.rank) AS rank
    FROM fresh AS f
    INNER JOIN grouped AS g ON g.token = f.token
    INNER JOIN near AS n ON n.token = f.token
    WHERE n.record < f.record AND f.rank > 0 AND g.size <= :most
)
SELECT a, b, min(rank) AS rank
FROM (SELECT * FROM chained UNION ALL SELECT * FROM paired)
GROUP BY a, b
"""

FIND_PAIRS: Final = """
CREATE TABLE :pairs AS
WITH every AS (
    SELECT * FROM :records
    UNION ALL BY NAME
    SELECT * EXCLUDE (person, epoch) FROM :known
)
SELECT
    p.a,
    p.b,
    p.rank,
    1.0::DOUBLE AS probability,
    p.rank > 0 AND (:contradiction) AS contradicted
FROM :agreed AS p
INNER JOIN every AS a ON a.record = p.a
INNER JOIN every AS b ON b.record = p.b
"""


def agree(engine: Engine) -> None:
    """Make `linkage.pairs`: records that share a token, each pair once.

    `a` is fresh (of this intake) and `b` fresh or known, with a lower number; `rank`
    is the strongest pass they share, `contradicted` whether they are two people all
    the same. Equal local ids are chained, not paired: any number may share one.
    """
    engine.run(
        sql(
            FIND_AGREED,
            agreed=AGREED,
            tokens=TOKENS,
            known=KNOWN_TOKENS,
            most=number(MOST),
        )
    )
    engine.run(
        sql(
            FIND_PAIRS,
            pairs=PAIRS,
            records=RECORDS,
            known=KNOWN_RECORDS,
            agreed=AGREED,
            contradiction=contradiction(),
        )
    )
    engine.run(sql("DROP TABLE :agreed", agreed=AGREED))
