"""Measure the profile of a version that is about to be published.

The price is reserved and recorded, then the new file is read in the enclave and only
noised figures come out. Where the population cannot pay, or the measurement fails,
each table keeps the last profile it had, which names the version it was measured of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import sqlglot.expressions as exp
from sqlalchemy import Connection

from privacy.catalogue import Domain, Table, Type, Unit
from privacy.errors import Failed
from privacy.linked import Linked
from privacy.links import Links, links
from privacy.policy import Policy
from privacy.profile import Profile
from privacy.profiling import Classes, Measurement, measurement, profile_of
from privacy.totals import total_of
from tre.audit.act import Act
from tre.enclave.confinement import Unavailable
from tre.enclave.job import Attachment, Job
from tre.enclave.supervisor import Enclave
from tre.enquiry import Gate
from tre.governance.catalogue import Version, last_profiles
from tre.governance.policies import current_policy
from tre.governance.statement import methods_of
from tre.intake import Publication
from tre.intake.carry import brought_by
from tre.intake.sql import (
    Tree,
    column,
    named,
    number,
    relation,
    select,
    select_from,
    sql,
)
from tre.ledger.measure import (
    Measured,
    fail_measurement,
    reserve_measurement,
    settle_measurement,
)
from tre.linked_figures import linked_figures

COUNTED: Final = "count(*)"
DROPPED: Final = "sum(least(greatest(brought - :kept, 0), :most))"
BESIDE: Final = """
SELECT b.*, coalesce(r.kept, 0) AS kept
FROM :brought AS b
LEFT JOIN (SELECT person_id, count(*) AS kept FROM :rows GROUP BY person_id) AS r
    ON r.person_id = b.person_id
"""
"""What bounds by group leave of a person's rows is known by counting them."""
CLAMPED: Final = "sum(least(:moved, :cap))"
ONE_OF_EACH: Final = "_rank = 1 AND :value IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Subject:
    """A version whose file is complete and not in force yet, to be measured.

    `version` is its label; `clamped` is as in a `Publication`, and `file` is relative
    to the home. `descriptor` is the public part of its manifest. `tables` have the
    profiles to keep where none can be measured; where they have none, it is the last
    of the dataset's. Of those that are `unmeasurable` nothing is planned or charged.
    """

    dataset: str
    version: str
    population: str
    tables: tuple[Table, ...]
    file: Path
    key_name: str
    clamped: tuple[tuple[tuple[int, str], ...], ...]
    descriptor: Mapping[str, Any] = field(repr=False)
    unmeasurable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Profiled:
    """Tables with the profiles they will be published with, and what they cost.

    `measured` is None where nothing was charged or the charge is settled already.
    """

    tables: tuple[Table, ...]
    measured: Measured | None

    def settle(self, act: Act, version: str) -> None:
        """Record in the act that publishes `version` whether it was measured."""
        if self.measured is not None:
            settle_measurement(act, self.measured)
        elif any(table.unit is not Unit.NONE for table in self.tables):
            kept = {t.name: t.profile.version for t in self.tables if t.profile}
            act.record("profile.kept", version, {"measured_in": kept})


def published(publication: Publication, descriptor: Mapping[str, Any]) -> Subject:
    """A publication, as what is to be measured; the public part of its manifest."""
    return Subject(
        publication.dataset,
        publication.version,
        publication.population,
        publication.tables,
        publication.file,
        publication.key_name,
        publication.clamped,
        descriptor,
    )


def profile(
    gate: Gate, subject: Subject, person: str, dataset_nano: int | None = None
) -> Profiled:
    """The version's tables with their profiles, charged before they are read.

    `dataset_nano` is the dataset's own budget before it has an account, None for none.
    """
    planned = _planned(gate, subject)
    measured = _reserved(gate, subject, person, planned, dataset_nano)
    if measured is not None:
        try:
            return Profiled(_drawn(gate, subject, planned), measured)
        except BaseException as problem:
            fail_measurement(gate.control, measured.id, gate.clock())
            if not isinstance(problem, Failed | Unavailable):
                raise
    with gate.control.reading() as connection:
        return Profiled(_earlier(connection, subject), None)


def _planned(gate: Gate, subject: Subject) -> Mapping[str, Measurement]:
    """What is measured of each table; subgroups are shown by the policy in force."""
    with gate.control.reading() as connection:
        policy = current_policy(connection) or gate.policy
    methods = methods_of(subject.descriptor)
    return {
        table.name: measurement(
            table,
            tuple(name for _, name in clamped),
            _links(table, methods.get(table.name), policy),
        )
        for table, clamped in zip(subject.tables, subject.clamped, strict=True)
        if table.unit is not Unit.NONE and table.name not in subject.unmeasurable
    }


def _links(
    table: Table, method: Mapping[str, Any] | None, policy: Policy
) -> Links | None:
    """What is measured of how people are linked, by the method that is published."""
    if method is None:
        return None
    columns = {each.name: each for each in table.columns}
    compared = tuple(columns[name] for name in method.get("by", ()))
    return links(tuple(method["identifiers"]), compared, policy)


def with_profiles(
    publication: Publication, profiles: Mapping[str, Profile]
) -> Profiled:
    """The publication's tables with profiles that were measured of other data."""
    tables = publication.tables
    held = tuple(replace(each, profile=profiles.get(each.name)) for each in tables)
    return Profiled(held, None)


