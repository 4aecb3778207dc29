"""Write a version anew without the people who object, or who are someone else now.

It starts from the version in force: the rows that publication forgot, past the cap
or without a person, stay forgotten. What each person brought goes along for later
deliveries; it is not measured again, so the new version has the profile of the old.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from privacy.catalogue import Table, Unit
from tre.intake import spine
from tre.intake.carry import brought_by
from tre.intake.engine import Engine
from tre.intake.heed import ANY, Use, objectors
from tre.intake.held import carry
from tre.intake.publication import Options
from tre.intake.row_keys import copy_rows
from tre.intake.sql import relation, sql
from tre.intake.sweep import sweep_locked
from tre.intake.underway import opened
from tre.intake.zones import Zones, sync

COPY: Final = "CREATE TABLE :target AS SELECT * FROM :source"
COPY_WITHOUT: Final = """
CREATE TABLE :target AS
SELECT * FROM :source
WHERE person_id NOT IN (:objectors)
ORDER BY person_id, _rank
"""

BROUGHT: Final = """
CREATE TABLE :target AS SELECT * FROM :source WHERE person_id NOT IN (:objectors)
"""


@dataclass(frozen=True, slots=True)
class Written:
    """A version's file and key, relative to the home, its tables, and their use."""

    dataset: str
    file: Path
    key_name: str
    tables: tuple[Table, ...]
    use: Use = ANY


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
    sync(zones.folder("research"))
    return made


def _written(engine: Engine, zones: Zones, old: Written) -> Written:
    file = zones.begin_version(old.dataset)
    key_name = zones.key_name(file)
    engine.attach_for_reading(
        "old", zones.home / old.file, zones.keystore.key(old.key_name)
    )
    engine.attach("version", file, zones.keystore.create_key(key_name))
    for table in old.tables:
        _copy(engine, table, old.use)
        if engine.has_column("old", brought_by(table.name), "person_id"):
            _copy_brought(engine, table, old.use)
    engine.detach("version")
    engine.drop("old")
    copy_rows(engine, zones, zones.home / old.file, file)
    file.chmod(0o400)
    place = file.relative_to(zones.home)
    carry(engine, old.file.as_posix(), place.as_posix())
    return Written(old.dataset, place, key_name, old.tables, old.use)


def _copy(engine: Engine, table: Table, use: Use) -> None:
    if table.unit is not Unit.PERSON:
        copied(engine, table)
        return
    parts = {
        "target": relation("version", table.name),
        "source": relation("old", table.name),
    }
    engine.run(sql(COPY_WITHOUT, objectors=objectors(use), **parts))


def copied(engine: Engine, table: Table) -> None:
    """Write `version.<table>` like `old.<table>`: a table of nobody the spine knows."""
    source, target = relation("old", table.name), relation("version", table.name)
    engine.run(sql(COPY, target=target, source=source))


def _copy_brought(engine: Engine, table: Table, use: Use) -> None:
    name = brought_by(table.name)
    target, source = relation("version", name), relation("old", name)
    if table.unit is Unit.PERSON:
        who = objectors(use)
        engine.run(sql(BROUGHT, target=target, source=source, objectors=who))
    else:
        engine.run(sql(COPY, target=target, source=source))


def keep(zones: Zones, written: Sequence[Written]) -> None:
    """The files are in force: they are no drafts any more."""
    for each in written:
        zones.keep_version(zones.home / each.file)


def discard(zones: Zones, written: Sequence[Written]) -> None:
    """Remove files nobody switched to, and their keys."""
    for each in written:
        zones.discard_version(zones.home / each.file)
