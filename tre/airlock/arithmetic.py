"""Arithmetic on released figures, as a submission declares it: and nothing else.

Sums, differences, products, quotients and signs of columns and numbers. There are
no names beside the columns, no calls and no powers, so it always ends.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from math import isfinite
from operator import add, mul, neg, pos, sub, truediv
from types import MappingProxyType
from typing import Any, Final

LONGEST: Final = 500
"""Characters of a formula."""

_BINARY: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = (
    MappingProxyType({ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.Div: truediv})
)
_UNARY: Final[Mapping[type[ast.unaryop], Callable[[Any], Any]]] = MappingProxyType(
    {ast.UAdd: pos, ast.USub: neg}
)


class NotArithmetic(ValueError):
    """A formula holds something other than arithmetic on columns."""


def names(formula: str) -> frozenset[str]:
    """The columns a formula reads. NotArithmetic where it is none.

    >>> sorted(names("100 * poor / n"))
    ['n', 'poor']
    """
    return frozenset(
        node.id for node in ast.walk(_parsed(formula)) if isinstance(node, ast.Name)
    )


def compute(formula: str, row: Mapping[str, Fraction | None]) -> Fraction | None:
    """The formula's value over one row; None where a figure is missing, or over 0.

    >>> compute("100 * poor / n", {"poor": Fraction(1), "n": Fraction(4)})
    Fraction(25, 1)
    """
    try:
        return _value(_parsed(formula), row)
    except (_Missing, ZeroDivisionError):
        return None


class _Missing(Exception):
    pass


@lru_cache(maxsize=256)
def _parsed(formula: str) -> ast.expr:
    if len(formula) > LONGEST:
        raise NotArithmetic(f"expected at most {LONGEST} characters")
    try:
        tree = ast.parse(formula.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise NotArithmetic("expected arithmetic such as 100 * a / b") from None
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED) or _is_no_number(node):
            raise NotArithmetic("expected columns, numbers, and + - * / alone")
    return tree


_ALLOWED: Final = (
    ast.BinOp,
    ast.UnaryOp,
    ast.Name,
    ast.Constant,
    ast.Load,
    *_BINARY,
    *_UNARY,
)


def _is_no_number(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=bool()):
            return True
        case ast.Constant(value=int()):
            return False
        case ast.Constant(value=float() as value):
            return not isfinite(value)
        case _:
            return isinstance(node, ast.Constant)


def _value(node: ast.expr, row: Mapping[str, Fraction | None]) -> Fraction:
    match node:
        case ast.Constant(value=int() | float() as number):
            return Fraction(str(number))
        case ast.Name(id=name):
            found = row.get(name)
            if found is None:
                raise _Missing
            return found
        case ast.UnaryOp(op=sign, operand=operand):
            return Fraction(_UNARY[type(sign)](_value(operand, row)))
        case ast.BinOp(left=left, op=operator, right=right):
            return Fraction(
                _BINARY[type(operator)](_value(left, row), _value(right, row))
            )
        case _:
            raise NotArithmetic("expected arithmetic such as 100 * a / b")
