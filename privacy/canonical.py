"""Write a bound question so that equal meanings are equal texts."""

from __future__ import annotations

import json
from typing import Final, TypeAlias

from privacy.expression import Call, Case, ColumnOf, Expression, Function, Literal
from privacy.query import (
    Aggregate,
    AggregateRef,
    BoundQuery,
    Constant,
    GroupingRef,
    KeyRef,
    Operation,
    Operator,
    Post,
)
from privacy.relation import (
    Join,
    PerPerson,
    Relation,
    Selected,
    Stacked,
    TableOf,
    whose,
)

Json: TypeAlias = str | list["Json"] | dict[str, "Json"] | None

_ANY_ORDER: Final = frozenset(
    {
        *(Function.ADD, Function.MULTIPLY, Function.EQUAL, Function.UNEQUAL),
        *(Function.AND, Function.OR, Function.LEAST, Function.GREATEST),
    }
)
_POST_ANY_ORDER: Final = frozenset(
    {
        *(Operator.ADD, Operator.MULTIPLY, Operator.EQUAL, Operator.UNEQUAL),
        *(Operator.AND, Operator.OR),
    }
)
_MIRRORED: Final = {
    Function.MORE: Function.LESS,
    Function.AT_LEAST: Function.AT_MOST,
}


def canonical(query: BoundQuery) -> str:
    """Return a text of all that decides an answer, but for the data's version.

    Spacing, case of names, aliases of the table, brackets, and the order of what
    commutes make no difference. Names of output columns do: they are part of the
    answer.
    """
    facts: dict[str, object] = {
        "relation": _relation(query.relation),
        "where": _maybe(query.where),
        "keys": [_known(each.expression) for each in query.keys],
        "aggregates": [_aggregate(each) for each in query.aggregates],
        "outputs": [[each.name, _post(each.value)] for each in query.outputs],
        "having": None if query.having is None else _post(query.having),
        "ordering": [[_post(each.value), each.descending] for each in query.ordering],
        "limit": query.limit,
        "offset": query.offset,
    }
    if query.sets:
        facts["sets"] = [list(each) for each in query.sets]
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def _relation(relation: Relation) -> Json:
    """A relation; its names are the compiler's own, whatever the question's were."""
    match relation:
        case TableOf(table=table):
            return table.name
        case Selected(source=source, where=where, columns=columns):
            return {
                "of": _relation(source),
                "where": _maybe(where),
                "columns": [f"{json.dumps(n)}={_known(each)}" for n, each in columns],
            }
        case PerPerson(source=source, where=where, keys=keys, columns=summed):
            return {
                "people of": _relation(source),
                "where": _maybe(where),
                "keys": [f"{json.dumps(n)}={_known(each)}" for n, each in keys],
                "columns": [
                    f"{json.dumps(n)}={each.summary.value}({_maybe(each.argument)})"
                    for n, each in summed
                ],
            }
        case Stacked(sources=sources):
            return {"stacked": [_relation(each) for each in sources]}
        case Join(kind, left, right, people, conditions):
            return {
                kind.value: [_relation(left), _relation(right)],
                "people": None if people is None else [*people],
                "on": [*sorted(row_text(each) for each in conditions)],
                "names": [whose(left), whose(right)],
            }


def row_text(expression: Expression) -> str:
    """An expression over rows as text; equal for equal meanings where that is easy."""
    match expression:
        case ColumnOf(table, name):
            plain = json.dumps(name, ensure_ascii=False)
            return f"{table}.{plain}" if table else plain
        case Literal(value, domain):
            scale = f"e-{domain.scale}" if domain.scale else ""
            known = None if value is None else str(value)
            written = json.dumps(known, ensure_ascii=False)
            return f"{domain.type.value}:{written}{scale}"
        case Call():
            return _call(expression)
        case Case(branches, default, domain):
            paired = [f"{row_text(when)}:{row_text(then)}" for when, then in branches]
            return f"case/{domain.scale}({','.join(paired)};{_maybe(default)})"


def _call(call: Call) -> str:
    arguments = [row_text(each) for each in call.arguments]
    function = call.function
    if function in _MIRRORED:
        function, arguments = _MIRRORED[function], arguments[::-1]
    if function in _ANY_ORDER:
        arguments = sorted(arguments)
    if function in (Function.AND, Function.OR):
        arguments = sorted(set(arguments))
    if function is Function.IN:
        arguments = [arguments[0], *sorted(arguments[1:])]
    return f"{function.value}/{call.domain.scale}({','.join(arguments)})"


def _maybe(expression: Expression | None) -> str | None:
    return None if expression is None else row_text(expression)


def _known(expression: Expression) -> str:
    """An expression and its public range, which decides the noise and the cells.

    Range analysis sees that x · x is no less than 0, but not every way to write it.
    """
    domain = expression.domain
    values = "" if domain.values is None else f" of {len(domain.values)}"
    return f"{row_text(expression)} in {domain.lower}..{domain.upper}{values}"


def _aggregate(aggregate: Aggregate) -> str:
    argument = aggregate.argument
    inside = "" if argument is None else _known(argument)
    if aggregate.other is not None:
        inside = f"{inside},{_known(aggregate.other)}"
    if aggregate.at is not None:
        inside = f"{inside},{aggregate.at}"
    return f"{aggregate.statistic.value}({inside})"


def _post(post: Post) -> str:
    match post:
        case KeyRef(position):
            return f"key {position}"
        case GroupingRef(positions):
            return f"grouping {','.join(map(str, positions))}"
        case AggregateRef(position):
            return f"aggregate {position}"
        case Constant(value):
            return (
                f"{type(value).__name__}:{json.dumps(str(value), ensure_ascii=False)}"
            )
        case Operation(operator, arguments):
            written = [_post(each) for each in arguments]
            if operator in _POST_ANY_ORDER:
                written = sorted(written)
            return f"{operator.value}({','.join(written)})"
