"""How one landed column becomes one published column: pure SQL expressions.

A `Reading` never fails on any value: what cannot be read is a problem by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Domain, Type
from tre.intake.incoming import Incoming, Marks
from tre.intake.making import making
from tre.intake.parsing import parsed
from tre.intake.problem import listed, problem, problem_of_derived
from tre.intake.publication import Reason
from tre.intake.sql import Tree, column, literal, number, sql, storage, text
from tre.manifest.domains import domain
from tre.manifest.made import coded_ends, made, published
from tre.manifest.model import Role
from tre.manifest.transform import Derivation, OutOfRange

REQUIRED: Final = "CASE WHEN :x IS NULL THEN :reason END"


@dataclass(frozen=True, slots=True)
class Reading:
    """One column to publish, with this domain.

    `parsed` reads the landed column, as each of these names; `published` and
    `problem` are over the landed column and those: the value as stored, and NULL or
    the name of a `Reason`. `moved` is whether clamping or coding changes the value;
    None where neither does.
    """

    name: str
    domain: Domain
    parsed: Mapping[str, Tree]
    published: Tree
    problem: Tree
    moved: Tree | None = None


def readings(fields: Sequence[Incoming]) -> tuple[Reading, ...]:
    """The columns to publish, in the order `tre.manifest.columns` gives them."""
    return tuple(reading for incoming in fields for reading in _of(incoming))


def required_identifiers(fields: Sequence[Incoming]) -> tuple[tuple[str, Tree], ...]:
    """Identifiers that must not be missing: their names, and the problem if so."""
    reason = text(Reason.REQUIRED.value)
    return tuple(
        (incoming.field.name, sql(REQUIRED, x=column(incoming.landed), reason=reason))
        for incoming in fields
        if incoming.field.tre.role is Role.IDENTIFIER
        and incoming.field.constraints.required
    )


@dataclass(frozen=True, slots=True)
class Marking:
    """How the fields that mark whole rows are read: `k…` and `_removed`."""

    parsed: Mapping[str, Tree]
    columns: Mapping[str, Tree]
    problems: tuple[tuple[str, Tree], ...]
    removed: Tree | None

    def unless_removed(self, problem: Tree) -> Tree:
        """The problem, of rows that stay."""
        if self.removed is None:
            return problem
        return sql(
            "CASE WHEN NOT :gone THEN :problem END", gone=self.removed, problem=problem
        )


def marking(marks: Marks) -> Marking:
    """A row's key is the text of its parts, which may not be missing."""
    if not marks.key:
        return Marking({}, {}, (), None)
    template = "NULLIF(trim(CAST(:x AS VARCHAR)), '')"
    key = [sql(template, x=column(part.landed)) for part in marks.key]
    columns = {f"k{at}": part for at, part in enumerate(key)}
    problems = [
        (part.field.name, sql(REQUIRED, x=text_of, reason=text(Reason.REQUIRED.value)))
        for part, text_of in zip(marks.key, key, strict=True)
    ]
    if marks.removed is None:
        columns["_removed"] = exp.Boolean(this=False)
        return Marking({}, columns, tuple(problems), None)
    known = domain(marks.removed.field, marks.removed.field.name)
    gone = sql("coalesce(_gone, FALSE)")
    wrong = problem(marks.removed, column("_gone"), known, clamped=False)
    return Marking(
        parsed={"_gone": parsed(marks.removed, known)},
        columns={**columns, "_removed": gone},
        problems=(*problems, (marks.removed.field.name, wrong)),
        removed=gone,
    )


def _of(incoming: Incoming) -> Iterator[Reading]:
    field = incoming.field
    if field.published:
        generalise = field.tre.generalise
        own = _own(incoming)
        yield own if generalise is None else _generalised(own, incoming, generalise)
    for name, derivation in field.tre.derive.items():
        yield _made(name, incoming, derivation, f"derive.{name}")


