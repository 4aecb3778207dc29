"""How a column is made of another's values: pure SQL expressions.

None fails on any value. What has no place among a list of labels becomes the empty
text, which no list holds: it is out of range, and not missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Domain
from tre.intake.incoming import Incoming
from tre.intake.parsing import moment, numeral
from tre.intake.sql import (
    Tree,
    cast,
    column,
    literal,
    number,
    relation,
    sql,
    text,
)
from tre.manifest.domains import domain
from tre.manifest.made import age_labels, band_ends, band_labels, step_size
from tre.manifest.model import FieldType, TableField
from tre.manifest.transform import (
    AgeBand,
    Bands,
    Codes,
    DatePart,
    Derivation,
    Form,
    Lookup,
    OutwardPostcode,
    Step,
)

COMPACT: Final = "NULLIF(regexp_replace(upper(:x), '[^0-9A-Z]', '', 'g'), '')"
POSTCODE: Final = r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}"
OUTWARD_ONLY: Final = r"[A-Z]{1,2}[0-9][A-Z0-9]?"

OUTWARD: Final = """
CASE
    WHEN regexp_full_match(:x, :whole) THEN left(:x, length(:x) - 3)
    WHEN regexp_full_match(:x, :part) THEN :x
END
"""

AGE: Final = """
CASE WHEN :born > :at THEN -1 ELSE date_sub('year', :born, :at) END
"""

MULTIPLE: Final = "(:x - ((:x % :size) + :size) % :size)"

FOUND: Final = """
CASE
    WHEN :key IS NOT NULL
        THEN coalesce(
            (SELECT any_value(r.value) FROM :table AS r WHERE r.key = :key), ''
        )
END
"""


@dataclass(frozen=True, slots=True)
class Made:
    """`parsed` is over the landed columns; `value` over the column it is read as."""

    parsed: Tree
    value: Tree


def making(
    derivation: Derivation, incoming: Incoming, parsed_as: str, place: str
) -> Made:
    """What `derivation` makes of a landed column, read as `parsed_as`.

    `place` tells a lookup's table from others: see `reference`.
    """
    x, value = column(incoming.landed), column(parsed_as)
    match derivation:
        case DatePart():
            name = exp.var(derivation.from_.value.upper())
            part = exp.Extract(this=name, expression=moment(incoming))
            return Made(cast(part, "BIGINT"), value)
        case AgeBand():
            labels = age_labels(derivation, "")
            return Made(
                _age(incoming, derivation), banded(value, derivation.bands, labels)
            )
        case Bands():
            ends = band_ends(derivation, incoming.field, "")
            labels = band_labels(derivation, incoming.field, "")
            told = _unread(x, value, banded(value, ends, labels))
            return Made(numeral(incoming, _numbers(incoming)), told)
        case Step():
            size = number(step_size(derivation, incoming.field, ""))
            multiple = sql(MULTIPLE, x=value, size=size)
            return Made(numeral(incoming, _numbers(incoming)), multiple)
        case _:
            return _named(derivation, incoming, parsed_as, place)


def lookups(field: TableField) -> Iterator[tuple[str, Lookup]]:
    """The tables that a field is looked up in, each with its `place` in the field."""
    extension = field.tre
    if isinstance(extension.generalise, Lookup):
        yield "generalise", extension.generalise
    for name, derivation in extension.derive.items():
        if isinstance(derivation, Lookup):
            yield f"derive.{name}", derivation


def reference(incoming: Incoming, place: str) -> exp.Table:
    """Where in landing the table of a lookup is, as `key` and `value`."""
    return relation("landing", f"reference {incoming.position} {place}")


def looked_up(form: Form, x: Tree) -> Tree:
    """A text in the form that keys are compared in; NULL where it has none."""
    if form is Form.VALUE:
        return sql("NULLIF(trim(:x), '')", x=x)
    compact = sql(COMPACT, x=x)
    return compact if form is Form.POSTCODE else outward(compact)


def outward(compact: Tree) -> Tree:
    """The first half of a postcode without blanks; NULL where it is none."""
    return sql(OUTWARD, x=compact, whole=text(POSTCODE), part=text(OUTWARD_ONLY))


def banded(value: Tree, ends: Sequence[int], labels: Sequence[str]) -> Tree:
    """The label of the band that a number is in; empty below the first."""
    missing = exp.If(this=exp.Is(this=value, expression=exp.Null()), true=exp.Null())
    pairs = reversed(list(zip(ends, labels, strict=True)))
    whens = [
        exp.If(this=exp.GTE(this=value, expression=number(end)), true=text(label))
        for end, label in pairs
    ]
    return exp.Case(ifs=[missing, *whens], default=text(""))


def _named(
    derivation: OutwardPostcode | Codes | Lookup,
    incoming: Incoming,
    parsed_as: str,
    place: str,
) -> Made:
    x, value = column(incoming.landed), column(parsed_as)
    words = cast(x, "VARCHAR")
    match derivation:
        case OutwardPostcode():
            return Made(outward(sql(COMPACT, x=words)), value)
        case Codes():
            return Made(_code(incoming), _unread(x, value, _label(value, derivation)))
        case Lookup():
            key = looked_up(derivation.form, words)
            table = reference(incoming, place)
            return Made(sql(FOUND, key=key, table=table), value)


def _age(incoming: Incoming, derivation: AgeBand) -> Tree:
    born = cast(moment(incoming), "DATE")
    return cast(sql(AGE, born=born, at=literal(derivation.at)), "BIGINT")


def _numbers(incoming: Incoming) -> Domain:
    return domain(incoming.field, incoming.field.name)


def _code(incoming: Incoming) -> Tree:
    """The landed code as the text that a code list has."""
    if incoming.field.type is FieldType.INTEGER:
        return cast(numeral(incoming, _numbers(incoming)), "VARCHAR")
    return sql("NULLIF(trim(:x), '')", x=cast(column(incoming.landed), "VARCHAR"))


def _label(value: Tree, derivation: Codes) -> Tree:
    whens = [
        exp.If(
            this=exp.EQ(this=value, expression=text(code)),
            true=exp.Null() if label is None else text(label),
        )
        for code, label in derivation.codes.items()
    ]
    return exp.Case(ifs=whens, default=text(""))


def _unread(x: Tree, value: Tree, label: Tree) -> Tree:
    """What could not be read is out of range; what was not there is missing."""
    template = """
    CASE WHEN :x IS NULL THEN NULL WHEN :value IS NULL THEN '' ELSE :label END
    """
    return sql(template, x=x, value=value, label=label)
