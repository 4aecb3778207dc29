"""What ends people's part in published data: objections and withdrawals."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, select

from connectors import CsvSource
from privacy.errors import Refused
from tre.audit.act import acting
from tre.control.tables import audit_record
from tre.governance.datasets import withdraw_dataset
from tre.governance.populations import population_exists
from tre.governance.replacing import (
    Reason,
    doomed_versions,
)
from tre.governance.roles import Action, allowed, permitted
from tre.home import Parts
from tre.inspection.kept import forget_summary
from tre.intake.destroy import destroy, forget
from tre.intake.object import Objected, take_objections
from tre.intake.rebuild import discard, keep, rebuild
from tre.intake.zones import Busy
from tre.recorded import files_on_record, versions_to_destroy, zones_of
from tre.releases import releases_of
from tre.rewritten import (
    Anew,
    Rewriting,
    as_written,
    every_file,
    put_in_force,
    standing,
)


@dataclass(frozen=True, slots=True)
class Late:
    """When objections were applied, to which versions, and what had used these."""

    at: str
    population: str
    replaced: tuple[str, ...]
    releases: tuple[str, ...]


def take_in_objections(
    parts: Parts, file: Path, population: str, person: str
) -> Objected:
    """Keep the objections of a CSV file; in force from the next publication on."""
    with parts.control.reading() as connection:
        _allow(connection, population, person)
    source = CsvSource(file)
    on_record = partial(files_on_record, parts)
    objected = take_objections(zones_of(parts), population, source, on_record)
    with acting(parts.control, person, parts.clock()) as act:
        permitted(act, Action.OBJECT)
        act.record("objection.taken", population, {})
    return objected


def apply_objections(parts: Parts, population: str, person: str) -> Anew:
    """Write every version of the population that is asked or pinned without objectors.

    A pin goes to what was written in its version's place. All are measured, and
    switched to in one transaction; what they replace is destroyed. It does the same
    whether anybody objected or not.
    """
    with parts.control.reading() as connection:
        _allow(connection, population, person)
    zones = zones_of(parts)
    with zones.locked():
        old = standing(parts, population)
        known = files_on_record(parts)
        made = rebuild(zones, population, as_written(parts, old), known)
        rewriting = Rewriting(population, Reason.OBJECTION, old, made)
        try:
            applied = put_in_force(parts, rewriting, person)
        except BaseException:
            on_record = every_file(parts)
            discard(zones, [each for each in made if each.file not in on_record])
            raise
        keep(zones, made)
        finish_destruction(parts, person)
    return applied


def withdraw(parts: Parts, dataset: str, person: str) -> None:
    """End a dataset and destroy every version of it, with proof in the log."""
    zones = zones_of(parts)
    with zones.locked():
        with acting(parts.control, person, parts.clock()) as act:
            withdraw_dataset(act, dataset)
        finish_destruction(parts, person)


def resume_destruction(parts: Parts, person: str) -> None:
    """Finish what a crash left of it; does nothing while an intake is running.

    Invalid where the log does not say that it was withdrawn.
    """
    with parts.control.reading() as connection:
        unfinished = bool(doomed_versions(connection))
    if unfinished:
        with suppress(Busy), zones_of(parts).locked():
            finish_destruction(parts, person)


def finish_destruction(parts: Parts, person: str) -> None:
    """Destroy what is withdrawn and not yet destroyed. Needs the intake lock.

    A version that was destroyed before its record was written is recorded now.
    """
    zones = zones_of(parts)
    doomed = versions_to_destroy(parts)
    for population in {each.population for each in doomed}:
        whole = {e.dataset for e in doomed if e.whole and e.population == population}
        forget(zones, population, whole)
        for dataset in whole:
            forget_summary(zones, dataset)
    for each in doomed:
        sha256 = destroy(zones, Path(each.file), each.key_name)
        proof = {"key": each.key_name, "file_sha256": sha256}
        with acting(parts.control, person, parts.clock()) as act:
            act.record("dataset.destroyed", each.version, proof)


def _allow(connection: Connection, population: str, person: str) -> None:
    allowed(connection, person, Action.OBJECT)
    if not population_exists(connection, population):
        raise Refused(
            "unknown_population", f"There is no population {population[:80]}."
        )


def late_objections(connection: Connection) -> tuple[Late, ...]:
    """Each time objections were applied late, and the releases that came before.

    It names every release that used what was replaced, whoever objected: which of
    them an objector was part of is nobody's to know.
    """
    applied = connection.execute(
        select(audit_record)
        .where(audit_record.c.kind == "objection.applied")
        .order_by(audit_record.c.position)
    ).all()
    return tuple(
        Late(
            row.at, row.subject, versions, releases_of(connection, frozenset(versions))
        )
        for row in applied
        for versions in [tuple(json.loads(row.detail)["replaced"])]
    )
