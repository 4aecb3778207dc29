"""Write a row expression for DuckDB, as a tree.

Numbers are stored in whatever width they need; arithmetic is done in BIGINT, where
binding proved that it fits. Only what could outgrow its width is cast, so that a
plain column costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy import write_choices, write_conditions, write_numbers
from privacy.expression import Call, Case, ColumnOf, Expression, Function, Literal
from privacy.nodes import literal
from privacy.parts import PARTS
from privacy.writing import Writer, Writing


def render(expression: Expression) -> exp.Expr:
    """Write an expression with the value its domain describes.

    A NUMBER comes out as an unscaled integer of at most 64 bits, listed TEXT that
    is a plain column as its ENUM, and anything else as its own type.
    """
    match expression:
        case ColumnOf(table, name):
            return exp.column(name, table=table or None, quoted=True)
        case Literal():
            return literal(expression)
        case Case():
            return write_choices.write_case(expression, _WRITING)
        case Call(function=function):
            return WRITERS[function](expression, _WRITING)


def plain(expression: Expression) -> exp.Expr:
    """The same, but listed text as text, never as an enumeration."""
    return _WRITING.plain(expression)


def _part(call: Call, writing: Writing) -> exp.Expr:
    argument = writing.render(call.arguments[0])
    return exp.Anonymous(this=call.function.value, expressions=[argument])


_WRITING: Final = Writing(render)

WRITERS: Final[Mapping[Function, Writer]] = MappingProxyType(
    {
        **write_numbers.WRITERS,
        **write_conditions.WRITERS,
        **write_choices.WRITERS,
        **dict.fromkeys(PARTS, _part),
    }
)
"""How every function of the language is written."""
