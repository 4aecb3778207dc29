"""Objections: people who are left out, from the next publication on.

An objection is linked like any row, so that it reaches the person in every dataset,
by whatever identifiers each of them has; and it reaches everybody else whom it fits
(`reach`). It is kept as a record of the spine, and `link` hands over nothing of a
person who has one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import sqlglot.expressions as exp

from connectors.errors import Invalid
from connectors.source import Source
from tre.intake import spine
from tre.intake.engine import Engine
from tre.intake.heed import OBJECTING
from tre.intake.identity import valid
from tre.intake.link import MEMBERS, PAIRS, PEOPLE, RECORDS
from tre.intake.onboard import linked, received
from tre.intake.publication import Options
from tre.intake.reach import REACHED, reach, spread
from tre.intake.record import name_of
from tre.intake.separate import ATTRIBUTES
from tre.intake.sql import Tree, column, select_from, sql
from tre.intake.sweep import sweep_locked
from tre.intake.underway import Intake, opened, work
from tre.intake.zones import Zones
from tre.manifest import Kind, Manifest, load

PURPOSES: Final = "purposes"
NAME: Final = "objections"

KINDS: Final = {
    name: kind for kind in Kind for name in (kind.value, kind.value.replace("-", "_"))
}

ASKING: Final = """
SELECT p.record, CAST(:purposes AS VARCHAR) AS purposes
FROM :people AS p INNER JOIN :attributes AS a ON a._row = p._row
"""
LINKED: Final = """
SELECT j.b AS record, a.purposes
FROM :asking AS a INNER JOIN :pairs AS j ON j.a = a.record
WHERE NOT j.contradicted
"""
ADD: Final = "INSERT INTO :reached SELECT * FROM :rows"

UNKNOWN: Final = """
SELECT _row + 2 FROM :attributes
WHERE _row NOT IN (SELECT _row FROM :members)
ORDER BY _row
"""
MISREAD: Final = """
SELECT m._row + 2
FROM :members AS m INNER JOIN :records AS r ON r.record = m.record
WHERE
    (r.nhs_number IS NOT NULL AND NOT :nhs)
    OR (r.national_insurance_number IS NOT NULL AND NOT :national)
ORDER BY m._row
"""


@dataclass(frozen=True, slots=True)
class Objected:
    """Objections taken in, and lines of the file that may reach nobody.

    `unknown` identify nobody, and are not kept; in `misread` is a national number that
    is never issued, which by itself recognises nobody.
    """

    taken: int
    unknown: tuple[int, ...]
    misread: tuple[int, ...]


def take_objections(
    zones: Zones,
    population: str,
    source: Source,
    known_files: Callable[[], Collection[Path]],
    options: Options | None = None,
) -> Objected:
    """Keep the objections in `source`, whose columns are kinds of identifiers.

    A column `purposes` may say what for, several with commas; who says nothing objects
    to all. What a version is for says which objections it heeds (`heed`). Raises
    Invalid where a column is neither. Ends with all of the objections kept, or none.
    `known_files` is asked under the intake lock.
    """
    manifest = _manifest(population, source)
    chosen = replace(options or Options(), use=OBJECTING)
    with zones.locked(), zones.scratch() as scratch:
        sweep_locked(zones, known_files())
        with opened(scratch, chosen) as engine:
            intake = Intake(
                engine, zones, manifest, _unheard, chosen, scratch, spine.OBJECTIONS
            )
            spine.open_spine(engine, zones, population)
            intake.addition = spine.begin(engine, zones, population, Path(NAME))
            try:
                objected = _taken(intake, source)
                engine.detach("spine")
            except BaseException:
                engine.drop("spine")
                spine.settle(engine, zones, intake.addition, ())
                raise
            spine.keep(zones, intake.addition)
    return objected


def _taken(intake: Intake, source: Source) -> Objected:
    engine, resource = intake.engine, intake.manifest.resources[0]
    epoch = intake.addition.epoch if intake.addition else 0
    with work(intake, "research", "staging"), work(intake, "linkage", "linkage"):
        landed, checked = received(intake, 0, source, _unheard)
        linked(intake, resource, _unheard)
        asking = select_from(
            ASKING, people=PEOPLE, attributes=ATTRIBUTES, purposes=_purposes(source)
        )
        reach(engine, asking)
        linked_too = select_from(LINKED, asking=asking.subquery(), pairs=PAIRS)
        engine.run(sql(ADD, reached=REACHED, rows=linked_too.subquery("r")))
        spread(engine, epoch)
        unknown = _lines(engine, sql(UNKNOWN, attributes=ATTRIBUTES, members=MEMBERS))
        nhs, national = (
            valid(kind, column(name_of(kind), "r"))
            for kind in (Kind.NHS_NUMBER, Kind.NATIONAL_INSURANCE_NUMBER)
        )
        found = {"members": MEMBERS, "records": RECORDS}
        misread = _lines(engine, sql(MISREAD, **found, nhs=nhs, national=national))
    taken = landed.rows - checked.rejected - len(unknown)
    return Objected(taken, unknown, misread)


def _lines(engine: Engine, rows: Tree) -> tuple[int, ...]:
    return tuple(int(line) for (line,) in engine.run(rows))


def _purposes(source: Source) -> Tree:
    """The column of purposes among the attributes, where there is one."""
    return column("c0", "a") if PURPOSES in source.schema.names else exp.Null()


def _manifest(population: str, source: Source) -> Manifest:
    """The columns of the source as a dataset of identifiers."""
    names = source.schema.names
    for name in names:
        if name not in KINDS and name != PURPOSES:
            known = ", ".join(kind.value for kind in Kind)
            raise Invalid(
                f"{source.name}: {name}", f"expected one of {known}, purposes"
            )
    if set(names) <= {PURPOSES}:
        raise Invalid(source.name, "expected a column of identifiers")
    identifiers = [name for name in names if name != PURPOSES]
    return load(_document(population, identifiers, purposes=PURPOSES in names))


def _document(
    population: str, identifiers: list[str], *, purposes: bool
) -> dict[str, Any]:
    fields: list[dict[str, Any]] = [
        {
            "name": name,
            "type": "date" if KINDS[name] is Kind.DATE_OF_BIRTH else "string",
            "tre": {"role": "identifier", "kind": KINDS[name].value},
        }
        for name in identifiers
    ]
    if purposes:
        fields.append({"name": PURPOSES})
    return {
        "name": NAME,
        "tre": {"controller": NAME, "legal_basis": NAME, "population": population},
        "resources": [
            {
                "name": NAME,
                "path": "objections.csv",
                "tre": {
                    "privacy_unit": "person",
                    "rows_per_person": 1,
                    "link": {"identifiers": identifiers},
                },
                "schema": {"fields": fields},
            }
        ],
    }


def _unheard(*_: object) -> None:
    """Nobody is told of stages."""