def _own(incoming: Incoming) -> Reading:
    field = incoming.field
    known = domain(field, field.name)
    name = f"v{incoming.position}"
    value = column(name)
    clamped = field.tre.out_of_range is OutOfRange.CLAMP
    kept = _kept(value, known, clamped=clamped)
    shown = known if field.tre.generalise else published(field, field.name)
    coded = shown != known
    return Reading(
        name=field.name,
        domain=shown,
        parsed={name: parsed(incoming, known)},
        published=_stored(_coded(kept, incoming), shown),
        problem=problem(incoming, value, known, clamped=clamped),
        moved=_moved(value, shown) if clamped or coded else None,
    )


def _generalised(own: Reading, incoming: Incoming, derivation: Derivation) -> Reading:
    """The field's own value is checked, and another made of it published instead."""
    generalised = _made(own.name, incoming, derivation, "generalise")
    first = exp.func("coalesce", own.problem, generalised.problem, dialect="duckdb")
    return Reading(
        name=own.name,
        domain=generalised.domain,
        parsed={**own.parsed, **generalised.parsed},
        published=generalised.published,
        problem=first,
        moved=generalised.moved or own.moved,
    )


def _made(name: str, incoming: Incoming, derivation: Derivation, place: str) -> Reading:
    known = made(derivation, incoming.field, name)
    parsed_as = f"d{incoming.position}_{place}"
    found = making(derivation, incoming, parsed_as, place)
    clamped = derivation.out_of_range is OutOfRange.CLAMP
    return Reading(
        name=name,
        domain=known,
        parsed={parsed_as: found.parsed},
        published=_stored(_kept(found.value, known, clamped=clamped), known),
        problem=problem_of_derived(found.value, known, clamped=clamped),
        moved=_moved(found.value, known) if clamped else None,
    )


def _coded(value: Tree, incoming: Incoming) -> Tree:
    """The value at the top or bottom code where it is beyond that."""
    low, high = coded_ends(incoming.field, incoming.field.name)
    ends = ((low, exp.LT), (high, exp.GT))
    whens = [
        exp.If(this=beyond(this=value, expression=number(end)), true=number(end))
        for end, beyond in ends
        if end is not None
    ]
    return exp.Case(ifs=whens, default=value) if whens else value


def _stored(value: Tree, known: Domain) -> Tree:
    """The value in its column's own type; NULL where that cannot hold it."""
    kind = exp.DataType.build(storage(known), dialect="duckdb")
    return exp.TryCast(this=value, to=kind)


def _kept(value: Tree, known: Domain, *, clamped: bool) -> Tree:
    """The value, taken into its bounds or list where the manifest says so."""
    if not clamped or known.type is Type.TEXT:
        return value
    return _listed_or_null(value, known) if listed(known) else _clamped(value, known)


def _listed_or_null(value: Tree, known: Domain) -> Tree:
    inside = exp.In(this=value, expressions=[literal(v) for v in known.values or ()])
    return sql("CASE WHEN :inside THEN :v END", inside=inside, v=value)


def _clamped(value: Tree, known: Domain) -> Tree:
    """The nearest value inside the bounds; NULL stays NULL."""
    whens = []
    if known.lower is not None:
        low = literal(known.lower)
        whens.append(exp.If(this=exp.LT(this=value, expression=low), true=low))
    if known.upper is not None:
        high = literal(known.upper)
        whens.append(exp.If(this=exp.GT(this=value, expression=high), true=high))
    return exp.Case(ifs=whens, default=value) if whens else value


def _moved(value: Tree, known: Domain) -> Tree:
    """Whether clamping changes a value; FALSE for NULL."""
    if listed(known):
        inside = exp.In(
            this=value, expressions=[literal(v) for v in known.values or ()]
        )
        return sql("coalesce(NOT :inside, FALSE)", inside=inside)
    outside = [
        comparison(this=value, expression=literal(end))
        for comparison, end in ((exp.LT, known.lower), (exp.GT, known.upper))
        if end is not None
    ]
    met = exp.or_(*outside, copy=False) if outside else exp.Boolean(this=False)
    return sql("coalesce(:met, FALSE)", met=met)
