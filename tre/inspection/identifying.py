"""Identifiers and free text in columns that would be published as something else.

Texts are looked at by shape, and national numbers by their check digit, in a random
sample of rows; what is found is counted and never quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Column, Type
from tre.inspection.landed import RECEIVED, Landed
from tre.inspection.report import Finding, Level
from tre.intake.identity import valid
from tre.intake.incoming import Incoming
from tre.intake.sql import Tree, cast, column, named, number, select, sql, text
from tre.manifest import Kind

SAMPLE_ROWS: Final = 200_000

WHOLE: Final = 0.25
"""The share of a column's values from which on it is a column of identifiers."""

LONG: Final = 60
WORDS: Final = 6
"""Characters and words, on average, from which on a text is somebody's own words."""

DISTINCT: Final = 0.95
ENOUGH: Final = 50
"""Values that differ to this share, of so many, are record numbers or the like."""

EMAIL: Final = r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"
PHONE: Final = r"\s*(\+|00|0)[0-9][0-9 ().-]{8,16}\s*"
POSTCODE: Final = r"\s*[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}\s*"
NINO: Final = (
    r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"
)
TEN_DIGITS: Final = r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}"

SHAPES: Final[Mapping[Kind, str]] = {
    Kind.EMAIL: EMAIL,
    Kind.PHONE: PHONE,
    Kind.POSTCODE: POSTCODE,
    Kind.NATIONAL_INSURANCE_NUMBER: rf"\s*{NINO}\s*",
}
"""What a value is that is nothing else."""

WITHIN: Final[Mapping[Kind, str]] = {
    Kind.EMAIL: EMAIL,
    Kind.NATIONAL_INSURANCE_NUMBER: rf"\b{NINO}\b",
    Kind.NHS_NUMBER: rf"\b{TEN_DIGITS}\b",
    Kind.POSTCODE: r"\b[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}\b",
}
"""What stands out within a longer text."""

NAMES: Final[Mapping[str, Kind]] = {
    r"(fore|first|given)_?names?": Kind.FORENAME,
    r"(sur|last|family)_?names?": Kind.SURNAME,
    r"(full_?|person_?|patient_?)?name": Kind.FULL_NAME,
    r"(date_?of_?birth|birth_?(date(_?time)?|day)|dob)": Kind.DATE_OF_BIRTH,
    r"nhs(_?(no|number))?": Kind.NHS_NUMBER,
    r"(nino|national_?insurance.*)": Kind.NATIONAL_INSURANCE_NUMBER,
    r"(e_?mail).*": Kind.EMAIL,
    r"(tele)?phone.*|mobile.*": Kind.PHONE,
    r"post_?code|zip(_?code)?": Kind.POSTCODE,
    r"(home_?|street_?)?address.*": Kind.ADDRESS,
}
"""Names that columns of identifiers have."""

DAY_OF_BIRTH: Final = r"(day_?of_?birth|birth_?day_?of_?month|dob_?day)"
"""With its month and year beside it, a date of birth in three columns."""

COARSER: Final[Mapping[Kind, str]] = {
    Kind.POSTCODE: ", derive: {outward: {from: outward-postcode}}",
    Kind.DATE_OF_BIRTH: ", derive: {born: {from: year, minimum: …, maximum: …}}",
}
"""What may be published of an identifier that itself is not."""

SAID: Final[Mapping[Kind, str]] = {
    Kind.EMAIL: "e-mail addresses",
    Kind.PHONE: "telephone numbers",
    Kind.POSTCODE: "whole postcodes",
    Kind.NATIONAL_INSURANCE_NUMBER: "National Insurance numbers",
    Kind.NHS_NUMBER: "NHS numbers (their check digit is right)",
}

WORDS_OF: Final = """
coalesce(avg(1 + length(trim(:x)) - length(replace(trim(:x), ' ', ''))), 0)
"""
PLAIN: Final = "regexp_replace(lower(:x), '[^a-z0-9]', '', 'g')"


@dataclass(frozen=True, slots=True)
class Shape:
    """How many of a column's values have which shape, in the sample."""

    present: int
    distinct: int
    length: float
    words: float
    whole: Mapping[Kind, int]
    within: Mapping[Kind, int]


def identifying(landed: Landed) -> tuple[Finding, ...]:
    """What looks like an identifier or free text and is not declared as such."""
    return tuple(
        finding
        for known in landed.columns
        if (incoming := landed.incoming(known.name)) is not None
        if incoming.field.tre.generalise is None
        for finding in _of(landed, known, incoming)
    )


def looking_like(findings: tuple[Finding, ...]) -> frozenset[str]:
    """The columns of which no value is to be shown."""
    hiding = {
        "undeclared_identifier",
        "identifier_within",
        "free_text",
        "record_number",
    }
    return frozenset(one.column for one in findings if one.rule in hiding)


def _of(landed: Landed, known: Column, incoming: Incoming) -> Iterator[Finding]:
    listed = known.domain.values is not None
    textual = known.domain.type is Type.TEXT
    if not listed and known.domain.type in {Type.TEXT, Type.NUMBER}:
        shape = _shape(landed, incoming)
        found = list(_found(landed.name, known, shape, textual=textual))
        yield from found
        if found:
            return
    yield from _named(landed.name, known)


