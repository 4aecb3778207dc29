"""Which fresh records are one person, and which of those are known already."""

from __future__ import annotations

from typing import Final

from tre.intake.engine import Engine
from tre.intake.sql import relation, sql

RECORDS: Final = relation("linkage", "records")
TOKENS: Final = relation("linkage", "tokens")
PAIRS: Final = relation("linkage", "pairs")
CLUSTERS: Final = relation("linkage", "clusters")
STRONG: Final = relation("linkage", "strong")
MERGES: Final = relation("linkage", "merges")
MATCHED: Final = relation("linkage", "matched")
KNOWN: Final = relation("spine", "record")

BY_LOCAL_ID: Final = """
CREATE TABLE :strong AS
SELECT
    r.record,
    CASE
        WHEN r.local_id IS NULL THEN r.record
        ELSE min(r.record) OVER (PARTITION BY r.local_id)
    END AS cluster,
    r.local_id
FROM :records AS r SEMI JOIN :tokens AS t ON t.record = r.record
"""

COPY: Final = "CREATE TABLE :clusters AS SELECT record, cluster FROM :strong"

DROP_AMBIGUOUS: Final = """
DELETE FROM :pairs AS p
USING (
    WITH link AS (
        SELECT a AS x, b AS y, rank, probability FROM :pairs WHERE NOT contradicted
        UNION ALL
        SELECT b AS x, a AS y, rank, probability FROM :pairs WHERE NOT contradicted
    ),
    apart AS (
        SELECT a, b FROM :pairs WHERE contradicted
        UNION ALL
        SELECT b AS a, a AS b FROM :pairs WHERE contradicted
    )
    SELECT DISTINCT weaker.x, weaker.y
    FROM apart
    INNER JOIN link AS weaker ON weaker.y = apart.a
    INNER JOIN link AS other ON other.y = apart.b AND other.x = weaker.x
    WHERE
        weaker.rank > 0
        AND (weaker.rank, -weaker.probability) >= (other.rank, -other.probability)
) AS dropped
WHERE
    NOT p.contradicted
    AND (
        (p.a = dropped.x AND p.b = dropped.y) OR (p.b = dropped.x AND p.a = dropped.y)
    )
"""

FIND_MERGES: Final = """
CREATE OR REPLACE TABLE :merges AS
WITH meeting AS (
    SELECT a.cluster AS one, b.cluster AS other
    FROM :pairs AS p
    INNER JOIN :clusters AS a ON a.record = p.a
    INNER JOIN :clusters AS b ON b.record = p.b
    WHERE NOT p.contradicted AND a.cluster <> b.cluster
)
SELECT greatest(one, other) AS cluster, min(least(one, other)) AS lowest
FROM meeting
GROUP BY greatest(one, other)
"""

MERGE: Final = """
UPDATE :clusters AS c SET cluster = m.lowest
FROM :merges AS m WHERE m.cluster = c.cluster
"""

UNDO_CONTRADICTIONS: Final = """
UPDATE :clusters AS c SET cluster = s.cluster
FROM :strong AS s
WHERE s.record = c.record AND c.cluster IN (
    SELECT k.cluster
    FROM :clusters AS k INNER JOIN :strong AS l ON l.record = k.record
    GROUP BY k.cluster
    HAVING min(l.local_id) <> max(l.local_id)
    UNION ALL
    SELECT a.cluster
    FROM :pairs AS p
    INNER JOIN :clusters AS a ON a.record = p.a
    INNER JOIN :clusters AS b ON b.record = p.b AND b.cluster = a.cluster
    WHERE p.contradicted
)
"""

MATCH: Final = """
CREATE TABLE :matched AS
WITH found AS (
    SELECT c.cluster, k.person, p.rank, p.probability, p.contradicted
    FROM :pairs AS p
    INNER JOIN :clusters AS c ON c.record = p.a
    INNER JOIN :known AS k ON k.record = p.b
),
numbered AS (
    SELECT DISTINCT c.cluster
    FROM :clusters AS c INNER JOIN :strong AS s ON s.record = c.record
    WHERE s.local_id IS NOT NULL
),
candidate AS (
    SELECT
        f.cluster,
        f.person,
        min((f.rank, -f.probability)) FILTER (WHERE NOT f.contradicted) AS strength
    FROM found AS f
    GROUP BY f.cluster, f.person
    HAVING
        min(f.rank) = 0
        OR NOT (
            bool_or(f.contradicted)
            OR (
                f.cluster IN (SELECT cluster FROM numbered)
                AND f.person IN (SELECT person FROM :known WHERE local_id IS NOT NULL)
            )
        )
),
best AS (
    SELECT cluster, min(strength) AS strength FROM candidate GROUP BY cluster
)
SELECT c.cluster, min(c.person) AS person
FROM candidate AS c
INNER JOIN best AS b ON b.cluster = c.cluster AND b.strength = c.strength
GROUP BY c.cluster
HAVING min(c.person) = max(c.person)
"""


def cluster(engine: Engine) -> None:
    """Make `linkage.clusters` and `linkage.matched` from `linkage.pairs`.

    The first gives every fresh record with a token a cluster (`record`, `cluster`);
    the second gives a cluster one person of the spine, or none (`cluster`,
    `person`). Records are one cluster when pairs connect them, but never so that two
    local ids, or two records that contradict each other, meet: a record that fits
    both sides of a contradiction goes with the stronger, or with neither, and what
    still meets falls apart. A cluster is a person of the spine when the strongest
    pair that finds anybody finds exactly one.
    """
    with engine.together():
        engine.run(sql(BY_LOCAL_ID, strong=STRONG, records=RECORDS, tokens=TOKENS))
        engine.run(sql(COPY, clusters=CLUSTERS, strong=STRONG))
        if engine.count(sql("SELECT count(*) FROM :pairs", pairs=PAIRS)):
            engine.run(sql(DROP_AMBIGUOUS, pairs=PAIRS))
            _merge(engine)
            parts = {"clusters": CLUSTERS, "strong": STRONG, "pairs": PAIRS}
            engine.run(sql(UNDO_CONTRADICTIONS, **parts))
        parts = {"matched": MATCHED, "pairs": PAIRS, "clusters": CLUSTERS}
        engine.run(sql(MATCH, strong=STRONG, known=KNOWN, **parts))


def _merge(engine: Engine) -> None:
    """Give connected clusters the lowest number among them, until nothing changes."""
    parts = {"merges": MERGES, "pairs": PAIRS, "clusters": CLUSTERS}
    while True:
        engine.run(sql(FIND_MERGES, **parts))
        if not engine.count(sql("SELECT count(*) FROM :merges", merges=MERGES)):
            return
        engine.run(sql(MERGE, merges=MERGES, clusters=CLUSTERS))
