"""One intake, from a manifest to a version in force, or to nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.errors import Invalid
from connectors.source import Source
from privacy.catalogue import Table, Unit
from tre.intake import spine
from tre.intake.assure import Linking
from tre.intake.beside import open_beside
from tre.intake.brought import summarise
from tre.intake.carry import Carry
from tre.intake.check import Checked, check
from tre.intake.held import carry_seen, hold
from tre.intake.incoming import Marks, incoming, linking, marks
from tre.intake.land import Landed, land
from tre.intake.link import Added, link
from tre.intake.origin import origin
from tre.intake.passes import PASSES, signatures
from tre.intake.pseudonymise import pseudonymise, sign_known
from tre.intake.publication import (
    Counts,
    Options,
    Progress,
    Publication,
    Reason,
    Reject,
    Stage,
    Versions,
)
from tre.intake.publish import Published, links, publish
from tre.intake.references import take_references
from tre.intake.row_keys import (
    Keyed,
    check_keys,
    match,
    rows_key,
)
from tre.intake.scheme import keep_applied, keep_scheme, unapplied, with_kept
from tre.intake.separate import separate
from tre.intake.sql import relation
from tre.intake.summary import summary
from tre.intake.sweep import sweep_locked
from tre.intake.underway import Intake, opened, work
from tre.intake.unique import check_unique
from tre.intake.weigh import ALONE, Weighing
from tre.intake.zones import Zones, digest_of, sync
from tre.manifest import (
    DeliveryKind,
    Kind,
    Link,
    Manifest,
    Resource,
    public_tables,
)

DEFAULTS: Final = Options()


def onboard(
    manifest: Manifest,
    zones: Zones,
    versions: Versions,
    *,
    sources: Mapping[str, Source] | None = None,
    progress: Progress = lambda *_: None,
    options: Options = DEFAULTS,
) -> Publication:
    """Take a dataset in and put it in force.

    `sources` replaces the files the manifest names, by resource. Raises `Invalid`
    for a manifest or source that cannot be taken in. However this ends before
    `versions.switch` is done (an error, an interrupt, a kill), the version in force
    stays and the new one, its key and its people are removed: at once, or by the
    next `sweep`.
    """
    found = [
        (sources or {}).get(resource.name)
        or origin(resource, manifest.base, f"resources[{index}]")
        for index, resource in enumerate(manifest.resources)
    ]
    with zones.locked(), zones.scratch() as scratch:
        sweep_locked(zones, versions.known_files())
        with opened(scratch, options) as engine:
            intake = Intake(
                engine, zones, manifest, progress, options, scratch, manifest.name
            )
            return _run(intake, found, versions)


def _run(intake: Intake, sources: list[Source], versions: Versions) -> Publication:
    file = intake.zones.begin_version(intake.manifest.name)
    try:
        publication = _publication(intake, file, sources)
        intake.progress(Stage.SWITCH, "", 0)
    except BaseException:
        _discard(intake, file)
        raise
    try:
        versions.switch(publication)
    except BaseException:
        if file.relative_to(intake.zones.home) not in versions.known_files():
            _discard(intake, file)
        raise
    intake.zones.keep_version(file)
    if intake.addition:
        spine.keep(intake.zones, intake.addition)
    return publication


def _publication(intake: Intake, file: Path, sources: list[Source]) -> Publication:
    """Every table through every stage; the file is complete and closed on return."""
    manifest, zones, engine = intake.manifest, intake.zones, intake.engine
    key_name = zones.key_name(file)
    relative = file.relative_to(zones.home)
    tables = public_tables(manifest)
    engine.attach("version", file, zones.keystore.create_key(key_name))
    if intake.linked:
        spine.open_spine(engine, zones, manifest.population)
        intake.addition = spine.begin(engine, zones, manifest.population, relative)
    open_beside(intake, file, tables)
    if intake.before is not None and intake.addition is not None:
        carry_seen(engine, intake.before.file.as_posix(), intake.addition)
    taken = [
        _table(intake, index, table, sources[index])
        for index, table in enumerate(tables)
    ]
    if intake.linked:
        engine.detach("spine")
    if intake.keyed:
        engine.detach("rows")
    engine.detach("version")
    file.chmod(0o400)
    sync(file.parent)
    sync(zones.folder("linkage"))
    return Publication(
        dataset=manifest.name,
        version=manifest.package.version,
        population=manifest.population,
        tables=tables,
        file=relative,
        key_name=key_name,
        file_sha256=digest_of(file),
        spine_version=zones.spine_version(manifest.population)
        if intake.linked
        else None,
        counts=tuple(each.counts for each in taken),
        changes=tuple(intake.changes),
        clamped=tuple(each.clamped for each in taken),
        summaries=intake.summaries,
        links=pa.concat_tables([each.links for each in taken if each.links is not None])
        if intake.options.keep_links
        else None,
    )


@dataclass(frozen=True, slots=True)
class _Taken:
    """What became of one table; `links` where they are kept."""

    counts: Counts
    clamped: tuple[tuple[int, str], ...]
    links: pa.Table | None


def _table(intake: Intake, index: int, table: Table, source: Source) -> _Taken:
    """One table through the stages, each in the zones it may see."""
    resource = intake.manifest.resources[index]
    place = f"resources[{index}]"
    step = _steps(intake, resource.name)
    found: pa.Table | None = None
    with work(intake, "research", "staging"):
        with work(intake, "linkage", "linkage"), intake.engine.transient():
            landed, checked = received(intake, index, source, step)
            _match(intake, index, checked.marks, step)
            linked(intake, resource, step)
        step(Stage.PUBLISH)
        published = publish(intake.engine, table, _carry(intake))
        _summarise(intake, resource, table, checked)
        if intake.options.keep_links:
            found = _named(links(intake.engine, table), table, landed.rows)
    counts = _counts(table, landed, checked, published)
    if counts.published < intake.options.fewest_rows and intake.before is None:
        raise Invalid(place, _too_few(counts))
    target = relation("version", table.name)
    own = {known.name: known.name for known in table.columns}
    check_unique(intake.engine, target, table.unique, own, place)
    return _Taken(counts, checked.clamped, found)


def _summarise(
    intake: Intake, resource: Resource, table: Table, checked: Checked
) -> None:
    """Write what its people brought, and how they are linked, beside the table."""
    if table.unit is Unit.NONE:
        return
    linking = _linking(intake, resource)
    if linking is not None and intake.addition is not None:
        before = intake.before.file.as_posix() if intake.before else None
        hold(intake.engine, table, intake.addition, before)
    clamped = [place for place, _ in checked.clamped]
    summarise(intake.engine, table, clamped, linking, _carry(intake))


def _linking(intake: Intake, resource: Resource) -> Linking | None:
    """The people of a table that is being published; None where none are linked."""
    kinds, addition = _identified(resource), intake.addition
    if not kinds or addition is None:
        return None
    file, use = addition.file.as_posix(), intake.options.use
    return Linking(intake.manifest.name, resource.name, file, kinds, use)


def _match(
    intake: Intake, index: int, marked: Marks, step: Callable[[Stage], None]
) -> None:
    """Know the rows of a table by their keys, where they have some."""
    if not marked.key:
        return
    step(Stage.MATCH)
    resource, kind = intake.manifest.resources[index], intake.manifest.delivery.kind
    known = resource.name in intake.known
    keyed = Keyed(resource.name, f"resources[{index}]", marked, kind, known)
    secret = rows_key(intake.zones, intake.manifest.name)
    intake.changes.append(match(intake.engine, keyed, secret))


def _carry(intake: Intake) -> Carry | None:
    """What stays of the version before, while a protected table is published."""
    if intake.before is None:
        return None
    kind = intake.manifest.delivery.kind
    return Carry(intake.options.use, corrected=kind is DeliveryKind.CORRECT)


def received(
    intake: Intake, index: int, source: Source, step: Callable[[Stage], None]
) -> tuple[Landed, Checked]:
    """Land, check and separate; landing and its key are gone on return."""
    resource = intake.manifest.resources[index]
    fields = incoming(resource, source, f"resources[{index}]")
    identifiers = {named.name for named in linking(resource)}
    chosen = [one for one in fields if one.field.name in identifiers]
    marked = marks(resource, fields)
    with work(intake, "landing", "landing"):
        step(Stage.LAND)
        report = lambda rows: intake.progress(Stage.LAND, resource.name, rows)  # noqa: E731 - one line, told twice
        landed = land(intake.engine, source, fields, report)
        step(Stage.CHECK)
        place = f"resources[{index}]"
        take_references(intake.engine, fields, intake.manifest.base, place)
        missing = resource.table_schema.missing_values
        checked = check(intake.engine, fields, chosen, missing, marked)
        check_keys(intake.engine, marked, place)
        known = public_tables(intake.manifest)[index].columns
        intake.summaries[resource.name] = summary(intake.engine, known)
        step(Stage.SEPARATE)
        clamped = [place for place, _ in checked.clamped]
        separate(
            intake.engine,
            identifiers=len(chosen),
            attributes=len(known),
            clamped=clamped,
            marks=marked,
        )
    return landed, checked


def linked(intake: Intake, resource: Resource, step: Callable[[Stage], None]) -> None:
    """Pseudonymise and link a table of people; other tables link to nobody."""
    identifiers = linking(resource)
    if not identifiers or intake.addition is None:
        return
    step(Stage.PSEUDONYMISE)
    rules = resource.tre.link
    kinds = [named.tre.kind or Kind.OTHER for named in identifiers]
    passes = (rules and rules.passes) or PASSES
    generation = spine.generation(intake.engine)
    key = intake.zones.linkage_key(intake.manifest.population, generation)
    first = spine.first_free(intake.engine)
    added = Added(
        intake.seen_in,
        resource.name,
        intake.addition.file.as_posix(),
        intake.addition.epoch,
        first,
        intake.options.use,
    )
    own = signatures(kinds, passes)
    signed = with_kept(intake.engine, own)
    late = unapplied(intake.engine, signed)
    sign_known(intake.engine, late, key, intake.addition.epoch)
    keep_applied(intake.engine, late, intake.addition.epoch)
    keep_scheme(intake.engine, kinds, passes, intake.addition.epoch)
    if not intake.options.use.heeding:  # objections are by any pass there is
        own = tuple(signed)
    pseudonymise(intake.engine, kinds, signed, own, key, first)
    step(Stage.LINK)
    weighing = _weighing(rules)
    link(intake.engine, weighing, added)


def _identified(resource: Resource) -> tuple[Kind, ...]:
    """The kinds of identifiers that a table's people are linked by, each once."""
    kinds = {named.tre.kind or Kind.OTHER for named in linking(resource)}
    return tuple(sorted(kinds, key=lambda kind: kind.value))


