"""Bind what is done to released values: outputs, HAVING and ORDER BY."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy.aggregate_kinds import AGGREGATES
from privacy.expression import Literal
from privacy.operations import OPERATIONS
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.released import (
    Released,
    Typed,
    aggregate_of,
    constant_of,
    grouping_of,
    key_of,
    not_after,
)
from privacy.rows import bind_row
from privacy.scope import has_column, unknown_column


def bind_post(node: exp.Expr, released: Released) -> Typed:
    """Bind one expression over keys and released aggregates."""
    if isinstance(node, exp.Paren):
        return bind_post(node.this, released)
    if isinstance(node, AGGREGATES):
        return aggregate_of(node, released)
    found = key_of(node, released)
    if found is not None:
        return found
    operation = OPERATIONS.get(type(node))
    if operation is not None:
        return operation(node, released, bind_post)
    bind = _BINDERS.get(type(node))
    if bind is None:
        raise not_after(node, released)
    return bind(node, released)


def _column(node: exp.Expr, released: Released) -> Typed:
    """An output's name, or a refusal: columns that are keys were found before."""
    if not isinstance(node, exp.Column):
        raise TypeError(node)
    scope = released.scope
    found = None if node.table else released.names.get(node.name.casefold())
    if found is not None:
        return found
    if not has_column(scope, node):
        raise unknown_column(scope, node, tuple(released.names))
    bind_row(node, scope)
    raise refuse(
        "not_grouped",
        f"{node.name} is neither in GROUP BY nor inside an aggregate.",
        clause=quote(node, scope.text),
    )


def _literal(node: exp.Expr, released: Released) -> Typed:
    bound = bind_row(node, released.scope)
    if not isinstance(bound, Literal):
        raise not_after(node, released)
    return constant_of(bound)


def _null(node: exp.Expr, released: Released) -> Typed:
    raise refuse(
        "unsupported",
        "NULL makes the whole expression NULL. Write IS NULL or IS NOT NULL.",
        clause=quote(node, released.scope.text),
    )


_BINDERS: Final[Mapping[type[exp.Expr], Callable[[exp.Expr, Released], Typed]]] = (
    MappingProxyType(
        {
            exp.Column: _column,
            exp.Literal: _literal,
            exp.Boolean: _literal,
            exp.Cast: _literal,
            exp.Null: _null,
            exp.Grouping: grouping_of,
            exp.GroupingId: grouping_of,
        }
    )
)
