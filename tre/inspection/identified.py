"""How complete and valid the identifiers are. No value is read out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import sqlglot.expressions as exp

from tre.inspection.landed import RECEIVED, Landed
from tre.inspection.report import Finding, IdentifierProfile, Level
from tre.intake.identity import identity, valid
from tre.intake.incoming import Incoming
from tre.intake.sql import Tree, cast, column, literal, named, select, sql, text
from tre.manifest import Kind, Role

OLDEST_YEARS: Final = 120

MUCH: Final = 0.1
"""The share of values that are wrong from which on it is the column that is."""

FORMAT: Final = '- {{name: {name}, format: "%d/%m/%Y"}}   # as its dates are written'

BIRTHS: Final = """
SELECT
    count(*), count(x), count(DISTINCT x),
    count_if(x IS NOT NULL AND (
        TRY_CAST(x AS DATE) IS NULL OR TRY_CAST(x AS DATE) > :today
        OR TRY_CAST(x AS DATE) < :earliest
    ))
FROM :rows
"""
NUMBERS: Final = """
SELECT count(*), count(x), count(DISTINCT x), count_if(x IS NOT NULL AND NOT :valid)
FROM :rows
"""
KNOWN: Final = "CASE WHEN NOT :absent THEN :x END"

TESTED: Final = frozenset({Kind.NHS_NUMBER, Kind.NATIONAL_INSURANCE_NUMBER})


def identifiers(landed: Landed, today: date) -> tuple[IdentifierProfile, ...]:
    """How complete and valid each identifier is that is read."""
    return tuple(
        _identifier(landed, one, today)
        for one in landed.fields
        if one.field.tre.role is Role.IDENTIFIER
    )


def _identifier(landed: Landed, incoming: Incoming, today: date) -> IdentifierProfile:
    kind = incoming.field.tre.kind or Kind.OTHER
    rows = select([named(_known(landed, incoming), "x")], RECEIVED).subquery("r")
    if kind is Kind.DATE_OF_BIRTH:
        earliest = literal(date(today.year - OLDEST_YEARS, 1, 1))
        statement = sql(BIRTHS, rows=rows, today=literal(today), earliest=earliest)
    else:
        right: Tree = exp.Boolean(this=True)
        if kind in TESTED:
            right = valid(kind, exp.column("x"))
        statement = sql(NUMBERS, rows=rows, valid=right)
    ((every, present, distinct, wrong),) = landed.engine.run(statement)
    return IdentifierProfile(
        incoming.field.name, kind.value, every, every - present, distinct, wrong
    )


def _known(landed: Landed, incoming: Incoming) -> Tree:
    """The identifier in its compared form; NULL for what stands for a missing one."""
    missing = [text(word) for word in landed.resource.table_schema.missing_values]
    x = cast(column(incoming.landed), "VARCHAR")
    absent = exp.In(this=x, expressions=missing or [text("")])
    return sql(KNOWN, absent=absent, x=identity(incoming))


def judged_identifiers(
    table: str, found: Sequence[IdentifierProfile]
) -> Iterator[Finding]:
    """Identifiers that cannot be right."""
    for one in found:
        if one.wrong:
            present = one.rows - one.missing
            rule = f"one that can be issued as {one.kind}"
            change = ""
            if one.kind == Kind.DATE_OF_BIRTH.value:
                rule = "a date that somebody now living can have been born on"
                change = FORMAT.format(name=one.name)
            yield Finding(
                Level.SERIOUS if one.wrong > MUCH * present else Level.WARNING,
                "wrong_identifier",
                table,
                one.name,
                f"{one.wrong:,} of {present:,} values are not {rule}: they link by "
                "nothing but being equal",
                one.wrong,
                change if one.wrong > MUCH * present else "",
            )
