"""Exact answers for the laboratory: the same question, without cap, clamp or noise."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, log10
from pathlib import Path
from typing import Final

import pyarrow as pa
import sqlglot.expressions as exp

from connectors.source import Source
from privacy.accounting import Measure
from privacy.arrange import arrange
from privacy.bound import BoundedQuery, cells
from privacy.catalogue import Catalogue, Domain
from privacy.compile import compile_exactly, compile_rows
from privacy.derive import derive
from privacy.emerge import every, filled
from privacy.expression import Expression
from privacy.key_counts import compile_key_counts
from privacy.levels import level_query
from privacy.margins import joined
from privacy.mechanism import Kind, Mechanism
from privacy.model import is_model, model
from privacy.moments import ends_of, unit_of
from privacy.plan import Component, Plan, Reading
from privacy.policy import NONE
from privacy.price import Price
from privacy.query import ORDERS, SPREADS, Aggregate, BoundQuery, Statistic
from privacy.table import (
    CheckedTable,
    DerivedOutput,
    DerivedTable,
    Emerged,
    Figures,
    NoisedTable,
)
from privacy.teach import understand
from tre.enclave.execute import execute, key_counts
from tre.enclave.job import Job
from tre.exact_fit import exact_fit
from tre.intake.check import check
from tre.intake.engine import Engine
from tre.intake.incoming import incoming
from tre.intake.land import land
from tre.intake.sql import column, named, relation, select_from, sql, text
from tre.manifest import (
    FieldType,
    Manifest,
    Part,
    Resource,
    TableField,
    columns,
    public_tables,
)
from tre.manifest.model import Constraints
from tre.release import arrow_table

_ZONE: Final = "brought"
LINKS: Final = exp.to_table("links")
_SILENT: Final = Mechanism(Kind.LAPLACE, 1e-9, 1, 1)
"""Stands where a mechanism must; no noise is drawn from it."""
_ANY: Final = 2**60
_UNCAPPED: Final = 2**31

_CREATE: Final = "CREATE TABLE :target AS :rows"
_WHOSE: Final = """
SELECT c._row
FROM landing.checked AS c
LEFT JOIN :links AS l ON l.row = c._row AND l.resource = :resource
"""


@dataclass(frozen=True, slots=True)
class Behind:
    """The rows that a question is about: what other systems would be asked over.

    `rows` has `person`, keys k0, k1 … and arguments a0, a1 … of the aggregates that
    have one, as the question's expressions make them; numbers are unscaled.
    """

    query: BoundQuery
    rows: pa.Table = field(repr=False)


class Brought:
    """Tables as they were brought, typed as the catalogue says, with their people.

    `links` says whose each row is. `folder` is where it may keep files; none outlive
    it. Values that are not of their column's type are NULL.
    """

    def __init__(
        self,
        manifest: Manifest,
        sources: Mapping[str, Source],
        links: pa.Table,
        folder: Path,
    ) -> None:
        self._catalogue = Catalogue(
            manifest.population,
            {table.name: table for table in public_tables(manifest)},
        )
        self._engine = Engine.open(folder, memory_mib=1024, threads=2)
        self._engine.attach(_ZONE, folder / "brought.duckdb", secrets.token_bytes(32))
        self._engine.register("links", links)
        for index, resource in enumerate(manifest.resources):
            self._bring(resource, index, sources[resource.name], folder)

    def answer(self, sql_text: str) -> pa.Table:
        """The exact answer, with the columns and rows that a release would have.

        Raises Refused as a release would.
        """
        if is_model(sql_text):
            fitted = model(sql_text, self._catalogue)
            locations = dict.fromkeys(self._catalogue.tables, _ZONE)
            return exact_fit(fitted, locations, self._engine.table)
        query = understand(sql_text, self._catalogue)
        every = [self._shown(level_query(query, kept)) for kept in query.sets]
        if not every:
            return arrow_table(arrange(self._shown(query)))
        planned = _plainly(query)
        mechanisms = tuple(_SILENT for _ in planned.components)
        return arrow_table(arrange(joined(every, _free(planned, mechanisms))))

    def behind(self, sql_text: str) -> Behind:
        """The rows behind a question's cells. Raises Refused as a release would."""
        query = understand(sql_text, self._catalogue)
        locations = dict.fromkeys(self._catalogue.tables, _ZONE)
        return Behind(query, self._engine.table(compile_rows(query, locations).sql))

    def _shown(self, query: BoundQuery) -> CheckedTable:
        """The exact figures of one grouping."""
        planned = _plainly(query)
        locations = dict.fromkeys(self._catalogue.tables, _ZONE)
        emerged = self._emerged(planned, locations)
        keys = tuple(key.domain for key in query.keys)
        job = Job(
            attachments=(),
            sql=compile_exactly(planned, locations).sql,
            keys=keys if emerged is None else filled(keys, emerged),
            mechanisms=tuple(_SILENT for _ in planned.components),
        )
        exact = execute(job, self._engine.table)
        values = tuple(each[None, :] for each in exact.values)
        told = NoisedTable(values, emerged=emerged)
        derived = derive(told, _free(planned, job.mechanisms))
        return _shown(derived)

    def _emerged(self, planned: Plan, locations: Mapping[str, str]) -> Emerged | None:
        """Every combination there is of keys that are not public, if there are such."""
        if all(key.domain.values is not None for key in planned.query.keys):
            return None
        statement = compile_key_counts(planned, locations).sql
        return every(key_counts(statement, self._engine.table))

    def close(self) -> None:
        """Forget the tables."""
        self._engine.close()

    def _bring(
        self, resource: Resource, index: int, source: Source, folder: Path
    ) -> None:
        """Land a table, read its columns without bounds, add whose rows they are."""
        fields = incoming(_unbounded(resource), source, f"resources[{index}]")
        landing = folder / f"landing-{index}.duckdb"
        self._engine.attach("landing", landing, secrets.token_bytes(32))
        land(self._engine, source, fields, lambda _rows: None)
        check(self._engine, fields, (), resource.table_schema.missing_values)
        public = [
            named(column(f"c{place}"), known.name)
            for place, known in enumerate(columns(resource))
        ]
        rows = select_from(_WHOSE, links=LINKS, resource=text(resource.name))
        target = relation(_ZONE, resource.name)
        person = named(column("person", "l"), "person_id")
        shown = rows.select(person, *public, append=False, copy=False)
        self._engine.run(sql(_CREATE, target=target, rows=shown))
        self._engine.drop("landing")
        landing.unlink()


