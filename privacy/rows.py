"""Bind an expression over rows: every name, type and range settled, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy import row_arithmetic, row_conditions, row_constants, row_functions
from privacy.binding import Binder, Binding
from privacy.expression import Expression
from privacy.scope import Scope


def bind_row(node: exp.Expr, scope: Scope) -> Expression:
    """Bind one expression over the rows of the table asked.

    Raises Refused with the clause quoted. The result is total: no row can make
    the engine fail on it.
    """
    return Binding(scope, _BINDERS).row(node)


def bind_condition(node: exp.Expr, scope: Scope) -> Expression:
    """Bind an expression that has to be true or false."""
    return Binding(scope, _BINDERS).condition(node)


_BINDERS: Final[Mapping[type[exp.Expr], Binder]] = MappingProxyType(
    {
        **row_constants.BINDERS,
        **row_arithmetic.BINDERS,
        **row_conditions.BINDERS,
        **row_functions.BINDERS,
    }
)
"""What is not here cannot stand in an expression over rows."""
