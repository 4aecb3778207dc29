"""What binding one node of an expression over rows may use: names, and its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import sqlglot.expressions as exp

from privacy.aggregate_kinds import AGGREGATES
from privacy.catalogue import Type
from privacy.checks import Build
from privacy.compare import condition
from privacy.errors import Refused
from privacy.expression import Expression, Literal
from privacy.misfit import Misfit
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.scope import Scope, refusal


@dataclass(frozen=True, slots=True)
class Binding:
    """The names of a question, and how each kind of node is bound.

    What is bound is total: no row can make the engine fail on it. Every method
    raises Refused with the clause quoted.
    """

    scope: Scope
    binders: Mapping[type[exp.Expr], Binder] = field(repr=False)

    def row(self, node: exp.Expr) -> Expression:
        """Bind an expression over rows."""
        bind = self.binders.get(type(node))
        if bind is None:
            raise self._misplaced(node)
        return bind(node, self)

    def condition(self, node: exp.Expr) -> Expression:
        """Bind an expression that has to be true or false."""
        return self.fit(condition, [self.row(node)], node, [node])

    def built(self, build: Build, node: exp.Expr, parts: list[exp.Expr]) -> Expression:
        """Bind the parts of a node, and build of them what it means."""
        return self.fit(build, [self.row(each) for each in parts], node, parts)

    def fit(
        self,
        build: Build,
        arguments: list[Expression],
        node: exp.Expr,
        parts: list[exp.Expr],
    ) -> Expression:
        """Build an expression, or refuse in the words of the node it was read from."""
        try:
            return build(*arguments)
        except Misfit as misfit:
            raise refusal(misfit, node, parts, self.scope) from None

    def number(self, node: exp.Expr, *, of: str) -> Literal:
        """Bind a number that has to be a constant of the question."""
        bound = self.row(node)
        if isinstance(bound, Literal) and bound.domain.type is Type.NUMBER:
            return bound
        raise refuse(
            "unsupported",
            f"{of} takes numbers of the question here, not {self.quote(node)}.",
            clause=self.quote(node),
        )

    def quote(self, node: exp.Expr) -> str:
        """A node as the question has it."""
        return quote(node, self.scope.text)

    def _misplaced(self, node: exp.Expr) -> Refused:
        clause = self.quote(node)
        if isinstance(node, AGGREGATES):
            return refuse(
                "unsupported",
                "An aggregate cannot stand here: not in WHERE (use HAVING), "
                "not in GROUP BY, and not inside another aggregate. A subquery by "
                "person gives it a name, with which the question around it computes.",
                clause=clause,
            )
        return refuse(
            "unsupported", f"{clause or 'This'} cannot stand here.", clause=clause
        )


Binder: TypeAlias = Callable[[exp.Expr, Binding], Expression]
"""Binds a node of one kind."""
