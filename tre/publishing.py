"""Where intake meets the control database: what is in force, and what replaces it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from connectors.errors import Invalid
from connectors.source import Source
from privacy.catalogue import Table
from tre.audit.act import acting
from tre.audit.told import Discrepancy
from tre.control.canonical import Json
from tre.governance.conditions import conditions_of, known_purposes
from tre.governance.datasets import UNLINKED, check_place, may_publish, switch_versions
from tre.governance.datasets import Publication as Switch
from tre.governance.populations import population_exists
from tre.governance.reconcile import versions
from tre.governance.replacing import standing_version
from tre.governance.versions import current_files
from tre.home import Parts
from tre.inspection.inspect import report
from tre.inspection.kept import keep_summary, recall_summary
from tre.inspection.report import Report
from tre.intake import (
    Options,
    Publication,
    Stage,
    onboard,
)
from tre.intake.heed import Use
from tre.intake.identity import cleaning
from tre.intake.incoming import linking
from tre.intake.passes import PASSES
from tre.intake.publication import Before
from tre.intake.sweep import sweep_locked
from tre.intake.weigh import blocking
from tre.intake.zones import Busy, digest_of
from tre.ledger.budget import Budget
from tre.manifest import Budget as DeclaredBudget
from tre.manifest import Kind, Manifest, Resource, load
from tre.profiling import fail_profile, profile, published, with_profiles
from tre.recorded import files_on_record, zones_of
from tre.trace import Step, step

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told of a table's stage, how many rows it has read, and of how many (0: unknown)."""


def check_dataset(
    parts: Parts, manifest: Path | str | Mapping[str, Any], base: Path | None = None
) -> Report:
    """Look at a manifest's sources before publication, and publish nothing.

    Drift is told against what was kept of the version in force. What contradicts the
    catalogue is a finding like others: a population may yet be created.
    """
    loaded = load(manifest, base)
    zones = zones_of(parts)
    earlier = recall_summary(zones, loaded.name)
    found = report(loaded, zones, parts.clock().date(), earlier)
    try:
        _check_catalogue(parts, loaded)
    except Invalid as invalid:
        return found.contradicted(invalid)
    return found


def onboard_dataset(
    parts: Parts,
    manifest: Manifest,
    person: str,
    *,
    progress: Progress | None = None,
    sources: Mapping[str, Source] | None = None,
    options: Options | None = None,
) -> Publication:
    """Take a dataset in as `person`, and switch to it.

    Refused with `not_permitted` before anything is read; `Invalid` where the
    manifest or a source is not right, or contradicts the catalogue.
    """
    _allow(parts, manifest, person)
    zones = zones_of(parts)
    use, before = _use(parts, manifest.name), _before(parts, manifest)
    chosen = replace(options or Options(), use=use, before=before)
    with step(Step.TAKE_IN):
        publication = onboard(
            manifest,
            zones,
            _Register(parts, manifest, person, chosen),
            sources=sources,
            progress=_told(progress),
            options=chosen,
        )
    keep_summary(zones, publication, manifest.delivery.kind)
    return publication


def sweep_zones(parts: Parts) -> None:
    """Remove what an interrupted intake left; does nothing while one is running.

    Invalid where it cannot be proven that something was never in force.
    """
    zones = zones_of(parts)
    with suppress(Busy), zones.locked():
        sweep_locked(zones, files_on_record(parts))


def changed_files(parts: Parts) -> tuple[Discrepancy, ...]:
    """The files that are asked, and are not those that the log says were published."""
    with parts.control.reading() as connection:
        files = current_files(connection)
        told = dict(versions(connection))
    return tuple(
        found
        for version, file in sorted(files.items())
        for found in _changed(parts.layout.root / file, version, told.get(version, {}))
    )


def _changed(
    file: Path, version: str, told: Mapping[str, Any]
) -> Iterator[Discrepancy]:
    what = f"the file of version {version}"
    if "file_sha256" not in told:
        yield Discrepancy(what, "was not written down at the time", unsaid=True)
    elif _digest(file) != told["file_sha256"]:
        yield Discrepancy(what, "is not the one published")


def _digest(file: Path) -> str:
    try:
        return digest_of(file)
    except OSError:
        return ""


def _use(parts: Parts, dataset: str) -> Use:
    """What a dataset's conditions let its next version be used for."""
    with parts.control.reading() as connection:
        held = conditions_of(connection, [dataset]).get(dataset)
        known = known_purposes(connection)
    return Use.of(None if held is None else held.purposes, known)


def _before(parts: Parts, manifest: Manifest) -> Before | None:
    """What a delivery adds to or corrects. Invalid where that is asked no more."""
    delivery = manifest.delivery
    if not delivery.extends:
        return None
    with parts.control.reading() as connection:
        held = standing_version(connection, manifest.name)
    if held is None or held.label != delivery.to:
        there = "none is" if held is None else f"{held.label} is"
        raise Invalid(
            "tre.delivery.to", f"expected the version that is asked now: {there}"
        )
    return Before(
        held.version, Path(held.file), held.key_name, held.spine_version, held.tables
    )


