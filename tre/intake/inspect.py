"""What an intake would count, without publishing anything."""

from __future__ import annotations

import secrets
from typing import Final

import sqlglot.expressions as exp

from tre.intake.check import check
from tre.intake.engine import Engine
from tre.intake.incoming import incoming, linking
from tre.intake.land import land
from tre.intake.origin import origin
from tre.intake.publication import Counts, Options, Reason, Reject
from tre.intake.references import take_references
from tre.intake.separate import ACCEPTED, CHECKED
from tre.intake.sql import select, sql
from tre.intake.unique import check_unique
from tre.intake.zones import Zones, remove
from tre.keystore import KEY_BYTES
from tre.manifest import Manifest, Resource, columns

DEFAULTS: Final = Options()


def inspect(
    manifest: Manifest, zones: Zones, options: Options = DEFAULTS
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
            return tuple(
                _inspected(manifest, index, zones, engine)
                for index in range(len(manifest.resources))
            )
        finally:
            engine.close()


def _inspected(manifest: Manifest, index: int, zones: Zones, engine: Engine) -> Counts:
    resource = manifest.resources[index]
    place = f"resources[{index}]"
    source = origin(resource, manifest.base, place)
    fields = incoming(resource, source, place)
    identifiers = {field.name for field in linking(resource)}
    chosen = [each for each in fields if each.field.name in identifiers]
    file = zones.work_file("landing")
    engine.attach("landing", file, secrets.token_bytes(KEY_BYTES))
    try:
        landed = land(engine, source, fields, lambda _rows: None)
        take_references(engine, fields, manifest.base, place)
        missing = resource.table_schema.missing_values
        checked = check(engine, fields, chosen, missing)
        accepted = select([exp.Star()], CHECKED).where(sql(ACCEPTED))
        keys = resource.table_schema.keys
        check_unique(engine, accepted, keys, _landed(resource), place)
    finally:
        engine.drop("landing")
        remove(file)
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
        published=landed.rows - rejected,
        people=0,
    )


def _landed(resource: Resource) -> dict[str, str]:
    """The column of `landing.checked` that each published column is in."""
    return {known.name: f"c{at}" for at, known in enumerate(columns(resource))}
