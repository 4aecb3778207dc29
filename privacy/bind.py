"""Settle every name, type and range of a question against the public catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlglot.expressions as exp

from privacy.aggregates import weighed
from privacy.catalogue import Catalogue, Type
from privacy.errors import Refused
from privacy.expression import Expression
from privacy.grouping import is_sets
from privacy.keys import bind_keys
from privacy.names import output_names
from privacy.post import bind_post
from privacy.query import (
    ORDERS,
    SPREADS,
    Aggregate,
    AggregateRef,
    BoundQuery,
    GroupingRef,
    Key,
    KeyRef,
    Operation,
    Ordering,
    Output,
    Post,
    Query,
)
from privacy.quote import MAX_QUOTED, quote
from privacy.refusals import refuse
from privacy.relate import relate
from privacy.relation import expressions
from privacy.released import Released, Typed, has_aggregate
from privacy.rows import bind_condition
from privacy.scope import Scope
from privacy.semi import where_of
from privacy.weight import MOST_WEIGHT, weight

MOST_OUTPUTS: Final = 256
_WRITTEN: Final = 12
"""How often products and their rounding write an argument, about."""
LARGEST_LIMIT: Final = 10**9


def bind(query: Query, catalogue: Catalogue) -> BoundQuery:
    """Bind a parsed question to one population's catalogue, or refuse it.

    Raises Refused and nothing else. What is returned is total: no row can make
    the engine fail on it, every number fits 64 bits, every summed expression is
    bounded, and every key has finitely many public values.
    """
    select = query.tree
    related = relate(select, query.text, catalogue)
    scope = related.scope
    _check_aggregated(select, scope)
    where = _where(select, scope)
    keys = bind_keys(select, scope)
    released = Released(scope, keys.positions, keys.keys, sets=bool(keys.sets))
    outputs = _outputs(select, released)
    having = _having(select, released)
    ordering = _ordering(select, released, outputs)
    _check_distinct(select, outputs, keys.keys, scope)
    if keys.sets:
        _check_sets(select, released.aggregates, keys.keys, scope)
    bound = BoundQuery(
        text=query.text,
        relation=related.relation,
        where=where,
        keys=keys.keys,
        aggregates=tuple(released.aggregates),
        outputs=outputs,
        having=having,
        ordering=ordering,
        limit=_rows(select, "limit", scope),
        offset=_rows(select, "offset", scope) or 0,
        sets=keys.sets,
    )
    _check_weight(bound)
    return bound


def _check_aggregated(select: exp.Select, scope: Scope) -> None:
    """Refuse a question about rows; DISTINCT changes nothing where all keys show."""
    used = [
        *select.expressions,
        *(select.args[each] for each in ("having", "order") if select.args.get(each)),
    ]
    if any(has_aggregate(each) for each in used):
        return
    raise refuse(
        "not_a_question",
        "This asks for rows, which are never shown. Ask for COUNT, SUM or AVG, "
        "of all rows or by GROUP BY.",
        clause=_whole(scope),
        suggestion=_counted(select) if _whole(scope) else "",
    )


def _check_distinct(
    select: exp.Select, outputs: tuple[Output, ...], keys: tuple[Key, ...], scope: Scope
) -> None:
    """Refuse DISTINCT where rows of several groups could be one."""
    distinct = select.args.get("distinct")
    shown = {each.value for each in outputs}
    if distinct is None or {KeyRef(place) for place in range(len(keys))} <= shown:
        return
    raise refuse(
        "unsupported",
        "DISTINCT needs every key of GROUP BY among the columns: rows of different "
        "groups would be merged by their noise. Leave it out.",
        clause="SELECT DISTINCT" if "SELECT DISTINCT" in scope.text else "",
        suggestion="SELECT" if "SELECT DISTINCT" in scope.text else "",
    )


def _check_sets(
    select: exp.Select,
    aggregates: Iterable[Aggregate],
    keys: tuple[Key, ...],
    scope: Scope,
) -> None:
    """Refuse what has no margins: it adds up to nothing, or which cells is unknown."""
    if any(each.statistic in ORDERS for each in aggregates):
        what = "Quantiles, MIN and MAX"
    elif any(key.domain.values is None for key in keys):
        what = "Keys that are not public"
    else:
        return
    sets = next(each for each in select.args["group"].expressions if is_sets(each))
    raise refuse(
        "unsupported",
        f"{what} are answered by one grouping, without ROLLUP, CUBE or GROUPING SETS: "
        "ask for each grouping by itself.",
        clause=quote(sets, scope.text),
    )


def _whole(scope: Scope) -> str:
    """The whole question, where it is short enough to be quoted."""
    text = scope.text.strip()
    return text if len(text) <= MAX_QUOTED else ""


def _counted(select: exp.Select) -> str:
    """The same question, counting its rows: by its keys, where it has some."""
    count = exp.alias_(exp.Count(this=exp.Star()), "n")
    if select.args.get("group"):
        counted = select.copy()
        counted.append("expressions", count)
        return str(counted.sql(dialect="duckdb"))
    counted = exp.Select(expressions=[count], from_=select.args["from_"].copy())
    for name in ("with_", "joins", "where"):
        kept = select.args.get(name)
        if kept:
            counted.set(
                name, [each.copy() for each in kept] if name == "joins" else kept.copy()
            )
    return str(counted.sql(dialect="duckdb"))


def _where(select: exp.Select, scope: Scope) -> Expression | None:
    where = where_of(select, scope.text).condition
    return None if where is None else weighed(bind_condition(where, scope))


def _check_weight(bound: BoundQuery) -> None:
    """All expressions together stay short enough for the engine to plan at once."""
    arguments = [
        argument
        for each in bound.aggregates
        for argument in (each.argument, each.other)
        for _ in range(_WRITTEN if each.statistic in SPREADS else 1)
    ]
    roots = [bound.where, *arguments, *(each.expression for each in bound.keys)]
    roots += expressions(bound.relation)
    total = sum(weight(each, MOST_WEIGHT) for each in roots if each is not None)
    if total > MOST_WEIGHT:
        raise refuse("too_long", "The question's expressions are too long together.")


# ---------------------------------------------------------------------- outputs


def _outputs(select: exp.Select, released: Released) -> tuple[Output, ...]:
    items = select.expressions
    if len(items) > MOST_OUTPUTS:
        raise refuse(
            "too_many_columns",
            f"One question may have {MOST_OUTPUTS} columns at most.",
        )
    values = [_output(each, released) for each in items]
    names = output_names(items, released.scope)
    for name, value in zip(names, values, strict=True):
        released.names[name.casefold()] = value
    return tuple(
        Output(name, value.post) for name, value in zip(names, values, strict=True)
    )


def _output(item: exp.Expr, released: Released) -> Typed:
    node = item.unalias()
    if isinstance(node, exp.Star) or (
        isinstance(node, exp.Column) and isinstance(node.this, exp.Star)
    ):
        raise refuse(
            "not_a_question",
            "* asks for rows, which are never shown. Name keys and aggregates.",
            clause=quote(node, released.scope.text),
        )
    value = bind_post(node, released)
    _check_output(value, node, released)
    return value


def _check_output(value: Typed, node: exp.Expr, released: Released) -> None:
    if isinstance(value.post, KeyRef | AggregateRef | GroupingRef):
        return
    clause = quote(node, released.scope.text)
    if value.type is not Type.NUMBER:
        raise refuse(
            "unsupported",
            "A column of the answer is a key or a number; conditions on aggregates "
            "belong in HAVING.",
            clause=clause,
        )
    if not _asks_aggregate(value.post):
        raise refuse(
            "unsupported",
            "A column of the answer is a key as GROUP BY has it, or is computed from "
            "aggregates.",
            clause=clause,
        )


def _asks_aggregate(post: Post) -> bool:
    waiting = [post]
    while waiting:
        match waiting.pop():
            case AggregateRef() | GroupingRef():
                return True
            case Operation(_, arguments):
                waiting += arguments
            case _:
                pass
    return False


# ----------------------------------------------------------- having, order, limit


def _having(select: exp.Select, released: Released) -> Post | None:
    having = select.args.get("having")
    if having is None:
        return None
    found = bind_post(having.this, released)
    if found.type is not Type.BOOLEAN:
        clause = quote(having.this, released.scope.text)
        raise refuse(
            "type_mismatch",
            f"HAVING takes a condition, and {clause} is none.",
            clause=clause,
        )
    return found.post


def _ordering(
    select: exp.Select, released: Released, outputs: tuple[Output, ...]
) -> tuple[Ordering, ...]:
    order = select.args.get("order")
    terms = [] if order is None else order.expressions
    return tuple(_term(each, released, outputs) for each in terms)


def _term(term: exp.Expr, released: Released, outputs: tuple[Output, ...]) -> Ordering:
    node = term.this if isinstance(term, exp.Ordered) else term
    descending = bool(term.args.get("desc"))
    if term.args.get("nulls_first"):
        raise refuse(
            "unsupported",
            "NULLs come last in either order: leave NULLS FIRST out.",
            clause=quote(node, released.scope.text),
        )
    if isinstance(node, exp.Literal):
        return Ordering(_at(node, outputs, released.scope).value, descending)
    if isinstance(node, exp.Column) and not node.table:
        named = released.names.get(node.name.casefold())
        if named is not None:
            return Ordering(named.post, descending)
    if isinstance(node, exp.Var):
        raise refuse(
            "unsupported",
            "ORDER BY ALL is not part of the language: name the columns.",
            clause="ALL",
        )
    return Ordering(bind_post(node, released).post, descending)


def _at(node: exp.Literal, outputs: tuple[Output, ...], scope: Scope) -> Output:
    position = _whole_number(node)
    if position is None or not 1 <= position <= len(outputs):
        raise _no_position(node, len(outputs), scope)
    return outputs[position - 1]


def _no_position(node: exp.Expr, most: int, scope: Scope) -> Refused:
    return refuse(
        "invalid_value",
        f"A position is a whole number from 1 to {most}, the columns selected.",
        clause=quote(node, scope.text),
    )


def _whole_number(node: exp.Expr) -> int | None:
    text = str(node.this) if isinstance(node, exp.Literal) else ""
    plain = text.isascii() and text.isdigit() and len(text) <= 10  # noqa: PLR2004 - fits
    return int(text) if plain and not node.args.get("is_string") else None


def _rows(select: exp.Select, name: str, scope: Scope) -> int | None:
    clause = select.args.get(name)
    if clause is None:
        return None
    found = _whole_number(clause.expression)
    if found is None or found > LARGEST_LIMIT:
        raise refuse(
            "invalid_value",
            f"{name.upper()} takes a whole number up to {LARGEST_LIMIT:,}.",
            clause=quote(clause.expression, scope.text),
        )
    return found
