"""A second opinion: bound questions answered in plain Python, row by row.

It shares no code with the library; where the two differ, one of them is wrong.
"""

import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from privacy.catalogue import Type
from privacy.expression import Call, Case, ColumnOf, Expression, Function, Literal
from privacy.plan import Plan
from privacy.query import Statistic
from privacy.relation import (
    Join,
    JoinKind,
    PerPerson,
    Relation,
    Selected,
    Stacked,
    Summary,
    Summed,
    TableOf,
)

Row = Mapping[str, Any]
"""A row by column name; numbers are unscaled integers."""


def answer(plan: Plan, rows: Iterable[Row]) -> dict[tuple[Any, ...], list[int]]:
    """The plan's exact components by key values; cells without rows are left out."""
    cells: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    where = plan.query.where
    for row in rows:
        if where is None or value(where, row) is True:
            keys = (unscaled(each.expression, row) for each in plan.query.keys)
            cells[tuple(keys)].append(row)
    if not plan.query.keys and not cells:
        cells[()] = []
    return {
        key: [
            component(each.statistic, each.argument, found) for each in plan.components
        ]
        for key, found in cells.items()
    }


def called(table: str, name: str) -> str:
    """A column in a row of a relation of several tables."""
    return f"{table}.{name}" if table else name


def related_rows(
    relation: Relation, database: Mapping[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """The rows of a relation, column by column, and whose each is (`person_id`)."""
    match relation:
        case TableOf(name, table):
            return [
                {called(name, each): row[each] for each in row}
                | {"person_id": row.get("person_id")}
                for row in database[table.name]
            ]
        case Selected(name, source, where, columns):
            return [
                {
                    called(name, each): unscaled(value_of, row)
                    for each, value_of in columns
                }
                | {called(name, "person_id"): row["person_id"]}
                | {"person_id": row["person_id"]}
                for row in related_rows(source, database)
                if where is None or value(where, row) is True
            ]
        case PerPerson():
            return summed_rows(relation, database)
        case Stacked(name, sources):
            stacked = [row for each in sources for row in related_rows(each, database)]
            return [
                {called(name, each): value_of for each, value_of in row.items()}
                | {"person_id": row["person_id"]}
                for row in stacked
            ]
        case Join():
            return joined_rows(relation, database)


def joined_rows(
    join: Join, database: Mapping[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Every row of the left side beside those it matches."""
    beside = related_rows(join.right, database)
    found: list[dict[str, Any]] = []
    for row in related_rows(join.left, database):
        matches = [each for each in beside if matched_by(join, row, each)]
        match join.kind:
            case JoinKind.SEMI | JoinKind.ANTI:
                kept = bool(matches) == (join.kind is JoinKind.SEMI)
                found += [row] if kept else []
            case JoinKind.LEFT if not matches:
                found.append({**dict.fromkeys(column_names(join.right)), **row})
            case _:
                found += [{**each, **row} for each in matches]
    return found


def summed_rows(
    relation: PerPerson, database: Mapping[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """One row for each person and combination of keys."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in related_rows(relation.source, database):
        if relation.where is None or value(relation.where, row) is True:
            keys = (unscaled(each, row) for _, each in relation.keys)
            groups[row["person_id"], *keys].append(row)
    found = []
    for (person, *values), rows in groups.items():
        made = {"person_id": person, called(relation.name, "person_id"): person}
        for (name, _), key in zip(relation.keys, values, strict=True):
            made[called(relation.name, name)] = key
        for name, each in relation.columns:
            made[called(relation.name, name)] = figure(each, rows)
        found.append(made)
    return found


def figure(summed: Summed, rows: list[Row]) -> Any:
    """A figure of one person's rows; the sum of nothing is NULL."""
    if summed.argument is None:
        return len(rows)
    values = [unscaled(summed.argument, row) for row in rows]
    present = [each for each in values if each is not None]
    if not present and summed.summary not in (Summary.PRESENT, Summary.DISTINCT):
        return None
    return FIGURES[summed.summary](sorted(present))


FIGURES: dict[Summary, Callable[[list[Any]], Any]] = {
    Summary.PRESENT: len,
    Summary.DISTINCT: lambda present: len(set(present)),
    Summary.SUM: sum,
    Summary.MIN: min,
    Summary.MAX: max,
    Summary.MEDIAN: lambda present: (
        5 * (present[(len(present) - 1) // 2] + present[len(present) // 2])
    ),
    Summary.ANY: any,
    Summary.ALL: all,
}


def matched_by(join: Join, row: Row, other: Row) -> bool:
    """Whether two rows stand beside each other in a join."""
    if join.people is not None:
        whose, whom = (called(each, "person_id") for each in join.people)
        if row[whose] is None or row[whose] != other[whom]:
            return False
    pair = {**other, **row}
    return all(value(each, pair) is True for each in join.conditions)


def column_names(relation: Relation) -> list[str]:
    """What the rows of one table or subquery have."""
    match relation:
        case TableOf(name, table):
            names = [each.name for each in table.columns]
            return [called(name, each) for each in [*names, "person_id"]]
        case Selected(name=name, columns=columns):
            return [
                called(name, each) for each in [*(n for n, _ in columns), "person_id"]
            ]
        case PerPerson(name=name, keys=keys, columns=summed):
            names = [each for each, _ in (*keys, *summed)]
            return [called(name, each) for each in [*names, "person_id"]]
        case Stacked(name=name, sources=sources):
            names = [each for each, _ in sources[0].columns]
            return [called(name, each) for each in [*names, "person_id"]]
        case Join():
            raise TypeError(relation)


def component(
    statistic: Statistic, argument: Expression | None, rows: list[Row]
) -> int:
    """One statistic over the rows of a cell, exactly."""
    if statistic is Statistic.ROWS:
        return len(rows)
    if statistic is Statistic.PEOPLE:
        present_rows = (
            row for row in rows if argument is None or value(argument, row) is not None
        )
        return len({row["person_id"] for row in present_rows})
    assert argument is not None
    present = [each for row in rows if (each := unscaled(argument, row)) is not None]
    if statistic is Statistic.DISTINCT:
        return len(set(present))
    return len(present) if statistic is Statistic.PRESENT else sum(present)


def unscaled(expression: Expression, row: Row) -> Any:
    """The value as the engine has it: numbers as integers at the domain's scale."""
    found = value(expression, row)
    if isinstance(found, Decimal):
        scaled = found.scaleb(expression.domain.scale)
        assert scaled == int(scaled), (expression, found)
        return int(scaled)
    return found


def value(expression: Expression, row: Row) -> Any:
    """The value of an expression: numbers as decimals, None for NULL."""
    match expression:
        case ColumnOf(table, name, domain):
            return decimal(row[called(table, name)], domain.scale, domain.type)
        case Literal(constant, domain):
            return decimal(constant, domain.scale, domain.type)
        case Case(branches, default):
            for condition, then in branches:
                if value(condition, row) is True:
                    return value(then, row)
            return None if default is None else value(default, row)
        case Call(function, arguments, domain):
            given = [value(each, row) for each in arguments]
            return applied(function, given, domain.scale)


def decimal(raw: Any, scale: int, kind: Type) -> Any:
    """An unscaled number as the decimal it stands for."""
    return (
        Decimal(raw).scaleb(-scale) if kind is Type.NUMBER and raw is not None else raw
    )


def applied(function: Function, given: list[Any], scale: int) -> Any:
    """A function of values, as SQL has it."""
    match function:
        case Function.AND:
            return False if False in given else None if None in given else True
        case Function.OR:
            return True if True in given else None if None in given else False
        case Function.COALESCE:
            return next((each for each in given if each is not None), None)
        case Function.IS_NULL:
            return given[0] is None
        case Function.NULLIF:
            return None if given[0] == given[1] else given[0]
        case _:
            return None if None in given else strict(function, given, scale)


def strict(function: Function, given: list[Any], scale: int) -> Any:
    """A function of values of which none is NULL."""
    if function in ROUNDED:
        return ROUNDED[function](Decimal(1).scaleb(-scale), *given)
    if function in PLAIN:
        return PLAIN[function](*given)
    if function in (Function.LIKE, Function.ILIKE):
        return matched(function, *given)
    return part(function, *given)


def bucket(value: Decimal, lower: Decimal, upper: Decimal, count: Decimal) -> Decimal:
    """WIDTH_BUCKET as PostgreSQL has it."""
    if value < lower:
        return Decimal(0)
    if value >= upper:
        return count + 1
    place = (value - lower) * count / (upper - lower)
    return place.to_integral_value(ROUND_FLOOR) + 1


ROUNDED: dict[Function, Callable[..., Any]] = {
    Function.DIVIDE: lambda unit, a, b: (
        (a / b).quantize(unit, ROUND_DOWN) if b else None
    ),
    Function.ROUND: lambda unit, a: a.quantize(unit, ROUND_HALF_UP),
}
PLAIN: dict[Function, Callable[..., Any]] = {
    Function.ADD: operator.add,
    Function.SUBTRACT: operator.sub,
    Function.MULTIPLY: operator.mul,
    Function.MODULO: lambda a, b: a % b if b else None,
    Function.NEGATE: operator.neg,
    Function.ABS: abs,
    Function.FLOOR: lambda a: a.to_integral_value(ROUND_FLOOR),
    Function.CEIL: lambda a: a.to_integral_value(ROUND_CEILING),
    Function.LEAST: lambda *given: min(given),
    Function.GREATEST: lambda *given: max(given),
    Function.CLAMP: lambda *given: sorted(given)[1],
    Function.WIDTH_BUCKET: bucket,
    Function.EQUAL: operator.eq,
    Function.UNEQUAL: operator.ne,
    Function.LESS: operator.lt,
    Function.AT_MOST: operator.le,
    Function.MORE: operator.gt,
    Function.AT_LEAST: operator.ge,
    Function.NOT: operator.not_,
    Function.IN: lambda a, *listed: a in listed,
}


def matched(function: Function, text: str, pattern: str) -> bool:
    """LIKE by a regular expression; only for short texts."""
    regular = re.escape(pattern).replace("%", ".*").replace("_", ".")
    flags = re.DOTALL | (re.IGNORECASE if function is Function.ILIKE else 0)
    return re.fullmatch(regular, text, flags) is not None


def part(function: Function, moment: datetime) -> Decimal:
    """A part of a date."""
    found = {
        Function.YEAR: lambda: moment.year,
        Function.QUARTER: lambda: (moment.month + 2) // 3,
        Function.MONTH: lambda: moment.month,
        Function.DAY: lambda: moment.day,
        Function.DAY_OF_WEEK: moment.isoweekday,
        Function.HOUR: lambda: moment.hour,
    }[function]()
    return Decimal(found)
