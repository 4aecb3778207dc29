"""Bound questions written by hand, and the chain from plan to release."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacy.accounting import ATTO, NANO, Measure
from privacy.arrange import arrange
from privacy.bound import bound
from privacy.catalogue import Column, Domain, Table, Type, Unit
from privacy.derive import derive
from privacy.disclosure import disclosure
from privacy.expression import ColumnOf, Expression
from privacy.noise import noise
from privacy.plan import Plan, plan
from privacy.policy import GATEWAY, NONE, Policy
from privacy.price import Price, price
from privacy.query import (
    Aggregate,
    AggregateRef,
    BoundQuery,
    Constant,
    Key,
    KeyRef,
    Operation,
    Operator,
    Ordering,
    Output,
    Post,
    Statistic,
)
from privacy.relation import TableOf
from privacy.spending import Allowance, Intent, Spending
from privacy.table import ExactTable, NoisedTable, ReleasedTable

ROWS = Aggregate(Statistic.ROWS)
PEOPLE = Aggregate(Statistic.PEOPLE)

ZCDP = Allowance(Measure.ZCDP, 10 * NANO, ATTO // 2_000_000)
PURE = Allowance(Measure.PURE, 10 * NANO, 0)


def number(
    lower: int, upper: int, *, scale: int = 0, nullable: bool = False, name: str = "pay"
) -> ColumnOf:
    """A bounded numeric column of the table asked."""
    return ColumnOf("", name, Domain(Type.NUMBER, scale, lower, upper, nullable))


def text_key(*values: str, nullable: bool = False) -> Key:
    """A key with these public values."""
    domain = Domain(Type.TEXT, nullable=nullable, values=values)
    return Key(ColumnOf("", "region", domain))


def regions(count: int) -> Key:
    """A key of so many public values in order."""
    return text_key(*(f"r{position:06}" for position in range(count)))


def sum_of(argument: Expression) -> Aggregate:
    """SUM of an expression."""
    return Aggregate(Statistic.SUM, argument)


def mean_of(argument: Expression) -> Aggregate:
    """AVG of an expression."""
    return Aggregate(Statistic.MEAN, argument)


def present(argument: Expression) -> Aggregate:
    """COUNT of an expression."""
    return Aggregate(Statistic.PRESENT, argument)


def operation(operator: Operator, *arguments: Post | int | str) -> Operation:
    """An operator over posts; plain numbers and texts are constants."""
    return Operation(operator, tuple(_post(each) for each in arguments))


def _post(value: Post | int | str) -> Post:
    match value:
        case int():
            return Constant(Fraction(value))
        case str():
            return Constant(value)
        case _:
            return value


def question(  # noqa: PLR0913 (a question has so many parts)
    *aggregates: Aggregate,
    keys: tuple[Key, ...] = (),
    outputs: tuple[Post, ...] | None = None,
    rows_per_person: int = 1,
    unit: Unit = Unit.PERSON,
    having: Post | None = None,
    ordering: tuple[Ordering, ...] = (),
    limit: int | None = None,
    offset: int = 0,
) -> BoundQuery:
    """A bound question; by default its outputs are its keys k0… and aggregates a0…."""
    columns = (Column("region", Domain(Type.TEXT)), Column("pay", Domain(Type.NUMBER)))
    granted = frozenset(("region", "pay"))
    table = Table("t", "d", unit, rows_per_person, columns, granted)
    asked = (
        tuple(Output(f"o{p}", value) for p, value in enumerate(outputs))
        if outputs is not None
        else (
            *(Output(f"k{p}", KeyRef(p)) for p in range(len(keys))),
            *(Output(f"a{p}", AggregateRef(p)) for p in range(len(aggregates))),
        )
    )
    return BoundQuery(
        "…",
        TableOf("", table),
        None,
        keys,
        aggregates,
        asked,
        having,
        ordering,
        limit,
        offset,
    )


def planned(query: BoundQuery, policy: Policy = GATEWAY) -> Plan:
    """The plan of a question."""
    return plan(bound(query), policy)


def priced(
    query: BoundQuery,
    amount: float | str = 0.5,
    *,
    intent: Intent = Intent.EPSILON,
    allowance: Allowance = ZCDP,
    policy: Policy = GATEWAY,
) -> Price:
    """The price of a question."""
    spending = Spending(intent, Fraction(str(amount)))
    return price(planned(query, policy), spending, allowance)


def exact_table(*columns: list[int] | NDArray[np.int64]) -> ExactTable:
    """True values of each component, by cell."""
    return ExactTable(tuple(np.asarray(column, dtype=np.int64) for column in columns))


def released(cost: Price, exact: ExactTable, *, draws: int = 1) -> ReleasedTable:
    """The whole chain after execution."""
    return shown(cost, noise(exact, cost.mechanisms, draws))


def shown(cost: Price, noised: NoisedTable) -> ReleasedTable:
    """The chain after noise."""
    return arrange(disclosure(derive(noised, cost)))


def column(table: ReleasedTable, name: str) -> list[Any]:
    """The values of a column, None where it is NULL."""
    (found,) = (each for each in table.columns if each.name == name)
    return [
        None if null else value
        for value, null in zip(found.values.tolist(), found.null.tolist(), strict=True)
    ]


def noised_table(*columns: list[list[int]]) -> NoisedTable:
    """Noised values of each component, by draw and cell."""
    return NoisedTable(tuple(np.asarray(column, dtype=np.int64) for column in columns))


def without_certificates(policy: Policy = NONE) -> Policy:
    """A policy that shows everything, but still says what is unreliable."""
    return replace(policy, relative_margin=Fraction(1, 2))
