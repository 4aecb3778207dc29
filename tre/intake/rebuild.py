"""Write a version anew without the people who object.

It starts from the version in force: the rows that publication forgot, past the cap
or without a person, stay forgotten. What each other person brought goes along.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from privacy.catalogue import Table
from tre.intake import spine
from tre.intake.anew import Written, written_anew
from tre.intake.brought import keep_brought, moved_in
from tre.intake.carry import brought_by
from tre.intake.engine import Engine
from tre.intake.heed import objectors
from tre.intake.held import carry
from tre.intake.publication import Options
from tre.intake.sql import column, named, relation, select, sql
from tre.intake.sweep import sweep_locked
from tre.intake.underway import opened
from tre.intake.zones import Zones, sync

COPY_WITHOUT: Final = """
CREATE TABLE :target AS
SELECT * FROM :source
WHERE person_id NOT IN (:objectors)
ORDER BY person_id, _rank
"""
STAYS: Final = "person_id NOT IN (:objectors)"


def rebuild(
    zones: Zones,
    population: str,
    standing: Sequence[Written],
    known_files: Collection[Path],
    options: Options | None = None,
) -> tuple[Written, ...]:
    """Files like those standing, without the people who object to their use.

    The caller holds the intake lock, and switches to the new files or removes them:
    a file that is not on record is gone with the next sweep.
    """
    chosen = options or Options()
    sweep_locked(zones, known_files)
    with zones.scratch() as scratch, opened(scratch, chosen) as engine:
        spine.open_spine(engine, zones, population)
        made = tuple(_written(engine, zones, each) for each in standing)
        engine.detach("spine")
    sync(zones.folder("linkage"))
    sync(zones.folder("research"))
    return made


def _written(engine: Engine, zones: Zones, old: Written) -> Written:
    file = zones.begin_version(old.dataset)
    place = file.relative_to(zones.home)
    carry(engine, old.file.as_posix(), place.as_posix())
    return written_anew(engine, zones, old, file, partial(_without, engine, old))


def _without(engine: Engine, old: Written, table: Table, fresh: str) -> None:
    """Write a table, and what its people brought, without those who object."""
    who = objectors(old.use)
    source, target = relation("old", table.name), relation("version", table.name)
    engine.run(sql(COPY_WITHOUT, target=target, source=source, objectors=who))
    brought = brought_by(table.name)
    if not engine.has_column("old", brought, "person_id"):
        return
    moved = [*moved_in(engine, "old", table).values()]
    own = [named(column("person_id"), "person"), column("brought")]
    rows = select([*own, *map(column, moved)], relation("old", brought))
    rows = rows.where(sql(STAYS, objectors=who), copy=False)
    keep_brought(engine, table, rows, moved, old.linking(table, fresh))


def keep(zones: Zones, written: Sequence[Written]) -> None:
    """The files are in force: they are no drafts any more."""
    for each in written:
        zones.keep_version(zones.home / each.file)


def discard(zones: Zones, written: Sequence[Written]) -> None:
    """Remove files nobody switched to, and their keys."""
    for each in written:
        zones.discard_version(zones.home / each.file)