def _weighing(rules: Link | None) -> Weighing:
    if rules is None:
        return ALONE
    return Weighing(rules.threshold, rules.review, rules.similarity)


def _steps(intake: Intake, name: str) -> Callable[[Stage], None]:
    return lambda stage: intake.progress(stage, name, 0)


def _discard(intake: Intake, file: Path) -> None:
    """Remove a version that is not in force, its keys, and whoever came with it."""
    for zone in ("version", "rows", "known", "before"):
        intake.engine.drop(zone)
    if intake.addition:
        intake.engine.drop("spine")
        spine.settle(intake.engine, intake.zones, intake.addition, ())
    intake.zones.discard_version(file)


def _named(found: pa.Table, table: Table, rows: int) -> pa.Table:
    """Links for every row of the source, those without a person included."""
    people = np.full(rows, -1, np.int64)
    people[found["row"].to_numpy()] = found["person"].to_numpy()
    return pa.table(
        {
            "resource": pa.array([table.name] * rows, pa.string()),
            "row": pa.array(np.arange(rows)),
            "person": pa.array(people, mask=people < 0),
        }
    )


def _counts(
    table: Table, landed: Landed, checked: Checked, published: Published
) -> Counts:
    ragged, rejected = landed.ragged.total(), checked.rejected
    first = (Reject("", Reason.RAGGED, ragged),) if ragged else ()
    accepted = landed.rows - ragged - rejected
    return Counts(
        table=table.name,
        landed=landed.rows,
        rejected=rejected + ragged,
        rejects=first + checked.rejects,
        without_person=accepted - published.with_person,
        over_cap=published.with_person - published.rows,
        published=published.rows,
        people=published.people,
    )


def _too_few(counts: Counts) -> str:
    if not counts.landed:
        return "expected rows: the source has none"
    causes = [
        f"{reject.column or 'the row'} {reject.reason.value} {reject.rows}"
        for reject in counts.rejects
    ]
    if counts.without_person:
        causes.append(f"no identifier {counts.without_person}")
    return f"no row of {counts.landed} could be published: {', '.join(causes)}"
