"""What is wrong with a value that may not be published: pure SQL expressions.

Each gives NULL for a value that may be published, and else the name of a `Reason`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Domain, Type, Value
from tre.intake.incoming import Family, Incoming
from tre.intake.publication import Reason
from tre.intake.sql import Tree, cast, column, every, literal, sql, text
from tre.manifest.domains import LARGEST

NOT_FINITE: Final = r"\s*[+-]?(nan|inf|infinity)\s*"

FURTHEST: Final[Mapping[Type, tuple[Value, Value]]] = {
    Type.NUMBER: (-LARGEST, LARGEST),
    Type.DATE: (date.min, date.max),
    Type.DATETIME: (datetime.min, datetime.max),  # noqa: DTZ901 - without a zone
}
"""Beyond these nothing is published, whatever the manifest leaves open."""

PROBLEM: Final = """
CASE
    WHEN :fine THEN NULL
    WHEN :x IS NULL THEN :required
    WHEN :value IS NOT NULL THEN :range
    WHEN :infinite THEN :not_finite
    ELSE :type
END
"""

DERIVED: Final = """
CASE WHEN :fine THEN NULL WHEN :value IS NULL THEN :type ELSE :range END
"""


def problem(incoming: Incoming, value: Tree, known: Domain, *, clamped: bool) -> Tree:
    """What is wrong with a landed column that reads as `value`."""
    x = column(incoming.landed)
    return sql(
        PROBLEM,
        x=x,
        value=value,
        fine=_fine(x, value, known, clamped=clamped),
        infinite=_not_finite(incoming, known),
        **_reasons(),
    )


def problem_of_derived(value: Tree, known: Domain, *, clamped: bool) -> Tree:
    """What is wrong with a derived column, NULL where its parent could not be read."""
    fine = _fine(value, value, known, clamped=clamped)
    return sql(DERIVED, fine=fine, value=value, **_reasons())


def _fine(x: Tree, value: Tree, known: Domain, *, clamped: bool) -> Tree:
    """Whether a value may be published: NULL only where the field may be missing."""
    inside = _inside(value, known, clamped=clamped)
    fine = sql(":value IS NOT NULL AND :inside", value=value, inside=inside)
    if not known.nullable:
        return fine
    if clamped and known.type is not Type.BOOLEAN and listed(known):
        return sql(":x IS NULL OR :value IS NOT NULL", x=x, value=value)
    return sql(":x IS NULL OR (:fine)", x=x, fine=fine)


def listed(known: Domain) -> bool:
    """Whether values outside the domain have no nearest one inside."""
    return known.values is not None and (known.type is Type.TEXT or _gaps(known))


def _inside(value: Tree, known: Domain, *, clamped: bool) -> Tree:
    if known.type is Type.BOOLEAN:
        return exp.Boolean(this=True)
    if known.values is not None and listed(known):
        choices = [literal(choice) for choice in known.values]
        return exp.In(this=value, expressions=choices)
    least, most = FURTHEST.get(known.type, (None, None))
    lower = least if known.lower is None else known.lower
    upper = most if known.upper is None else known.upper
    conditions: list[Tree] = []
    if lower is not None and not (clamped and known.lower is not None):
        conditions.append(exp.GTE(this=value, expression=literal(lower)))
    if upper is not None and not (clamped and known.upper is not None):
        conditions.append(exp.LTE(this=value, expression=literal(upper)))
    return every(conditions)


def _not_finite(incoming: Incoming, known: Domain) -> Tree:
    if incoming.family in {Family.DATE, Family.DATETIME}:
        return sql("NOT isfinite(:x)", x=column(incoming.landed))
    if known.type is not Type.NUMBER:
        return exp.Boolean(this=False)
    x = cast(column(incoming.landed), "VARCHAR")
    pattern = text(NOT_FINITE)
    return sql("regexp_full_match(lower(:x), :pattern)", x=x, pattern=pattern)


def _reasons() -> dict[str, Tree]:
    return {
        name: text(Reason(name).value)
        for name in ("required", "type", "range", "not_finite")
    }


def _gaps(known: Domain) -> bool:
    """Whether the list leaves out whole numbers between its ends: a declared list."""
    values = known.values or ()
    ends = known.lower, known.upper
    if not isinstance(ends[0], int) or not isinstance(ends[1], int):
        return True
    return len(values) != ends[1] - ends[0] + 1
