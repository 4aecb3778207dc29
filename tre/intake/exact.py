"""The deterministic linker: exact agreement on keyed tokens."""

from __future__ import annotations

from typing import Final

from tre.intake.engine import Engine
from tre.intake.sql import relation, sql

TOKENS: Final = relation("linkage", "tokens")
CLUSTERS: Final = relation("linkage", "clusters")
STRONG: Final = relation("linkage", "strong")
MERGES: Final = relation("linkage", "merges")
MATCHED: Final = relation("linkage", "matched")
SPINE: Final = relation("spine", "token")

BY_LOCAL_ID: Final = """
CREATE TABLE :strong AS
SELECT record, min(record) OVER (PARTITION BY token) AS cluster
FROM :tokens
WHERE rank = 0
UNION ALL
SELECT DISTINCT t.record, t.record AS cluster
FROM :tokens AS t
WHERE t.rank > 0 AND NOT EXISTS (
    SELECT 1 FROM :tokens AS l WHERE l.rank = 0 AND l.record = t.record
)
"""

WEAK: Final = "SELECT count(*) FROM (SELECT 1 FROM :tokens WHERE rank > 0 LIMIT 1)"

COPY: Final = "CREATE TABLE :clusters AS SELECT record, cluster FROM :strong"

FIND_MERGES: Final = """
CREATE OR REPLACE TABLE :merges AS
WITH shared AS (
    SELECT t.token, min(c.cluster) AS lowest
    FROM :tokens AS t INNER JOIN :clusters AS c ON c.record = t.record
    WHERE t.rank > 0
    GROUP BY t.token
    HAVING min(c.cluster) <> max(c.cluster)
)
SELECT c.cluster, min(s.lowest) AS lowest
FROM shared AS s
INNER JOIN :tokens AS t ON t.token = s.token
INNER JOIN :clusters AS c ON c.record = t.record
GROUP BY c.cluster
HAVING min(s.lowest) < c.cluster
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
    FROM :clusters AS k INNER JOIN :tokens AS t ON t.record = k.record
    WHERE t.rank = 0
    GROUP BY k.cluster
    HAVING min(t.token) <> max(t.token)
)
"""

MATCH: Final = """
CREATE TABLE :matched AS
WITH mine AS (
    SELECT c.cluster, t.rank, t.token
    FROM :tokens AS t INNER JOIN :clusters AS c ON c.record = t.record
),
candidate AS (
    SELECT
        m.cluster,
        m.rank,
        min(s.person) AS person
    FROM mine AS m INNER JOIN :spine AS s ON s.token = m.token
    WHERE
        m.rank = 0
        OR NOT (
            m.cluster IN (SELECT cluster FROM mine WHERE rank = 0)
            AND s.person IN (SELECT person FROM :spine WHERE local)
        )
    GROUP BY m.cluster, m.rank
    HAVING min(s.person) = max(s.person)
)
SELECT cluster, arg_min(person, rank) AS person FROM candidate GROUP BY cluster
"""


def link_exactly(engine: Engine) -> None:
    """Group the records of this intake, then find the groups in the spine.

    Records are one group when any pass joins them, unless that would put two local
    ids into one group: then only equal local ids count. A group is a person of the
    spine when the strongest pass that finds anybody finds exactly one.
    """
    with engine.together():
        _cluster(engine)
        parts = {"matched": MATCHED, "tokens": TOKENS, "clusters": CLUSTERS}
        engine.run(sql(MATCH, spine=SPINE, **parts))


def _cluster(engine: Engine) -> None:
    """Group the records of this intake among themselves."""
    engine.run(sql(BY_LOCAL_ID, strong=STRONG, tokens=TOKENS))
    engine.run(sql(COPY, clusters=CLUSTERS, strong=STRONG))
    if engine.count(sql(WEAK, tokens=TOKENS)):
        _merge(engine)
        engine.run(
            sql(UNDO_CONTRADICTIONS, clusters=CLUSTERS, strong=STRONG, tokens=TOKENS)
        )


def _merge(engine: Engine) -> None:
    """Give connected groups the lowest number among them, until nothing changes."""
    parts = {"merges": MERGES, "tokens": TOKENS, "clusters": CLUSTERS}
    while True:
        engine.run(sql(FIND_MERGES, **parts))
        if not engine.count(sql("SELECT count(*) FROM :merges", merges=MERGES)):
            return
        engine.run(sql(MERGE, merges=MERGES, clusters=CLUSTERS))
