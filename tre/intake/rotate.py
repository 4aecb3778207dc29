"""A new key for a population's pseudonyms: whoever has old ones can join nothing.

Every token of the spine is made anew from the identifiers it keeps. The transaction
that writes them says which generation of the key they are of; before it the old key is
in force, after it the new one, and the other is destroyed by whoever comes next.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from tre.intake import spine
from tre.intake.engine import Engine
from tre.intake.passes import Signature
from tre.intake.pseudonymise import has, padded, token
from tre.intake.scheme import kept_signatures
from tre.intake.sql import column, named, number, relation, select, sql
from tre.intake.zones import Zones

RENEWED: Final = relation("linkage", "renewed")

MAKE: Final = """
CREATE TABLE :renewed (token UUID, record BIGINT, rank TINYINT, epoch INTEGER)
"""
RENEW: Final = """
INSERT INTO :renewed
SELECT s.fresh, s.record, t.rank, t.epoch
FROM :signed AS s
INNER JOIN spine.token AS t
ON t.record = s.record AND t.token = s.known AND t.rank = :rank
"""
PUT: Final = (
    "DELETE FROM spine.token",
    "INSERT INTO spine.token SELECT DISTINCT * FROM :renewed",
    "DELETE FROM spine.signing",
    "INSERT INTO spine.signing VALUES (:generation)",
)


def renew(engine: Engine, zones: Zones, population: str) -> None:
    """Put the tokens of the spine that is attached under a new key.

    Needs `linkage` attached. Whoever holds the intake lock then forgets the old key
    (`forget_keys`), once the spine is let go of.
    """
    now = spine.generation(engine)
    zones.keystore.destroy(zones.linkage_key_name(population, now + 1))
    keys = {
        "_known": zones.linkage_key(population, now),
        "_fresh": zones.linkage_key(population, now + 1),
    }
    blocks = {
        f"{side}{of}": block
        for of, key in keys.items()
        for side, block in zip(("inner", "outer"), padded(key), strict=True)
    }
    engine.run(sql(MAKE, renewed=RENEWED))
    for signature in tuple(kept_signatures(engine)):
        _renew(engine, signature, blocks)
    with engine.together():
        for statement in PUT:
            parts = {"renewed": RENEWED, "generation": number(now + 1)}
            engine.run(sql(statement, **parts))


def _renew(engine: Engine, signature: Signature, blocks: dict[str, bytes]) -> None:
    """Make a pass's tokens anew, for the records that have them."""
    columns = [
        column("record"),
        named(token(signature, "_known"), "known"),
        named(token(signature, "_fresh"), "fresh"),
    ]
    signed = select(columns, spine.RECORD).where(has(signature))
    parts = {"renewed": RENEWED, "rank": number(signature.rank)}
    engine.run(sql(RENEW, signed=signed.subquery(), **parts), blocks)


def forget_keys(zones: Zones, population: str, generation: int) -> None:
    """Destroy a population's keys of every other generation."""
    for other in _generations(zones, population):
        if other != generation:
            zones.keystore.destroy(zones.linkage_key_name(population, other))


def in_two_generations(zones: Zones) -> tuple[str, ...]:
    """Populations of whose keys a rotation that was interrupted left two."""
    return tuple(
        population
        for population in sorted({named for named, _ in zones.spines()})
        if len(list(_generations(zones, population))) > 1
    )


def settle_keys(engine: Engine, zones: Zones, populations: Collection[str]) -> None:
    """End what an interrupted rotation left, as each spine says."""
    for population in populations:
        spine.open_spine(engine, zones, population)
        generation = spine.generation(engine)
        engine.detach("spine")
        forget_keys(zones, population, generation)


def _generations(zones: Zones, population: str) -> Iterator[int]:
    start = re.escape(zones.linkage_key_name(population, 0)[:-1])
    pattern = re.compile(rf"{start}(\d+)")
    for name in zones.keystore.names():
        if found := pattern.fullmatch(name):
            yield int(found[1])
