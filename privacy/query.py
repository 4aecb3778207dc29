"""The frozen types a question passes through before it is planned."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Final, TypeAlias

import sqlglot.expressions as exp

from privacy.catalogue import Domain
from privacy.expression import Expression
from privacy.relation import Relation


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT statement, parsed, of a shape the language has. Not yet bound."""

    text: str
    tree: exp.Select = field(repr=False)


class Statistic(Enum):
    """What an aggregate computes over the rows of a cell."""

    ROWS = "COUNT(*)"
    PRESENT = "COUNT(x)"
    PEOPLE = "COUNT(DISTINCT person_id)"
    DISTINCT = "COUNT(DISTINCT x)"
    SUM = "SUM"
    MEAN = "AVG"
    VAR_POP = "VAR_POP"
    VAR_SAMP = "VAR_SAMP"
    STDDEV_POP = "STDDEV_POP"
    STDDEV_SAMP = "STDDEV_SAMP"
    COVAR_POP = "COVAR_POP"
    COVAR_SAMP = "COVAR_SAMP"
    CORR = "CORR"
    REGR_SLOPE = "REGR_SLOPE"
    REGR_INTERCEPT = "REGR_INTERCEPT"
    QUANTILE_CONT = "QUANTILE_CONT"
    QUANTILE_DISC = "QUANTILE_DISC"
    MIN = "MIN"
    MAX = "MAX"


ORDERS: Final = frozenset(
    (
        *(Statistic.QUANTILE_CONT, Statistic.QUANTILE_DISC),
        *(Statistic.MIN, Statistic.MAX),
    )
)
"""Statistics that are one of the values, by their order."""

COUNTS: Final = frozenset(
    (
        *(Statistic.ROWS, Statistic.PRESENT),
        *(Statistic.PEOPLE, Statistic.DISTINCT),
    )
)
"""Statistics that count rows, people or values."""

SPREADS: Final = (
    frozenset(Statistic) - ORDERS - COUNTS - frozenset((Statistic.SUM, Statistic.MEAN))
)
"""Statistics that are computed from second moments."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One statistic asked of each cell, over the rows where `argument` is not NULL.

    `argument` is None for ROWS, and for PEOPLE where all rows are meant. `other` is
    the second argument of COVAR, CORR and REGR, which are over pairs: rows where
    both are present. REGR's argument is the dependent variable. `at` is the share of
    rows at or below a quantile, strictly between 0 and 1; None for others.
    """

    statistic: Statistic
    argument: Expression | None = None
    other: Expression | None = None
    at: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """One GROUP BY expression; its domain has `values`, and NULL where nullable."""

    expression: Expression

    @property
    def domain(self) -> Domain:
        """The public values this key may take."""
        return self.expression.domain


@dataclass(frozen=True, slots=True)
class KeyRef:
    """The value of the key at this position."""

    position: int


@dataclass(frozen=True, slots=True)
class GroupingRef:
    """GROUPING(…): a bit for each key at these positions, the last one lowest.

    A bit is 1 in rows whose grouping set leaves the key out, where it is NULL.
    """

    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AggregateRef:
    """The released value of the aggregate at this position."""

    position: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, text, boolean or date of the question, or None for NULL.

    Numbers are exact fractions here: after noise nothing is fixed-point.
    """

    value: Fraction | str | bool | object | None


class Operator(Enum):
    """What may be done to released values."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    NEGATE = "negate"
    ROUND = "round"
    NULLIF = "nullif"
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


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator applied to released values."""

    operator: Operator
    arguments: tuple[Post, ...]


Post: TypeAlias = KeyRef | GroupingRef | AggregateRef | Constant | Operation
"""An expression over keys and released aggregates: post-processing only."""


@dataclass(frozen=True, slots=True)
class Output:
    """One column of the release: its name, and what it is computed from."""

    name: str
    value: Post


@dataclass(frozen=True, slots=True)
class Ordering:
    """One ORDER BY term over released values. NULLs come last either way."""

    value: Post
    descending: bool


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """A question over named public facts only; every name and type is settled.

    `aggregates` are distinct and include those only HAVING or ORDER BY use.
    Cells are the product of the keys' domains in key order (last key fastest),
    each domain in public order with NULL last where nullable; no keys, one cell.
    With grouping `sets`, each the positions of its keys in order, cells are those of
    one set after another; a key that a set leaves out is NULL in it.
    """

    text: str
    relation: Relation
    where: Expression | None
    keys: tuple[Key, ...]
    aggregates: tuple[Aggregate, ...]
    outputs: tuple[Output, ...]
    having: Post | None
    ordering: tuple[Ordering, ...]
    limit: int | None
    offset: int
    sets: tuple[tuple[int, ...], ...] = ()
