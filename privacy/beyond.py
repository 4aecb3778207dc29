"""Numbers past a bound: told as their average, and counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from privacy.catalogue import Domain, Type
from privacy.cut import Tail
from privacy.expression import Call, Case, Expression, Function, Literal
from privacy.literals import ONE


def replaced(argument: Expression, tails: Iterable[Tail]) -> Expression:
    """The argument, with what is past each bound told as its average.

    NULL where the argument is, and otherwise within what is told, if bounds are.
    """
    domain, branches = replace(argument.domain, values=None), []
    for tail in tails:
        domain = (
            replace(domain, upper=tail.told)
            if tail.is_upper
            else replace(domain, lower=tail.told)
        )
        branches.append((_condition(argument, tail), _literal(tail.told, argument)))
    return Case(tuple(branches), argument, domain)


def is_past(argument: Expression, tail: Tail) -> Expression:
    """1 where the argument is past the bound, else NULL."""
    domain = replace(ONE.domain, nullable=True)
    return Case(((_condition(argument, tail), ONE),), None, domain)


def _condition(argument: Expression, tail: Tail) -> Expression:
    known = Domain(Type.BOOLEAN, nullable=argument.domain.nullable)
    bound = _literal(tail.bound, argument)
    if tail.is_upper:
        return Call(Function.AT_MOST, (bound, argument), known)
    return Call(Function.LESS, (argument, bound), known)


def _literal(value: int, argument: Expression) -> Literal:
    scale = argument.domain.scale
    domain = Domain(Type.NUMBER, scale, value, value, nullable=False, values=(value,))
    return Literal(value, domain)
