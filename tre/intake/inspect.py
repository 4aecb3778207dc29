"""What an intake would count, without publishing anything."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

import sqlglot.expressions as exp

from tre.intake.check import Checked, check
from tre.intake.engine import Engine
from tre.intake.incoming import Incoming, incoming, linking, marks
from tre.intake.land import Landed, land
from tre.intake.origin import origin
from tre.intake.publication import Counts, Options, Reason, Reject
from tre.intake.references import take_references
from tre.intake.row_keys import check_keys
from tre.intake.separate import ACCEPTED, CHECKED
from tre.intake.sql import select, sql
from tre.intake.unique import check_unique
from tre.intake.zones import Zones, remove
from tre.keystore import KEY_BYTES
from tre.manifest import Manifest, Resource, columns

DEFAULTS: Final = Options()

SET_ASIDE: Final = "DELETE FROM :checked WHERE _problems IS NULL AND _removed"


@dataclass(frozen=True, slots=True)
class Examined:
    """One table while it is in the landing zone, checked.

    `landing.received` has `rows` rows of `fields`, `landing.checked` what `check`
    makes of them. A zone `roster` is there for the whole of the inspection, under a
    key that nobody keeps.
    """

    engine: Engine
    resource: Resource
    place: str
    fields: tuple[Incoming, ...]
    linking: tuple[Incoming, ...]
    counts: Counts

    @property
    def rows(self) -> int:
        """How many rows landed."""
        return self.counts.landed


Examine: TypeAlias = Callable[[Examined], None]
"""Looks at a table before its rows are forgotten."""


def inspect(
    manifest: Manifest,
    zones: Zones,
    options: Options = DEFAULTS,
    examine: Examine = lambda _: None,
) -> tuple[Counts, ...]:
    """Land and check every table of a manifest, count, and forget the rows.

    Nobody is linked, so people, rows without one and rows over the cap are not
    counted: they are 0, and `published` is what passed the checks. Raises `Invalid`
    as an intake would.
    """
    with zones.locked(), zones.scratch() as scratch:
        engine = Engine.open(
            scratch, memory_mib=options.memory_mib, threads=options.threads
        )
        try:
            with _work(zones, engine, "linkage", "roster"):
                return tuple(
                    _inspected(manifest, index, zones, engine, examine)
                    for index in range(len(manifest.resources))
                )
        finally:
            engine.close()


@contextmanager
def _work(zones: Zones, engine: Engine, zone: str, alias: str) -> Iterator[None]:
    """A file of `zone` under a key nobody keeps, gone when the block ends."""
    file = zones.work_file(zone)
    engine.attach(alias, file, secrets.token_bytes(KEY_BYTES))
    try:
        yield
    finally:
        engine.drop(alias)
        remove(file)


def _inspected(
    manifest: Manifest, index: int, zones: Zones, engine: Engine, examine: Examine
) -> Counts:
    resource = manifest.resources[index]
    place = f"resources[{index}]"
    source = origin(resource, manifest.base, place)
    fields = incoming(resource, source, place)
    identifiers = {field.name for field in linking(resource)}
    chosen = tuple(each for each in fields if each.field.name in identifiers)
    with _work(zones, engine, "landing", "landing"), engine.transient():
        landed = land(engine, source, fields, lambda _rows: None)
        take_references(engine, fields, manifest.base, place)
        missing = resource.table_schema.missing_values
        checked = check(engine, fields, chosen, missing, marks(resource, fields))
        check_keys(engine, checked.marks, place)
        removed = _set_aside(engine, checked)
        accepted = select([exp.Star()], CHECKED).where(sql(ACCEPTED))
        keys = resource.table_schema.keys
        check_unique(engine, accepted, keys, _landed(resource), place)
        counts = _counts(resource, landed, checked, removed)
        examine(Examined(engine, resource, place, fields, chosen, counts))
    return counts


def _set_aside(engine: Engine, checked: Checked) -> int:
    """Drop rows that only say what is to go; how many there were."""
    if checked.marks.removed is None:
        return 0
    return engine.count(sql(SET_ASIDE, checked=CHECKED))


def _counts(
    resource: Resource, landed: Landed, checked: Checked, removed: int
) -> Counts:
    ragged = landed.ragged.total()
    first = (Reject("", Reason.RAGGED, ragged),) if ragged else ()
    rejected = checked.rejected + ragged
    return Counts(
        table=resource.name,
        landed=landed.rows,
        rejected=rejected,
        rejects=first + checked.rejects,
        without_person=0,
        over_cap=0,
        published=landed.rows - rejected - removed,
        people=0,
    )


def _landed(resource: Resource) -> dict[str, str]:
    """The column of `landing.checked` that each published column is in."""
    return {known.name: f"c{at}" for at, known in enumerate(columns(resource))}
