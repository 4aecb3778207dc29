"""Populations, people, and how they show who they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from privacy.errors import Refused
from tre.environment.acting import Acting, actor_of
from tre.governance import people, populations
from tre.governance.organisations import (
    add_organisation,
    affiliate,
    organisations,
)
from tre.governance.qualifications import (
    Kind,
    Qualified,
    disqualify_person,
    qualify_person,
)
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

    def add_person(  # noqa: PLR0913 (one keyword for each fact)
        self,
        id: str,  # noqa: A002 (the contract's name)
        *,
        roles: Sequence[str],
        controller: str | None = None,
        organisation: str | None = None,
        accredited_until: date | None = None,
        trained_until: date | None = None,
        person: str | None = None,
    ) -> None:
        """Add somebody, with roles; a steward with the controller they act for.

        A researcher is accredited and trained until the days said, each a year from
        now where nothing is said: who adds them vouches for it, on record.
        """
        named = [role_named(role) for role in roles]
        said = {Kind.ACCREDITATION: accredited_until, Kind.TRAINING: trained_until}
        until = {kind: day for kind, day in said.items() if day is not None}
        background = people.Background(organisation, until)
        with self._acting(person) as act:
            people.add_person(act, id, named, controller, background)

    def add_organisation(self, name: str, *, person: str | None = None) -> None:
        """Make an organisation known, by the name the public knows it by."""
        with self._acting(person) as act:
            add_organisation(act, name)

    def organisations(self) -> tuple[str, ...]:
        """Every organisation, by name."""
        with self._parts.control.reading() as connection:
            return organisations(connection)

    def affiliate(
        self,
        id: str,  # noqa: A002 (as `add_person`)
        organisation: str,
        *,
        person: str | None = None,
    ) -> None:
        """Say which organisation somebody is of, from now on."""
        with self._acting(person) as act:
            affiliate(act, id, organisation)

    def qualify(
        self,
        id: str,  # noqa: A002 (as `add_person`)
        kind: str,
        *,
        until: date,
        reference: str,
        person: str | None = None,
    ) -> None:
        """Record somebody's accreditation or training, in place of what they had."""
        qualified = Qualified(_kind(kind), until, reference)
        with self._acting(person) as act:
            qualify_person(act, id, qualified)

    def disqualify(
        self,
        id: str,  # noqa: A002 (as `add_person`)
        kind: str,
        *,
        reason: str,
        person: str | None = None,
    ) -> None:
        """End somebody's accreditation or training; their next question is refused."""
        with self._acting(person) as act:
            disqualify_person(act, id, _kind(kind), reason)

    def issue_token(self, id: str, *, person: str | None = None) -> str:  # noqa: A002 (the contract's)
        """A bearer token for a week. It is shown this once and kept as a digest."""
        by = actor_of(person)
        return self.identity.issue_token(id, by=by).secret

    @property
    def identity(self) -> Desk:
        """Accounts, sessions and tokens: how people show who they are."""
        return self._parts.desk


def _kind(name: str) -> Kind:
    try:
        return Kind(name)
    except ValueError:
        known = ", ".join(kind.value for kind in Kind)
    raise Refused(
        "invalid_qualification",
        "There is no such kind of qualification.",
        clause=str(name)[:80],
        suggestion=f"Kinds are {known}.",
    )


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
