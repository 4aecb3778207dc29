"""The linkage spine of a population: which records and tokens are whose.

Records hold identifiers, so that later ones can be compared with them; the file is
of the linkage zone, and encrypted under a key of its own. It is added to before a
publication is switched, and cannot be committed together with the switch. So
additions carry an epoch, a note beside the file says which publication the newest
epoch was for, and whoever comes next keeps or removes that epoch according to whether
the publication is on record.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tre.intake.engine import Engine
from tre.intake.record import COLUMNS
from tre.intake.sql import number, relation, sql
from tre.intake.zones import PENDING, Zones, sync

RECORD: Final = relation("spine", "record")
TOKEN: Final = relation("spine", "token")
JOINED: Final = relation("spine", "joined")
DOUBT: Final = relation("spine", "doubt")
SEEN: Final = relation("spine", "seen")
HELD: Final = relation("spine", "whose")
SCHEME: Final = relation("spine", "scheme")
APPLIED: Final = relation("spine", "applied")
OBJECTION: Final = relation("spine", "objection")

OBJECTIONS: Final = "tre:objections"
"""Where objectors' records were seen; no dataset can have this name."""

MAKE: Final = (
    "DROP TABLE IF EXISTS spine.held",
    f"""
    CREATE TABLE IF NOT EXISTS spine.record (
        record BIGINT,
        person BIGINT,
        epoch INTEGER,
        {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())}
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS spine.token (
        token UUID, record BIGINT, rank TINYINT, epoch INTEGER
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS spine.joined (
        a BIGINT, b BIGINT, rank TINYINT, probability DOUBLE, epoch INTEGER
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS spine.doubt (
        a BIGINT, b BIGINT, probability DOUBLE, epoch INTEGER
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS spine.decision (
        a BIGINT, b BIGINT, reviewer VARCHAR, same BOOLEAN
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS spine.seen (
        record BIGINT, dataset VARCHAR, resource VARCHAR, file VARCHAR, epoch INTEGER
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS spine.whose (
        file VARCHAR,
        resource VARCHAR,
        number UBIGINT,
        record BIGINT,
        epoch INTEGER
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS spine.scheme (
        kinds VARCHAR[], passes VARCHAR[][], epoch INTEGER
    )
    """,
    "CREATE TABLE IF NOT EXISTS spine.applied (value VARCHAR[], epoch INTEGER)",
    "CREATE TABLE IF NOT EXISTS spine.signing (generation INTEGER)",
    """
    CREATE TABLE IF NOT EXISTS spine.objection (
        record BIGINT, purposes VARCHAR, epoch INTEGER
    )
    """,
)
"""Records and their tokens; pairs that were found to agree, those that a person should
look at, and what people decided; in which tables of which files a record was seen, and
which row is which record's where a person has several; how tokens were made, in
which ways every record has them, and of which generation their key is; and the records
of people who object. An earlier release kept whose rows are by their places under the
cap (`held`): nothing forgets that any more, so it goes. Of rows published then, those
of who is parted later are left out."""

PAIRED: Final = ("joined", "doubt", "decision")
"""Tables of pairs of records."""

ADDED_TO: Final = (
    *(RECORD, TOKEN, JOINED, DOUBT, SEEN, HELD),
    *(SCHEME, APPLIED, OBJECTION),
)
"""Tables whose rows are of an epoch."""

FORGET: Final = (
    """
    DELETE FROM spine.whose
    WHERE file IN (SELECT file FROM spine.seen WHERE dataset = $dataset)
    """,
    """
    INSERT INTO spine.objection
    SELECT DISTINCT r.record, o.purposes, o.epoch
    FROM spine.objection AS o
    INNER JOIN spine.record AS s ON s.record = o.record
    INNER JOIN spine.record AS r ON r.person = s.person
    ANTI JOIN spine.objection AS e
    ON e.record = r.record AND e.purposes IS NOT DISTINCT FROM o.purposes
    """,
    "DELETE FROM spine.seen WHERE dataset = $dataset",
    *(
        f"""
        DELETE FROM spine.{table} AS t
        WHERE NOT EXISTS (SELECT 1 FROM spine.seen AS s WHERE s.record = t.{name})
        """
        for table, name in (
            ("record", "record"),
            ("token", "record"),
            *((table, side) for table in PAIRED for side in ("a", "b")),
            ("whose", "record"),
            ("objection", "record"),
        )
    ),
)


