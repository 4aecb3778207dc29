"""Bind the constants and columns of an expression over rows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy.binding import Binder, Binding
from privacy.expression import Expression
from privacy.literals import (
    NULL,
    boolean_literal,
    date_literal,
    datetime_literal,
    number_literal,
    text_literal,
)
from privacy.misfit import Misfit
from privacy.refusals import refuse
from privacy.scope import column, refusal


def _column(node: exp.Expr, binding: Binding) -> Expression:
    if not isinstance(node, exp.Column):
        raise TypeError(node)
    return column(binding.scope, node)


def _literal(node: exp.Expr, binding: Binding) -> Expression:
    if node.args["is_string"]:
        return text_literal(str(node.this))
    try:
        return number_literal(str(node.this))
    except Misfit as misfit:
        raise refusal(misfit, node, [], binding.scope) from None


def _cast(node: exp.Expr, binding: Binding) -> Expression:
    """DATE '…' and TIMESTAMP '…', which the parser reads as casts of text."""
    readers = {"DATE": date_literal, "TIMESTAMP": datetime_literal}
    kind = node.args["to"]
    name = str(kind.sql(dialect="duckdb")).upper()
    text = node.this
    written = isinstance(text, exp.Literal) and text.is_string
    if name not in readers or not written:
        raise refuse(
            "unsupported",
            "CAST is not part of the language; there are only constants such as "
            "DATE '2020-12-31' and TIMESTAMP '2020-12-31 23:59:59'.",
            clause=binding.quote(node),
        )
    try:
        return readers[name](str(text.this))
    except Misfit as misfit:
        raise refusal(misfit, node, [], binding.scope) from None


BINDERS: Final[Mapping[type[exp.Expr], Binder]] = MappingProxyType(
    {
        exp.Column: _column,
        exp.Literal: _literal,
        exp.Boolean: lambda node, _binding: boolean_literal(bool(node.this)),
        exp.Null: lambda _node, _binding: NULL,
        exp.Cast: _cast,
        exp.Paren: lambda node, binding: binding.row(node.this),
    }
)
"""How each of these nodes is bound."""
