"""Chains of ANDs or of ORs, which the parser nests and a question does not."""

from __future__ import annotations

import sqlglot.expressions as exp


def chain(node: exp.Expr) -> list[exp.Expr]:
    """The members of a chain of ANDs or of ORs, in order."""
    members: list[exp.Expr] = []
    waiting = [node]
    while waiting:
        each = waiting.pop()
        inside = each.unnest()
        if type(inside) is type(node):
            waiting += [inside.expression, inside.this]
        else:
            members.append(each)
    return members