@dataclass(frozen=True, slots=True)
class Addition:
    """The newest epoch of a population's spine, and the publication it is for."""

    population: str
    epoch: int
    file: Path


def open_spine(engine: Engine, zones: Zones, population: str) -> None:
    """Attach a population's spine as `spine`, made now where there is none."""
    file = zones.spine(population)
    engine.attach("spine", file, zones.keystore.key_or_new(zones.key_name(file)))
    for statement in MAKE:
        engine.run(statement)


def begin(engine: Engine, zones: Zones, population: str, file: Path) -> Addition:
    """Note, before anything is added, which publication a new epoch is for."""
    query = sql("SELECT coalesce(max(epoch), 0) + 1 FROM :record", record=RECORD)
    addition = Addition(population, engine.count(query), file)
    note = zones.pending(population)
    draft = note.with_name(f"{note.name}.draft")
    with draft.open("w", encoding="utf-8") as stream:
        json.dump({"epoch": addition.epoch, "file": str(file)}, stream)
        stream.flush()
        os.fsync(stream.fileno())
    draft.rename(note)
    sync(note.parent)
    return addition


def first_free(engine: Engine) -> int:
    """The number the next record gets. Needs `spine` attached."""
    query = "SELECT coalesce(max(record) + 1, 0) FROM :record"
    return engine.count(sql(query, record=RECORD))


def generation(engine: Engine) -> int:
    """Of which generation the key of the tokens is. Needs `spine` attached."""
    return engine.count("SELECT coalesce(max(generation), 1) FROM spine.signing")


def forget_dataset(engine: Engine, dataset: str) -> None:
    """Forget identifiers seen nowhere but in this dataset. Needs `spine` attached.

    Who objects goes on to, by whatever is left of them.
    """
    with engine.together():
        for statement in FORGET:
            parameters = {"dataset": dataset} if "$dataset" in statement else None
            engine.run(statement, parameters)


def keep(zones: Zones, addition: Addition) -> None:
    """The publication is in force: its epoch stays."""
    zones.pending(addition.population).unlink(missing_ok=True)
    sync(zones.folder("linkage"))


def undo(engine: Engine, zones: Zones, addition: Addition) -> None:
    """The publication is not in force: nobody came with it. Needs `spine` attached."""
    statement = "DELETE FROM :table WHERE epoch = :epoch"
    with engine.together():
        for table in ADDED_TO:
            engine.run(sql(statement, table=table, epoch=number(addition.epoch)))
    engine.run('CHECKPOINT "spine"')
    keep(zones, addition)


def unsettled(zones: Zones) -> tuple[Addition, ...]:
    """Additions whose intake ended before it could say what became of them."""
    found = []
    for note in sorted(zones.folder("linkage").glob(f"*{PENDING}")):
        said = json.loads(note.read_text(encoding="utf-8"))
        population = note.name.removesuffix(PENDING)
        found.append(Addition(population, int(said["epoch"]), Path(said["file"])))
    return tuple(found)


def settle(
    engine: Engine, zones: Zones, addition: Addition, known: Collection[Path]
) -> None:
    """Keep or undo an unsettled addition, as its publication is on record or not."""
    if addition.file in known:
        keep(zones, addition)
        return
    open_spine(engine, zones, addition.population)
    try:
        undo(engine, zones, addition)
    finally:
        engine.detach("spine")