def _found(
    table: str, known: Column, shape: Shape, *, textual: bool
) -> Iterator[Finding]:
    whole = max(shape.whole, key=lambda kind: shape.whole[kind])
    if shape.present and shape.whole[whole] >= WHOLE * shape.present:
        yield _identifier(table, known.name, whole, shape)
        return
    if textual:
        yield from _texts(table, known.name, shape)
    if _numbered(known, shape):
        yield Finding(
            Level.WARNING,
            "record_number",
            table,
            known.name,
            "almost every row has a value of its own: it may number records or people, "
            "and nothing can be counted by it",
            change=f"- {{name: {known.name}, tre: {{drop: true}}}}",
        )


def _texts(table: str, name: str, shape: Shape) -> Iterator[Finding]:
    if shape.length >= LONG or shape.words >= WORDS:
        yield Finding(
            Level.SERIOUS,
            "free_text",
            table,
            name,
            f"looks like free text: {shape.length:.0f} characters and "
            f"{shape.words:.0f} words a value; people are named in such texts",
            change=f"- {{name: {name}, tre: {{role: free-text}}}}",
        )
    for kind, rows in shape.within.items():
        if rows:
            yield Finding(
                Level.SERIOUS,
                "identifier_within",
                table,
                name,
                f"holds what look like {SAID[kind]} within other text, in {rows:,} of "
                f"{shape.present:,} values looked at",
                rows,
                f"- {{name: {name}, tre: {{role: free-text}}}}",
            )


def _identifier(table: str, name: str, kind: Kind, shape: Shape) -> Finding:
    rows = shape.whole[kind]
    return Finding(
        Level.SERIOUS,
        "undeclared_identifier",
        table,
        name,
        f"looks like {SAID[kind]} in {rows:,} of {shape.present:,} values looked at, "
        "and is not declared as an identifier",
        rows,
        _declared(name, kind),
    )


def _declared(name: str, kind: Kind) -> str:
    """The field as it should be."""
    coarser = COARSER.get(kind, "")
    return f"- {{name: {name}, tre: {{role: identifier, kind: {kind.value}{coarser}}}}}"


def _named(table: str, known: Column) -> Iterator[Finding]:
    name = known.name.replace(" ", "_")
    changes = {
        f"a name that says {kind.value}": _declared(known.name, kind)
        for pattern, kind in NAMES.items()
        if re.fullmatch(pattern, name, re.IGNORECASE)
    }
    if re.fullmatch(DAY_OF_BIRTH, name, re.IGNORECASE):
        words = "the day of a birth, which with its month and year says who it is"
        changes[words] = f"- {{name: {known.name}, tre: {{drop: true}}}}"
    for words, change in changes.items():
        yield Finding(
            Level.WARNING,
            "named_like_an_identifier",
            table,
            known.name,
            f"has {words}, and would be published",
            change=change,
        )


def _numbered(known: Column, shape: Shape) -> bool:
    if known.domain.scale or shape.present < ENOUGH:
        return False
    return shape.distinct >= DISTINCT * shape.present


def _shape(landed: Landed, incoming: Incoming) -> Shape:
    x = exp.column("x")
    plain = sql(PLAIN, x=x)
    whole = {kind: _is(x, pattern) for kind, pattern in SHAPES.items()}
    whole[Kind.NHS_NUMBER] = valid(Kind.NHS_NUMBER, plain)
    within = {kind: _holds(x, pattern) for kind, pattern in WITHIN.items()}
    digits = sql("regexp_extract(:x, :ten)", x=x, ten=text(WITHIN[Kind.NHS_NUMBER]))
    bare = sql("regexp_replace(:x, '[^0-9]', '', 'g')", x=digits)
    within[Kind.NHS_NUMBER] = valid(Kind.NHS_NUMBER, bare)
    trees = [
        sql("count(:x)", x=x),
        sql("count(DISTINCT :x)", x=x),
        sql("coalesce(avg(length(:x)), 0)", x=x),
        sql(WORDS_OF, x=x),
        *(
            sql("count_if(:met)", met=met)
            for met in (*whole.values(), *within.values())
        ),
    ]
    ((present, distinct, length, words, *counted),) = landed.engine.run(
        select(trees, _sample(landed, incoming))
    )
    first = dict(zip(whole, counted, strict=False))
    second = dict(zip(within, counted[len(whole) :], strict=True))
    return Shape(present, distinct, length, words, first, second)


def _sample(landed: Landed, incoming: Incoming) -> exp.Select:
    """A random sample of the values: each row's secret number decides."""
    share = min(1.0, SAMPLE_ROWS / max(landed.rows, 1))
    limit = number(int(share * (2**64 - 1)))
    value = named(cast(column(incoming.landed), "VARCHAR"), "x")
    rows = select([value], RECEIVED)
    return rows.where(sql("_order <= :limit", limit=limit))


def _is(x: Tree, pattern: str) -> Tree:
    return sql("coalesce(regexp_full_match(:x, :p), FALSE)", x=x, p=text(pattern))


def _holds(x: Tree, pattern: str) -> Tree:
    return sql("coalesce(regexp_matches(:x, :p), FALSE)", x=x, p=text(pattern))
