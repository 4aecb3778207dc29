"""A version's file written anew: what it has beside its rows goes along.

Rows keep the secret numbers they were drawn by, and row keys know them by these; so
later deliveries add to what was written anew as they would have to what it replaces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

from privacy.catalogue import Table, Unit
from tre.intake.assure import Linking
from tre.intake.brought import moved_in
from tre.intake.carry import brought_by
from tre.intake.engine import Engine
from tre.intake.heed import ANY, Use
from tre.intake.row_keys import copy_rows
from tre.intake.sql import relation, sql
from tre.intake.underway import working
from tre.intake.zones import Zones
from tre.manifest.model import Kind

COPY: Final = "CREATE TABLE :target AS SELECT * FROM :source"


@dataclass(frozen=True, slots=True)
class Written:
    """A version's file and key, relative to the home, its tables, and their use.

    `identified` has the kinds of identifiers by which a table's people are linked.
    `clamped` has, for each table, the places and names of its clamped columns; it is
    known of what was written here, and empty before. So are `unmeasurable`, the tables
    of a version from before it was kept what people brought: nothing is to be measured.
    """

    dataset: str
    file: Path
    key_name: str
    tables: tuple[Table, ...]
    use: Use = ANY
    identified: Mapping[str, tuple[Kind, ...]] = field(default_factory=dict)
    clamped: tuple[tuple[tuple[int, str], ...], ...] = ()
    unmeasurable: frozenset[str] = frozenset()

    def linking(self, table: Table, fresh: str) -> Linking | None:
        """The people of a table of what is written anew as `fresh`; None if unsaid."""
        kinds = self.identified.get(table.name)
        if not kinds:
            return None
        return Linking(self.dataset, table.name, fresh, kinds, self.use)


Write: TypeAlias = Callable[[Table, str], None]
"""Writes `version.<table>` from `old.<table>`, of the file of this name."""


def written_anew(
    engine: Engine, zones: Zones, old: Written, file: Path, write: Write
) -> Written:
    """Write `file` in the place of `old`; `write` does the tables of linked people.

    Needs `spine` attached. Other tables are of nobody the spine knows, and copied.
    """
    key_name, place = zones.key_name(file), file.relative_to(zones.home)
    engine.attach_for_reading(
        "old", zones.home / old.file, zones.keystore.key(old.key_name)
    )
    engine.attach("version", file, zones.keystore.create_key(key_name))
    with working(engine, zones, "research", "staging"):
        for table in old.tables:
            if table.unit is Unit.PERSON:
                write(table, place.as_posix())
            else:
                _copy(engine, table)
    clamped = tuple(_clamped(engine, table) for table in old.tables)
    lacking = frozenset(
        table.name
        for table in old.tables
        if not engine.has_column("version", brought_by(table.name), "person_id")
    )
    engine.detach("version")
    engine.drop("old")
    copy_rows(engine, zones, zones.home / old.file, file)
    file.chmod(0o400)
    return replace(
        old, file=place, key_name=key_name, clamped=clamped, unmeasurable=lacking
    )


def _copy(engine: Engine, table: Table) -> None:
    names = [table.name]
    if engine.has_column("old", brought_by(table.name), "person_id"):
        names.append(brought_by(table.name))
    for name in names:
        source, target = relation("old", name), relation("version", name)
        engine.run(sql(COPY, target=target, source=source))


def _clamped(engine: Engine, table: Table) -> tuple[tuple[int, str], ...]:
    found = moved_in(engine, "version", table)
    return tuple((place, table.columns[place].name) for place in found)
