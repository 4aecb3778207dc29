"""Stage 5: records become people of the population's spine."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from tre.intake.agree import agree
from tre.intake.cluster import cluster
from tre.intake.engine import Engine
from tre.intake.heed import ANY, Use, objectors
from tre.intake.reach import reach, reached_people, spread, standing
from tre.intake.resemble import resemble
from tre.intake.sql import number, relation, sql, text
from tre.intake.weigh import RANK, Weighing, weigh

MEMBERS: Final = relation("linkage", "members")
RECORDS: Final = relation("linkage", "records")
TOKENS: Final = relation("linkage", "tokens")
PAIRS: Final = relation("linkage", "pairs")
DOUBTED: Final = relation("linkage", "doubted")
CLUSTERS: Final = relation("linkage", "clusters")
MATCHED: Final = relation("linkage", "matched")
KNOWN: Final = relation("linkage", "known")
PEOPLE: Final = relation("staging", "people")
SPINE_RECORD: Final = relation("spine", "record")
SPINE_TOKEN: Final = relation("spine", "token")
SPINE_JOINED: Final = relation("spine", "joined")
SPINE_DOUBT: Final = relation("spine", "doubt")
SPINE_SEEN: Final = relation("spine", "seen")
FIRST_FREE: Final = "SELECT max(person) + 1 FROM :record"

SET_ASIDE: Final = """
CREATE TABLE :doubted AS
SELECT a, b, probability FROM :pairs
WHERE rank = :weighed AND probability < :threshold AND NOT contradicted
"""

FORGET_DOUBTFUL: Final = """
DELETE FROM :pairs WHERE rank = :weighed AND probability < :threshold
"""

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

KEEP_RECORDS: Final = """
INSERT INTO :record BY NAME
SELECT r.*, k.person, :epoch AS epoch
FROM :records AS r INNER JOIN :known AS k ON k.record = r.record
WHERE k.person NOT IN (:objectors) AND k.person NOT IN (:reached)
"""

KEEP_TOKENS: Final = """
INSERT INTO :token BY NAME
SELECT DISTINCT t.token, t.record, t.rank, :epoch AS epoch
FROM :tokens AS t SEMI JOIN :record AS r ON r.record = t.record
"""

KEEP_JOINED: Final = """
INSERT INTO :joined
SELECT p.a, p.b, p.rank, p.probability, :epoch
FROM :pairs AS p
SEMI JOIN :record AS a ON a.record = p.a
SEMI JOIN :record AS b ON b.record = p.b
WHERE NOT p.contradicted
"""

KEEP_DOUBTS: Final = """
INSERT INTO :doubt
SELECT d.a, d.b, d.probability, :epoch
FROM :doubted AS d
SEMI JOIN :record AS a ON a.record = d.a
SEMI JOIN :record AS b ON b.record = d.b
"""

KEEP_SEEN: Final = """
INSERT INTO :seen
SELECT DISTINCT record, :dataset, :resource, :file, :epoch FROM :people
"""

HAND_OVER: Final = """
CREATE TABLE :people AS
SELECT m._row, k.person, k.record
FROM :members AS m INNER JOIN :record AS k ON k.record = m.record
WHERE k.person NOT IN (:objectors)
"""


@dataclass(frozen=True, slots=True)
class Added:
    """What is added to the spine: of which table, as which epoch, from which record.

    Records from `first` on are fresh. `file` is that of the version that is being
    written, from the home. `use` is what the rows may be used for.
    """

    dataset: str
    resource: str
    file: str
    epoch: int
    first: int
    use: Use = ANY


def link(engine: Engine, weighing: Weighing, added: Added) -> None:
    """Fill `staging.people` (`_row`, `person`, `record`), extending the spine.

    Records that are not fresh are of people known already. The deterministic passes
    come first, then what weighing adds. Rows of records that no pass can identify are
    absent. Nobody already in the spine is merged or renumbered; newcomers take the next
    free numbers in an order drawn by the system's cryptographic generator. Of people
    who object to what the rows may be used for, as far as objections `reach`, nothing
    is handed over, and nothing more is kept.
    """
    agree(engine)
    weigh(engine, weighing, added.first)
    resemble(engine, weighing.similarity)
    _set_aside(engine, weighing)
    cluster(engine)
    _number(engine)
    reach(engine, standing())
    _keep(engine, added)


def _keep(engine: Engine, added: Added) -> None:
    """Extend the spine, and hand over whose each row is."""
    parts = {"record": SPINE_RECORD, "epoch": number(added.epoch)}
    who = objectors(added.use)
    reached = reached_people(added.use)
    engine.run(
        sql(
            KEEP_RECORDS,
            records=RECORDS,
            known=KNOWN,
            objectors=who,
            reached=reached,
            **parts,
        )
    )
    spread(engine, added.epoch)
    engine.run(sql(KEEP_TOKENS, token=SPINE_TOKEN, tokens=TOKENS, **parts))
    engine.run(sql(KEEP_JOINED, joined=SPINE_JOINED, pairs=PAIRS, **parts))
    engine.run(sql(KEEP_DOUBTS, doubt=SPINE_DOUBT, doubted=DOUBTED, **parts))
    engine.run(
        sql(
            HAND_OVER,
            people=PEOPLE,
            members=MEMBERS,
            record=SPINE_RECORD,
            objectors=who,
        )
    )
    engine.run(
        sql(
            KEEP_SEEN,
            seen=SPINE_SEEN,
            people=PEOPLE,
            dataset=text(added.dataset),
            resource=text(added.resource),
            file=text(added.file),
            epoch=number(added.epoch),
        )
    )


def _set_aside(engine: Engine, weighing: Weighing) -> None:
    """Note what is likely and not sure, for a person to look at."""
    parts = {
        "pairs": PAIRS,
        "weighed": number(RANK),
        "threshold": sql(f"{weighing.threshold!r}::DOUBLE"),
    }
    engine.run(sql(SET_ASIDE, doubted=DOUBTED, **parts))
    engine.run(sql(FORGET_DOUBTFUL, **parts))


def _number(engine: Engine) -> None:
    """Give every cluster its person: one of the spine's, or the next free number."""
    free = engine.count(sql(FIRST_FREE, record=SPINE_RECORD))
    newcomers = engine.count(sql(NEWCOMERS, clusters=CLUSTERS, matched=MATCHED))
    engine.register("drawn", permutation(newcomers))
    parts = {"known": KNOWN, "clusters": CLUSTERS, "matched": MATCHED}
    try:
        engine.run(sql(NUMBERED, first=number(free), **parts))
    finally:
        engine.unregister("drawn")


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
