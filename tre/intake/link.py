"""Stage 5: records become people of the population's spine."""

from __future__ import annotations

import secrets
from typing import Final, Protocol

import pyarrow as pa

from tre.intake.engine import Engine
from tre.intake.sql import number, relation, sql

MEMBERS: Final = relation("linkage", "members")
TOKENS: Final = relation("linkage", "tokens")
CLUSTERS: Final = relation("linkage", "clusters")
MATCHED: Final = relation("linkage", "matched")
KNOWN: Final = relation("linkage", "known")
SPINE: Final = relation("spine", "token")
PEOPLE: Final = relation("staging", "people")

FIRST_FREE: Final = "SELECT max(person) + 1 FROM :spine"

NEWCOMERS: Final = """
SELECT count(*) FROM (
    SELECT DISTINCT cluster FROM :clusters ANTI JOIN :matched USING (cluster)
)
"""

NUMBERED: Final = """
CREATE TABLE :known AS
WITH newcomer AS (
    SELECT cluster, row_number() OVER () - 1 AS place
    FROM (SELECT DISTINCT cluster FROM :clusters ANTI JOIN :matched USING (cluster))
),
person AS (
    SELECT cluster, person FROM :matched
    UNION ALL
    SELECT n.cluster, :first + d.number AS person
    FROM newcomer AS n INNER JOIN drawn AS d ON d.place = n.place
)
SELECT c.record, p.person
FROM :clusters AS c INNER JOIN person AS p ON p.cluster = c.cluster
"""

EXTEND: Final = """
INSERT INTO :spine
SELECT DISTINCT t.token, k.person, t.rank = 0 AS local, :epoch AS epoch
FROM :tokens AS t INNER JOIN :known AS k ON k.record = t.record
WHERE NOT EXISTS (
    SELECT 1 FROM :spine AS s WHERE s.token = t.token AND s.person = k.person
)
"""

HAND_OVER: Final = """
CREATE TABLE :people AS
SELECT m._row, k.person
FROM :members AS m INNER JOIN :known AS k ON k.record = m.record
"""


class Linker(Protocol):
    """Decides which records are one person, and which are people already known."""

    def __call__(self, engine: Engine) -> None:
        """Make `linkage.clusters` and `linkage.matched`.

        The first gives every record with a token a cluster (`record`, `cluster`);
        the second gives a cluster one person of the spine, or none (`cluster`,
        `person`). Both come from `linkage.tokens` and `spine.token` alone.
        """
        ...


def link(engine: Engine, linker: Linker, epoch: int) -> None:
    """Fill `staging.people` (`_row`, `person`), extending the spine by newcomers.

    Rows of records that no pass can identify are absent. Nobody already in the spine
    is merged or renumbered; newcomers take the next free numbers in an order drawn
    by the system's cryptographic generator.
    """
    linker(engine)
    first = engine.count(sql(FIRST_FREE, spine=SPINE))
    newcomers = engine.count(sql(NEWCOMERS, clusters=CLUSTERS, matched=MATCHED))
    engine.register("drawn", permutation(newcomers))
    try:
        engine.run(
            sql(
                NUMBERED,
                known=KNOWN,
                clusters=CLUSTERS,
                matched=MATCHED,
                first=number(first),
            )
        )
    finally:
        engine.unregister("drawn")
    engine.run(
        sql(EXTEND, spine=SPINE, tokens=TOKENS, known=KNOWN, epoch=number(epoch))
    )
    engine.run(sql(HAND_OVER, people=PEOPLE, members=MEMBERS, known=KNOWN))


def permutation(size: int) -> pa.Table:
    """A secret random permutation of `size` numbers: `place` to `number`.

    Ranks of 128 random bits each, so that ties are out of the question.
    """
    halves = pa.array(
        memoryview(secrets.token_bytes(16 * size)).cast("Q").tolist(), pa.uint64()
    )
    keys = pa.table({"high": halves[:size], "low": halves[size:]})
    order = pa.compute.sort_indices(
        keys, sort_keys=[("high", "ascending"), ("low", "ascending")]
    )
    places = pa.array(range(size), pa.int64())
    return pa.table({"place": places, "number": order.cast(pa.int64())})
