"""How a landed column is read as what the manifest says it is: pure SQL expressions.

None fails on any value: what cannot be read is NULL.
"""

from __future__ import annotations

from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Domain, Type
from tre.intake.incoming import Family, Incoming
from tre.intake.sql import Tree, cast, column, number, sql, text
from tre.manifest.domains import LARGEST
from tre.manifest.model import FieldType, TableField

NUMERAL: Final = r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*"
MOMENT: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z?"
)

WHOLE: Final = """
CASE
    WHEN CAST(TRY_CAST(:x AS BIGINT) AS VARCHAR) = :x THEN TRY_CAST(:x AS BIGINT)
    WHEN regexp_full_match(:x, :numeral)
        AND length(rtrim(regexp_extract(:x, :fraction, 1), '0')) - :exponent <= 9
        AND TRY_CAST(:x AS DECIMAL(38, 9)) % 1 = 0
        THEN TRY_CAST(TRY_CAST(:x AS DECIMAL(38, 9)) AS BIGINT)
END
"""

"""A whole number, however written: what has more decimals than the cast keeps is none.

The cast rounds, so that 0.0000000001 would be 0.
"""

FRACTION: Final = r"\.([0-9]*)"
EXPONENT: Final = """
CASE
    WHEN NOT contains(lower(:x), 'e') THEN 0
    ELSE TRY_CAST(regexp_extract(lower(:x), 'e([+-]?[0-9]+)', 1) AS BIGINT)
END
"""

FIXED: Final = """
CASE
    WHEN regexp_full_match(:x, :numeral) THEN TRY_CAST(:fixed * :unit AS BIGINT)
END
"""

SCALED: Final = "TRY_CAST(CAST(:x AS HUGEINT) * :unit AS BIGINT)"

FINITE: Final = "CASE WHEN isfinite(:moment) THEN :moment END"
"""The engine has two moments that are none: parts of `infinity` are NULL."""

PATTERNED: Final = """
CASE
    WHEN NOT regexp_matches(lower(:x), 'epoch|infinity')
        THEN TRY_STRPTIME(:x, :pattern)
END
"""
"""The engine reads its own special words under every pattern."""

ISO_DATE: Final = """
CASE
    WHEN length(:x) = 10 AND CAST(TRY_CAST(:x AS DATE) AS VARCHAR) = :x
        THEN TRY_CAST(:x AS DATE)
END
"""

ISO_MOMENT: Final = """
CASE
    WHEN regexp_full_match(:x, :moment) THEN TRY_CAST(:x AS TIMESTAMP)
END
"""

TRUTH: Final = "CASE WHEN :yes THEN TRUE WHEN :no THEN FALSE END"

SATURATED: Final = """
CASE
    WHEN :parsed IS NOT NULL THEN :parsed
    WHEN regexp_full_match(:x, :numeral)
        AND coalesce(abs(TRY_CAST(:x AS DOUBLE)), 1e300) >= :limit
        THEN CASE WHEN starts_with(ltrim(:x), '-') THEN :least ELSE :most END
END
"""
"""What is a number, but too large to hold, is beyond every bound there can be.

Its sign is the mantissa's, and not the exponent's.
"""


def parsed(incoming: Incoming, known: Domain) -> Tree:
    """The landed value as the domain's type; numbers as unscaled integers."""
    x = column(incoming.landed)
    match known.type:
        case Type.NUMBER:
            return numeral(incoming, known)
        case Type.TEXT:
            return cast(x, "VARCHAR")
        case Type.BOOLEAN:
            return _truth(incoming.field, incoming.family, x)
        case Type.DATE | Type.DATETIME:
            return moment(incoming)


def moment(incoming: Incoming) -> Tree:
    """A landed date or datetime as the engine's own; NULL where it is none.

    It is finite, so that each of its parts has a value.
    """
    return sql(FINITE, moment=_moment(incoming))


def _moment(incoming: Incoming) -> Tree:
    x = column(incoming.landed)
    kind = "DATE" if incoming.field.type is FieldType.DATE else "TIMESTAMP"
    if incoming.family in {Family.DATE, Family.DATETIME}:
        return exp.TryCast(this=x, to=exp.DataType.build(kind, dialect="duckdb"))
    words = cast(x, "VARCHAR")
    if incoming.field.format != "default":
        pattern = text(incoming.field.format)
        return cast(sql(PATTERNED, x=words, pattern=pattern), kind)
    if kind == "DATE":
        return sql(ISO_DATE, x=words)
    return sql(ISO_MOMENT, x=words, moment=text(MOMENT))


def numeral(incoming: Incoming, known: Domain) -> Tree:
    """The landed number, unscaled; beyond every bound where it is too large."""
    landed = column(incoming.landed)
    if incoming.family is Family.INTEGER:
        return sql(SCALED, x=landed, unit=cast(number(10**known.scale), "HUGEINT"))
    x = cast(landed, "VARCHAR")
    limit = exp.Literal.number(f"{10.0 ** (18 - known.scale):e}")
    whole = incoming.field.type is FieldType.INTEGER
    return sql(
        SATURATED,
        x=x,
        parsed=_whole(x) if whole else _fixed(x, known),
        numeral=text(NUMERAL),
        limit=limit,
        least=number(-LARGEST - 1),
        most=number(LARGEST + 1),
    )


def _whole(x: Tree) -> Tree:
    """The text of a whole number, as one; NULL where it has a fraction."""
    return sql(
        WHOLE,
        x=x,
        numeral=text(NUMERAL),
        fraction=text(FRACTION),
        exponent=sql(EXPONENT, x=x),
    )


def _fixed(x: Tree, known: Domain) -> Tree:
    """Decimal text as an unscaled integer, halves rounded away from zero."""
    parsed = exp.TryCast(this=x, to=exp.DataType.build(f"DECIMAL(18, {known.scale})"))
    return sql(
        FIXED,
        x=x,
        numeral=text(NUMERAL),
        fixed=cast(parsed, f"DECIMAL(38, {known.scale})"),
        unit=cast(number(10**known.scale), "DECIMAL(38, 0)"),
    )


def _truth(field: TableField, family: Family, x: Tree) -> Tree:
    if family is Family.BOOLEAN:
        return x
    x = cast(x, "VARCHAR")
    yes = exp.In(this=x, expressions=[text(value) for value in field.true_values])
    no = exp.In(this=x, expressions=[text(value) for value in field.false_values])
    return sql(TRUTH, yes=yes, no=no)
