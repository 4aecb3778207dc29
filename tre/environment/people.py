"""Populations, people, and how they show who they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from privacy.errors import Refused
from tre.environment.acting import Acting, actor_of
from tre.governance import people, populations
from tre.governance.roles import role_named
from tre.identity.desk import Desk
from tre.ledger.budget import Budget


class People(Acting):
    """Populations, people, and how they show who they are."""

    def create_population(
        self,
        name: str,
        *,
        epsilon: float,
        delta: float,
        until: date,
        person: str | None = None,
    ) -> None:
        """Make a population: one linkage spine, and one budget until a day."""
        budget = _budget(epsilon, delta)
        with self._acting(person) as act:
            populations.create_population(act, name, populations.Grant(budget, until))

    def add_person(
        self,
        id: str,  # noqa: A002 (the contract's name)
        *,
        roles: Sequence[str],
        controller: str | None = None,
        person: str | None = None,
    ) -> None:
        """Add somebody, with roles; a steward with the controller they act for."""
        named = [role_named(role) for role in roles]
        with self._acting(person) as act:
            people.add_person(act, id, named, controller)

    def issue_token(self, id: str, *, person: str | None = None) -> str:  # noqa: A002
        """A bearer token for a week. It is shown this once and kept as a digest."""
        by = actor_of(person)
        return self.identity.issue_token(id, by=by).secret

    @property
    def identity(self) -> Desk:
        """Accounts, sessions and tokens: how people show who they are."""
        return self._parts.desk


def _budget(epsilon: float, delta: float) -> Budget:
    try:
        return Budget.zcdp(Decimal(str(epsilon)), Decimal(str(delta)))
    except (ValueError, ArithmeticError):
        raise Refused(
            "invalid_budget",
            "A budget is an epsilon above 0 and a delta between 0 and 1.",
            clause="epsilon, delta",
            suggestion="For example epsilon 10 and delta 1e-6.",
        ) from None