def _allow(parts: Parts, manifest: Manifest, person: str) -> None:
    """Refuse now what the switch would refuse after all the work."""
    package = manifest.package
    _cap(package.tre.budget)
    with parts.control.reading() as connection:
        may_publish(connection, person, manifest.name, package.tre.controller)
    _check_catalogue(parts, manifest)


def _check_catalogue(parts: Parts, manifest: Manifest) -> None:
    """Invalid where the manifest contradicts the catalogue as it is."""
    with parts.control.reading() as connection:
        if not population_exists(connection, manifest.population):
            raise Invalid(
                "tre.population", f"there is no population {manifest.population}"
            )
        place = manifest.population, manifest.package.tre.controller
        tables = [resource.name for resource in manifest.resources]
        check_place(connection, manifest.name, place, tables)


@dataclass(frozen=True, slots=True)
class _Register:
    """The versions on record, as intake knows them."""

    parts: Parts
    manifest: Manifest
    person: str
    options: Options

    def switch(self, publication: Publication) -> None:
        """Measure its profile, and put it in force in one transaction."""
        before, profiles = self.options.before, self.options.profiles
        gate, cap = self.parts.gate, _cap(self.manifest.package.tre.budget)
        own = cap.total_nano if cap else None
        descriptor = _descriptor(self.manifest)
        profiled = (
            profile(gate, published(publication, descriptor), self.person, own)
            if profiles is None
            else with_profiles(publication, profiles)
        )
        switch = replace(
            _switch(self.manifest, publication, profiled.tables, descriptor),
            purposes=self.options.use.purposes,
            extends=before.version if before else None,
        )
        try:
            with acting(self.parts.control, self.person, self.parts.clock()) as act:
                (version,) = switch_versions(act, [switch])
                profiled.settle(act, version)
        except BaseException:
            fail_profile(gate, profiled)
            raise

    def known_files(self) -> Collection[Path]:
        """The files of every version on record."""
        return files_on_record(self.parts)


def _switch(
    manifest: Manifest,
    publication: Publication,
    tables: tuple[Table, ...],
    descriptor: Mapping[str, Json],
) -> Switch:
    package = manifest.package
    spine = publication.spine_version
    return Switch(
        dataset=publication.dataset,
        label=publication.version,
        title=package.title,
        population=publication.population,
        controller=package.tre.controller,
        spine_version=UNLINKED if spine is None else str(spine),
        file=publication.file.as_posix(),
        key_name=publication.key_name,
        file_sha256=publication.file_sha256,
        tables=tables,
        descriptor=descriptor,
        cap=_cap(package.tre.budget),
        delivery=_delivery(manifest),
    )


def _delivery(manifest: Manifest) -> Mapping[str, Json]:
    """What the public may know of how a version came about."""
    said = manifest.delivery
    period = {} if said.period is None else said.period.model_dump(mode="json")
    days = {"from": period.get("begins"), "until": period.get("ends")}
    return {"kind": said.kind.value, "to": said.to, "period": days if period else None}


def _cap(declared: DeclaredBudget | None) -> Budget | None:
    if declared is None:
        return None
    try:
        return Budget.zcdp(Decimal(str(declared.epsilon)), Decimal(str(declared.delta)))
    except (ValueError, ArithmeticError):
        message = "expected an epsilon and a delta that allow at least one question"
    raise Invalid("tre.budget", message)


def _descriptor(manifest: Manifest) -> Mapping[str, Json]:
    """The manifest without its sources: what the public may read of it."""
    package = manifest.package
    retention = package.tre.retention
    return {
        "name": package.name,
        "title": package.title,
        "description": package.description,
        "version": package.version,
        "controller": package.tre.controller,
        "legal_basis": package.tre.legal_basis,
        "retention": retention.isoformat() if retention else None,
        "delivery": _delivery(manifest),
        "resources": [
            {
                "name": resource.name,
                "title": resource.title,
                "description": resource.description,
                "privacy_unit": resource.tre.privacy_unit.value,
                "link": _method(resource),
                "roles": {
                    field.name: field.tre.role.value
                    for field in resource.table_schema.fields
                    if field.tre.role is not None
                },
            }
            for resource in manifest.resources
        ],
    }


def _method(resource: Resource) -> Mapping[str, Json] | None:
    """How a table's people are recognised; None where nobody is linked."""
    kinds = [each.tre.kind or Kind.OTHER for each in linking(resource)]
    if not kinds:
        return None
    rules = resource.tre.link
    passes = (rules and rules.passes) or PASSES
    named = {kind.value: cleaning(kind) for kind in kinds}
    return {
        "identifiers": sorted(named),
        "by": list(rules.by) if rules else [],
        "cleaning": named,
        "blocking": blocking(kinds) if rules and rules.threshold < 1 else [],
        "passes": [" + ".join(each.value for each in needed) for needed in passes],
        "threshold": str(rules.threshold) if rules else None,
        "review": str(rules.review) if rules else None,
        "similarity": str(rules.similarity) if rules else None,
    }


def _told(progress: Progress | None) -> Callable[[Stage, str, int], None]:
    if progress is None:
        return lambda *_: None
    return lambda stage, table, rows: progress(
        f"{table}: {stage.value}" if table else stage.value, rows, 0
    )
