"""The closed language of row expressions that questions are bound to.

What cannot be written here cannot reach an engine. Every function is total: no
row can make it fail. Each node carries its `domain`, computed when it is bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from privacy.catalogue import Domain, Value


class Function(Enum):
    """Every function a row expression may call. `privacy.semantics` says what each is.

    Arithmetic is exact on fixed-point integers; operands are brought to the
    result's scale by whoever evaluates, and those of a comparison to the finer of
    their two. DIVIDE and MODULO by zero are NULL, and DIVIDE truncates toward zero
    at the scale of its domain. AND, OR and IN take any number of arguments; IN of
    no candidates is FALSE. All but the logical ones, COALESCE and IS_NULL are NULL
    where any argument is.
    """

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    MODULO = "%"
    NEGATE = "negate"
    ABS = "abs"
    FLOOR = "floor"
    CEIL = "ceil"
    ROUND = "round"
    LEAST = "least"
    GREATEST = "greatest"
    CLAMP = "clamp"
    EQUAL = "="
    UNEQUAL = "<>"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    AND = "and"
    OR = "or"
    NOT = "not"
    IS_NULL = "is null"
    IN = "in"
    LIKE = "like"
    ILIKE = "ilike"
    COALESCE = "coalesce"
    NULLIF = "nullif"
    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    DAY = "day"
    DAY_OF_WEEK = "isodow"
    HOUR = "hour"
    WIDTH_BUCKET = "width_bucket"


@dataclass(frozen=True, slots=True)
class ColumnOf:
    """A column of the relation asked: `table` is the name it goes by there.

    `sensitive` is as in the catalogue, or of what the column was computed from.
    """

    table: str
    name: str
    domain: Domain
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant of the question; None is NULL."""

    value: Value | None
    domain: Domain


@dataclass(frozen=True, slots=True)
class Call:
    """A function of other expressions."""

    function: Function
    arguments: tuple[Expression, ...]
    domain: Domain


@dataclass(frozen=True, slots=True)
class Case:
    """CASE WHEN condition THEN value … ELSE default END; no default is NULL."""

    branches: tuple[tuple[Expression, Expression], ...]
    default: Expression | None
    domain: Domain


Expression: TypeAlias = ColumnOf | Literal | Call | Case


def is_sensitive(expression: Expression) -> bool:
    """Whether any column in an expression is sensitive."""
    match expression:
        case ColumnOf(sensitive=sensitive):
            return sensitive
        case Literal():
            return False
        case Call(arguments=arguments):
            return any(map(is_sensitive, arguments))
        case Case(branches=branches, default=default):
            parts = [each for branch in branches for each in branch]
            return any(map(is_sensitive, [*parts, *([default] if default else [])]))
