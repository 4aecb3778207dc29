"""Look at a manifest's sources before anything of them is published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from tre.inspection import bounds, caps, risk
from tre.inspection.columns import profile
from tre.inspection.drift import Earlier, drifted
from tre.inspection.drift import judged as judged_drift
from tre.inspection.identified import identifiers, judged_identifiers
from tre.inspection.identifying import SAMPLE_ROWS, identifying, looking_like
from tre.inspection.integrity import (
    header_rows,
    impossible_dates,
    incomplete,
    repeated,
    unbounded,
    unlisted,
)
from tre.inspection.landed import Landed, tell_people_apart
from tre.inspection.outliers import outliers
from tre.inspection.rejected import rejected
from tre.inspection.report import (
    Drift,
    Finding,
    Report,
    RowsPerPerson,
    TableReport,
)
from tre.inspection.roster import keep_roster, strangers
from tre.inspection.sized import outgrown
from tre.inspection.subgroups import uncompared
from tre.intake import Counts, Options, Zones
from tre.intake.inspect import Examined
from tre.intake.inspect import inspect as inspect_counts
from tre.intake.summary import summary
from tre.manifest import Manifest, columns

DEFAULTS: Final = Options()


def report(
    manifest: Manifest,
    zones: Zones,
    today: date,
    earlier: Earlier | None = None,
    options: Options = DEFAULTS,
) -> Report:
    """Land, check and look at every table of a manifest, and forget the rows.

    `today` is the day after which dates are still to come; `earlier` what is known of
    the version before. Nobody is linked: people are told apart by equal identifiers.
    Memory is bounded by `options`, whatever the size of the sources. Raises `Invalid`
    as an intake would.
    """
    inspection = _Inspection(manifest, today, earlier, {}, {})
    counts = inspect_counts(manifest, zones, options, inspection.look)
    tables = tuple(
        replace(
            inspection.found[one.table],
            counts=_told(one, inspection.found[one.table].persons),
            findings=(
                *rejected(resource, one.rejects, one.landed),
                *inspection.found[one.table].findings,
            ),
        )
        for one, resource in zip(counts, manifest.resources, strict=True)
    )
    package = manifest.package
    return Report(
        manifest.name,
        package.version,
        package.title,
        earlier.version if earlier else "",
        tables,
    )


def _told(counts: Counts, persons: RowsPerPerson | None) -> Counts:
    """The counts, with what is known of people without linking them."""
    if persons is None:
        return counts
    return replace(
        counts,
        without_person=persons.without_person,
        over_cap=persons.dropped,
        published=persons.rows - persons.dropped,
        people=persons.people,
    )


@dataclass(frozen=True, slots=True)
class _Inspection:
    """What is known while the tables are landed one after another."""

    manifest: Manifest
    today: date
    earlier: Earlier | None
    found: dict[str, TableReport]
    rosters: dict[str, int]

    def look(self, examined: Examined) -> None:
        """Everything that can be told of one table while it is landed."""
        resource = examined.resource
        landed = Landed(
            engine=examined.engine,
            resource=resource,
            place=examined.place,
            fields=examined.fields,
            linking=examined.linking,
            columns=columns(resource),
            rows=examined.rows,
        )
        suspects = identifying(landed)
        hidden = looking_like(suspects)
        tell_people_apart(landed)
        looked = TableReport(
            table=resource.name,
            title=resource.title,
            counts=examined.counts,
            sampled=min(SAMPLE_ROWS, landed.rows),
            columns=profile(landed, hidden),
            identifiers=identifiers(landed, self.today),
            persons=bounds.beside_bounds(landed, caps.rows_per_person(landed)),
            risk=risk.risk(landed),
            drift=self._drift(landed),
            findings=suspects,
        )
        findings = (*suspects, *self._findings(landed, looked, hidden))
        self.found[resource.name] = replace(looked, findings=findings)

    def _drift(self, landed: Landed) -> tuple[Drift, ...]:
        if self.earlier is None:
            return ()
        shares = summary(landed.engine, landed.columns)
        return drifted(landed.name, shares, self.earlier)

    def _findings(
        self, landed: Landed, looked: TableReport, hidden: frozenset[str]
    ) -> Iterator[Finding]:
        yield from outgrown(landed.name, landed.rows, landed.resource.tre.size)
        yield from header_rows(landed, self._names())
        yield from repeated(landed)
        yield from self._strangers(landed)
        yield from judged_identifiers(landed.name, looked.identifiers)
        if looked.persons is not None:
            yield from caps.judged(landed.name, looked.persons)
            yield from bounds.judged(landed.name, looked.persons)
        if looked.risk is not None:
            yield from risk.judged(landed, looked.risk)
        yield from risk.undeclared(landed)
        yield from uncompared(landed)
        yield from unbounded(landed, hidden)
        yield from impossible_dates(landed, hidden, self.today)
        yield from unlisted(landed, hidden)
        for one in looked.columns:
            yield from incomplete(landed.name, one.name, one.missing, one.rows)
        yield from outliers(landed, hidden)
        yield from judged_drift(landed.name, looked.drift)

    def _names(self) -> frozenset[str]:
        return frozenset(
            field.name.lower()
            for resource in self.manifest.resources
            for field in resource.table_schema.fields
        )

    def _strangers(self, landed: Landed) -> Iterator[Finding]:
        """Against the register: the first such table with one row a person."""
        index = len(self.rosters)
        if not keep_roster(landed, index):
            return
        registers: Mapping[str, int] = dict(self.rosters)
        self.rosters[landed.name] = index
        for resource in self.manifest.resources:
            at = registers.get(resource.name)
            if at is not None and resource.rows_per_person == 1:
                yield from strangers(landed, index, resource, at)
                return