def _unbounded(resource: Resource) -> Resource:
    """The resource without bounds, lists or required fields; scales stay."""
    domains = {known.name: known.domain for known in columns(resource)}
    fields = tuple(
        _plain_field(field, domains.get(field.name))
        for field in resource.table_schema.fields
    )
    schema = resource.table_schema.model_copy(update={"fields": fields})
    return resource.model_copy(update={"table_schema": schema})


def _plain_field(field: TableField, known: Domain | None) -> TableField:
    number = known is not None and field.type is FieldType.NUMBER
    widest = {"minimum": 1, "maximum": 9999}
    derive = {
        name: derivation.model_copy(update=widest)
        if derivation.from_ is Part.YEAR
        else derivation
        for name, derivation in field.tre.derive.items()
    }
    update = {"derive": derive, "decimals": known.scale if number and known else None}
    extension = field.tre.model_copy(update=update)
    return field.model_copy(update={"constraints": Constraints(), "tre": extension})


def _shown(derived: DerivedTable) -> CheckedTable:
    """Everything, without intervals or statuses; a mean of nothing is NULL."""
    outputs = tuple(
        replace(each, value=_known(each, derived), low=None, high=None)
        for each in derived.outputs
    )
    statuses = tuple(None for _ in outputs)
    return CheckedTable(
        derived.price,
        1,
        derived.keys,
        derived.aggregates,
        outputs,
        statuses,
        derived.present,
    )


def _free(planned: Plan, mechanisms: tuple[Mechanism, ...]) -> Price:
    return Price(planned, mechanisms, Measure.PURE, 0, 0, 0, 0)


def _known(output: DerivedOutput, derived: DerivedTable) -> Figures:
    null = output.value.null
    for position in sorted(output.aggregates):
        proof = _proof(position, derived.price.plan)
        if proof is not None:
            null = null | (derived.noised.values[proof] == 0)
    return Figures(output.value.values, null)


def _proof(position: int, plan: Plan) -> int | None:
    """The component that is 0 where the aggregate has no value."""
    reading = plan.readings[position]
    if not isinstance(reading, Reading):
        raise TypeError("exact answers are read off one component")
    if plan.query.aggregates[position].statistic in SPREADS | ORDERS:
        return reading.component + 1
    return reading.divisor


def _plainly(query: BoundQuery) -> Plan:
    """The plan that computes each aggregate as SQL defines it."""
    most = min(_UNCAPPED, cells(query))
    uncapped = BoundedQuery(query, _UNCAPPED, _UNCAPPED, most)
    components: list[Component] = []
    readings = []
    for aggregate in query.aggregates:
        readings.append(_reading(aggregate, len(components)))
        components.extend(_components(aggregate))
    return Plan(uncapped, NONE, tuple(components), tuple(readings), ())


def _components(aggregate: Aggregate) -> tuple[Component, ...]:
    argument = aggregate.argument
    if aggregate.statistic is Statistic.MEAN:
        return (
            _component(Statistic.SUM, argument),
            _component(Statistic.PRESENT, argument),
        )
    if aggregate.statistic in SPREADS:
        value = _component(Statistic.ROWS, None)  # the engine's own takes its place
        return (replace(value, scale=_digits(aggregate)), value)
    if aggregate.statistic in ORDERS and argument is not None:
        value = _component(Statistic.ROWS, None)
        return (replace(value, scale=argument.domain.scale), value)
    return (_component(aggregate.statistic, argument),)


def _digits(aggregate: Aggregate) -> int:
    """Decimals at which a spread is told: as many as leave it room in 64 bits."""
    both = [each for each in (aggregate.argument, aggregate.other) if each is not None]
    spans = [
        float((ends_of(each)[1] - ends_of(each)[0] + 1) * unit_of(each))
        for each in both
    ]
    match aggregate.statistic:
        case Statistic.CORR:
            return 12
        case Statistic.REGR_SLOPE | Statistic.REGR_INTERCEPT:
            return 9
        case _:
            return min(12, 14 - ceil(log10(spans[0] * spans[-1])))


def _component(statistic: Statistic, argument: Expression | None) -> Component:
    summed = statistic is Statistic.SUM and argument is not None
    scale = argument.domain.scale if summed and argument is not None else 0
    return Component(statistic, argument, 1, 1, scale, Fraction(1))


def _reading(aggregate: Aggregate, position: int) -> Reading:
    if aggregate.statistic is Statistic.MEAN:
        return Reading(position, position + 1, 0, -_ANY, _ANY)
    return Reading(position)