def fail_profile(gate: Gate, profiled: Profiled) -> None:
    """Settle the charge of a publication that did not take place."""
    if profiled.measured is not None:
        fail_measurement(gate.control, profiled.measured.id, gate.clock())


def _reserved(
    gate: Gate,
    subject: Subject,
    person: str,
    planned: Mapping[str, Measurement],
    dataset_nano: int | None,
) -> Measured | None:
    nano = sum(each.rho_nano for each in planned.values())
    if not planned or (dataset_nano is not None and nano > dataset_nano):
        return None
    return reserve_measurement(
        gate.control,
        dataset=subject.dataset,
        population=subject.population,
        nano=nano,
        person=person,
        owner=gate.owner,
        now=gate.clock(),
    )


def _drawn(
    gate: Gate, subject: Subject, planned: Mapping[str, Measurement]
) -> tuple[Table, ...]:
    file, key = subject.file.as_posix(), subject.key_name
    version = Version(subject.file.stem, subject.dataset, "", file, key, "")
    attachment = gate.attachment(version)
    found = []
    for table, clamped in zip(subject.tables, subject.clamped, strict=True):
        measured = table.profile
        if (plan := planned.get(table.name)) is not None:
            moved = [f"m{place}" for place, _ in clamped]
            drawn = _Drawn(gate.enclave, table, attachment, plan)
            measured = drawn.profile(moved, subject.version)
        found.append(replace(table, profile=measured))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One table of a version, and what is measured of it in the enclave."""

    enclave: Enclave
    table: Table
    attachment: Attachment
    planned: Measurement

    def profile(self, moved: list[str], version: str) -> Profile:
        """What the enclave draws, as the profile of this version."""
        classes, sums = jobs(self.table, self.attachment, self.planned, moved)
        histograms = counts(self.table.name, self.attachment, self.planned)
        return profile_of(
            self.planned,
            self._people(classes),
            [int(each[0][0]) for each in self.enclave.answer(sums).values],
            [self._people(job) for job in histograms],
            version,
            self._linked(),
        )

    def _people(self, job: Job) -> list[int]:
        found: list[int] = self.enclave.answer(job).values[0][0].tolist()
        return found

    def _linked(self) -> Linked | None:
        links = self.planned.links
        if links is None:
            return None
        return linked_figures(self.enclave, self.table.name, self.attachment, links)


def jobs(
    table: Table, attachment: Attachment, planned: Measurement, moved: list[str]
) -> tuple[Job, Job]:
    """What the enclave computes and noises: people of each class, and then sums.

    `moved` are the columns with each person's clamped values, as `planned` has them.
    """
    brought: Tree = relation(attachment.alias, brought_by(table.name))
    columns = [named(_start(planned.starts), "k0"), named(sql(COUNTED), "c0")]
    classes = select(columns, brought).group_by(number(1), copy=False)
    starts = Domain(Type.NUMBER, 0, nullable=False, values=planned.starts)
    cap, most = number(planned.cap), number(planned.most_dropped)
    kept: Tree = cap
    if table.bounds:
        rows = relation(attachment.alias, table.name)
        brought, kept = select_from(BESIDE, brought=brought, rows=rows), column("kept")
    sums = [sql(DROPPED, kept=kept, most=most)]
    sums += [sql(CLAMPED, moved=column(name), cap=cap) for name in moved]
    figures = [named(each, f"c{place}") for place, each in enumerate(sums)]
    selected = select(figures, brought)
    return (
        Job(
            attachments=(attachment,),
            sql=classes.sql("duckdb"),
            keys=(starts,),
            mechanisms=(planned.people,),
            once=True,
        ),
        Job(
            attachments=(attachment,),
            sql=selected.sql("duckdb"),
            keys=(),
            mechanisms=(planned.dropped, *planned.clamped),
            once=True,
        ),
    )


def counts(table: str, attachment: Attachment, planned: Measurement) -> tuple[Job, ...]:
    """What the enclave counts for each histogram: one row of each person, by class.

    A row's rank was drawn by lot, and every person with rows has one of rank 1. Where
    its value is NULL the person is in no class; a total never is.
    """
    return tuple(
        _count(table, attachment, planned, each) for each in planned.histograms
    )


def _count(
    table: str, attachment: Attachment, planned: Measurement, classes: Classes
) -> Job:
    name = total_of(classes.column) if classes.is_total else classes.column
    columns = [named(_start(classes.starts, name), "k0"), named(sql(COUNTED), "c0")]
    first = select(columns, relation(attachment.alias, table))
    first = first.where(sql(ONE_OF_EACH, value=column(name)), copy=False)
    return Job(
        attachments=(attachment,),
        sql=first.group_by(number(1), copy=False).sql("duckdb"),
        keys=(Domain(Type.NUMBER, 0, nullable=False, values=classes.starts),),
        mechanisms=(planned.each,),
        once=True,
    )


def _start(starts: tuple[int, ...], name: str = "brought") -> exp.Expr:
    """The start of the class that a person's number is in: every person is in one."""
    held = column(name)
    whens = [
        exp.If(this=exp.GTE(this=held, expression=number(start)), true=number(start))
        for start in reversed(starts[1:])
    ]
    return exp.Case(ifs=whens, default=number(starts[0]))


def _earlier(connection: Connection, subject: Subject) -> tuple[Table, ...]:
    found = last_profiles(connection, subject.dataset)
    return tuple(
        replace(table, profile=table.profile or found.get(table.name))
        for table in subject.tables
    )
