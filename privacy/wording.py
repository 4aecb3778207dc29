"""Expressions and figures of a question in words, for people to read."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from privacy.expression import Call, Case, ColumnOf, Expression, Function, Literal
from privacy.lot import RANK
from privacy.plan import Component, Plan
from privacy.query import Statistic


def number(value: float, digits: int = 6) -> str:
    """A number of so many significant digits, written in full.

    >>> number(1852120.4), number(60_000, 4), number(0.25)
    ('1,852,120', '60,000', '0.25')
    """
    rounded = float(f"{value:.{digits}g}")
    if abs(rounded) >= 10**digits:
        return f"{rounded:,.0f}"
    return f"{rounded:,.{digits}g}"


_BRACKETED: Final = frozenset(
    (Function.NOT, Function.IS_NULL, Function.IN, Function.NEGATE)
)
"""Functions that are written in words, or before their argument."""


def words_of(expression: Expression) -> str:
    """An expression as people read it; not SQL to be run."""
    match expression:
        case ColumnOf(_, name):
            return "row of the person" if name == RANK else name
        case Literal(value, domain):
            return _literal(value, domain.scale)
        case Call():
            return _call_words(expression)
        case Case(((condition, value),), None):
            return f"{_part(value)} WHERE {words_of(condition)}"
        case Case(branches, default):
            found = _told(branches[0][1], default)
    return found


def _call_words(call: Call) -> str:
    name, parts = call.function.value, [*map(_part, call.arguments)]
    match call:
        case Call(Function.NOT, (Call(Function.IS_NULL, (inner,)),)):
            found = f"{_part(inner)} is not null"
        case Call(Function.IS_NULL):
            found = f"{parts[0]} is null"
        case Call(Function.IN):
            found = f"{parts[0]} in ({', '.join(parts[1:])})"
        case Call(Function.NOT):
            found = f"not {parts[0]}"
        case Call(Function.NEGATE):
            found = f"-{parts[0]}"
        case Call(function) if _is_between(function):
            found = f" {name} ".join(parts)
        case _:
            found = f"{name}({', '.join(map(words_of, call.arguments))})"
    return found


def _part(expression: Expression) -> str:
    """The same inside of another: in brackets where it would be read as part of it."""
    match expression:
        case ColumnOf() | Literal():
            return words_of(expression)
        case Call(function) if not (function in _BRACKETED or _is_between(function)):
            return words_of(expression)
        case _:
            return f"({words_of(expression)})"


def _is_between(function: Function) -> bool:
    """Whether it is written between its arguments."""
    words = (Function.AND, Function.OR, Function.LIKE, Function.ILIKE)
    return function in words or not any(map(str.isalpha, function.value))


def _told(value: Expression, default: Expression | None) -> str:
    """What is clipped, told or counted past a bound, by how that is written."""
    match value, default:
        case Literal(), Call(Function.DIVIDE, (Call(_, (column, _)), _)):
            return f"people over the bound of {words_of(column)}"
        case column, Call(Function.DIVIDE):
            return f"{words_of(column)}, clipped by person"
        case Literal(), ColumnOf() as column:
            return f"{words_of(column)}, told past its bounds"
        case _:
            return "CASE …"


def _literal(value: object, scale: int) -> str:
    if isinstance(value, int) and scale:
        return f"{Decimal(value).scaleb(-scale):f}"
    return str(value)


def component_words(component: Component) -> str:
    """What is counted or summed, as people read it."""
    match component.statistic, component.argument:
        case Statistic.PRESENT, argument if argument is not None:
            return f"COUNT({words_of(argument)})"
        case Statistic.SUM, argument if argument is not None:
            return f"SUM({words_of(argument)})"
        case Statistic.DISTINCT, argument if argument is not None:
            return f"COUNT(DISTINCT {words_of(argument)})"
        case Statistic.PEOPLE, argument if argument is not None:
            return f"COUNT(DISTINCT person_id where {words_of(argument)})"
        case statistic, _:
            return str(statistic.value)


def by_words(plan: Plan) -> str:
    """The keys of a grouping, as people read them."""
    keys = [words_of(key.expression) for key in plan.query.keys]
    return f"by {', '.join(keys)}:" if keys else "in all:"


def where_words(component: Component, plan: Plan) -> str:
    """In which grouping a component is measured, where there are several."""
    if component.keys is None:
        return ""
    keys = [words_of(plan.query.keys[each].expression) for each in component.keys]
    return f" by {', '.join(keys)}" if keys else " in all"
