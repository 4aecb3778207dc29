"""A small environment's control plane, for tests: people, a population, a project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy.accounting import NANO, Measure
from privacy.catalogue import Column, Domain, Table, Type, Unit
from tre.audit.act import Act, acting
from tre.control.database import Control, open_control
from tre.control.engines import Durability, Place
from tre.governance.application import read_application
from tre.governance.datasets import Publication, switch_versions
from tre.governance.people import Background, add_person, found_environment
from tre.governance.populations import Grant, create_population
from tre.governance.projects import approve_project, propose_project
from tre.governance.qualifications import Kind as Qualification
from tre.governance.roles import Role
from tre.ledger.account import Account, Kind, current_account
from tre.ledger.budget import Budget
from tre.ledger.question import Asked, Cost, Question, Reserved
from tre.ledger.reserve import reserve

NOW: Final = datetime(2026, 7, 1, 12, tzinfo=UTC)
KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

PATIENCE_SECONDS: Final = 1_000.0
"""How long a writer waits for others: hundreds at once on a machine that has much to do
take longer than the half a minute that an environment allows."""

ADMINISTRATOR: Final = "administrator"
STEWARD: Final = "steward"
COMMITTEE: Final = "committee"
RESEARCHER: Final = "researcher"
COLLEAGUE: Final = "colleague"

LASTING: Final = Background(
    qualified_until=dict.fromkeys(Qualification, date(2099, 12, 31))
)

CRITERIA: Final = {
    "public_benefit": "Better courses.",
    "analytical_merit": "A sound design.",
    "feasibility": "The data are there.",
    "privacy": "Aggregates only.",
    "ethics": "Reviewed.",
}


@dataclass(frozen=True, slots=True)
class World:
    """An open control database with everything a question needs."""

    control: Control
    versions: tuple[str, ...] = ()

    @contextmanager
    def act(self, actor: str, now: datetime = NOW) -> Iterator[Act]:
        """An act of somebody, today unless said otherwise."""
        with acting(self.control, actor, now) as act:
            yield act

    def account(self, kind: Kind, name: str) -> Account:
        """An account as it stands."""
        with self.control.reading() as connection:
            return current_account(connection, kind, name)

    def question(self, text: str = "SELECT 1", **asked: Any) -> Question:
        """A question of the researcher's, planned as its own text."""
        said = {"project": "pathways", "person": RESEARCHER, "spending": "rho=0.1"}
        return Question(
            asked=Asked(text=text, **(said | asked)),
            population="residents",
            canonical=text.lower(),
            versions=self.versions,
            policy_hash="policy",
        )

    def reserve(self, nano: int, text: str = "SELECT 1", **asked: Any) -> Reserved:
        """Charge a question so many nano-rho."""
        cost = Cost(Measure.ZCDP, nano, nano)
        question = self.question(text, **asked)
        reserved = reserve(self.control, question, cost, owner="here", now=NOW)
        assert isinstance(reserved, Reserved)
        return reserved


def zcdp(rho: Decimal | int, threshold_atto: int = 10**12) -> Budget:
    """A budget of exactly so much rho, for sums that tests can do in their heads."""
    nano = int(rho * NANO)
    return Budget(Measure.ZCDP, "1", "0.000002", nano, threshold_atto, 10**12)


def table(name: str, dataset: str, *columns: str) -> Table:
    """A published table of people with whole-number columns."""
    domain = Domain(Type.NUMBER, 0, 0, 120, nullable=False)
    known = tuple(Column(column, domain) for column in columns)
    return Table(name, dataset, Unit.PERSON, 1, known, frozenset(columns))


def publication(
    dataset: str = "people", number: int = 1, **changes: Any
) -> Publication:
    """A version of a dataset with one table of its name."""
    facts: dict[str, Any] = {
        "dataset": dataset,
        "label": f"2026.{number}",
        "title": dataset.title(),
        "population": "residents",
        "controller": "Department of Examples",
        "spine_version": "spine-1",
        "file": f"research/{dataset}-{number}",
        "key_name": f"{dataset}-{number}",
        "file_sha256": "0" * 64,
        "tables": (table(dataset, dataset, "age", "pay"),),
        "descriptor": {"name": dataset},
    }
    return Publication(**(facts | changes))


def application(**changes: Any) -> dict[str, Any]:
    """A complete application, with changes."""
    return {
        "name": "pathways",
        "title": "Does further education raise pay?",
        "lay_summary": "We ask whether courses help.",
        "criteria": CRITERIA,
        "population": "residents",
        "datasets": {"people": ["age"]},
        "researchers": [RESEARCHER],
        "budget": {"epsilon": 2, "delta": "1e-6", "measure": "zcdp"},
        "purposes": ["research"],
        "until": date(2027, 12, 31),
    } | changes


def opened(path: Place) -> Control:
    """A control database whose writers wait for each other, however slow they are."""
    return open_control(
        path, KEY, durability=Durability.PROCESS_END, patience_seconds=PATIENCE_SECONDS
    )


def found(path: Place) -> World:
    """A new control database with people in it, and nothing else."""
    world = World(opened(path))
    with world.act(ADMINISTRATOR) as act:
        found_environment(act)
        add_person(act, STEWARD, [Role.STEWARD], "Department of Examples")
        add_person(act, COMMITTEE, [Role.COMMITTEE])
        for person in (RESEARCHER, COLLEAGUE):
            add_person(act, person, [Role.RESEARCHER], background=LASTING)
    return world


def populated(path: Place, rho: Decimal | int = 100, **changes: Any) -> World:
    """People, a population with so much rho, and one published dataset."""
    world = found(path)
    grant = Grant(zcdp(rho), date(2028, 1, 1))
    with world.act(ADMINISTRATOR) as act:
        create_population(act, "residents", grant)
    with world.act(STEWARD) as act:
        versions = switch_versions(act, [publication(**changes)])
    return World(world.control, versions)


def activated(path: Place, rho: Decimal | int = 100, **changes: Any) -> World:
    """A populated world with an active project, `pathways`."""
    world = populated(path, rho)
    propose(world, **changes)
    approve(world)
    return world


def propose(world: World, **changes: Any) -> None:
    """The researcher's proposal of `pathways`."""
    with world.act(RESEARCHER) as act:
        propose_project(act, read_application(application(**changes)))


def approve(world: World, name: str = "pathways") -> None:
    """Both approvals a project of one controller needs."""
    for person in (STEWARD, COMMITTEE):
        with world.act(person) as act:
            approve_project(act, name)
