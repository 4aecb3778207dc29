"""Accounts: a population's for a period, a dataset's and a project's for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from privacy.accounting import ATTO, NANO, Loss, Measure, epsilon_of_rho
from tre.audit.act import Act
from tre.control.tables import account, storable
from tre.ledger.budget import Budget

_NEWEST: Final = (
    select(account)
    .where(account.c.kind == bindparam("kind"), account.c.name == bindparam("name"))
    .order_by(account.c.period.desc())
)


class Kind(Enum):
    """Whose account it is."""

    POPULATION = "population"
    DATASET = "dataset"
    PROJECT = "project"


class State(Enum):
    """Whether an account may be charged now, may again later, or never again."""

    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose account: a name of its kind, inside a population, in a period."""

    kind: Kind
    name: str
    population: str
    period: int = 1


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stands. Amounts are nano-rho, or nano-epsilon where pure."""

    owner: Owner
    measure: Measure
    epsilon: str
    delta: str
    total_nano: int
    spent_nano: int
    threshold_total_atto: int
    threshold_spent_atto: int
    conversion_atto: int
    until: date | None
    state: State

    @property
    def left_nano(self) -> int:
        """What may still be spent."""
        return self.total_nano - self.spent_nano

    @property
    def threshold_left_atto(self) -> int:
        """The delta that thresholds may still spend."""
        return self.threshold_total_atto - self.threshold_spent_atto

    @property
    def capped(self) -> bool:
        """Whether somebody declared a budget for it."""
        return self.epsilon != ""

    @property
    def left(self) -> Loss:
        """What is left, for people to read; the ledger itself counts in integers."""
        if self.measure is Measure.PURE:
            epsilon = self.left_nano / NANO
            return Loss(rho=epsilon**2 / 2, epsilon=epsilon, delta=0.0)
        return Loss(
            rho=self.left_nano / NANO,
            epsilon=epsilon_of_rho(self.left_nano, self.conversion_atto),
            delta=(self.conversion_atto + self.threshold_left_atto) / ATTO,
        )


def open_account(act: Act, owner: Owner, budget: Budget, until: date | None) -> None:
    """Open an account with nothing spent. The caller records why."""
    act.connection.execute(
        insert(account).values(
            kind=owner.kind.value,
            name=owner.name,
            period=owner.period,
            population=owner.population,
            measure=budget.measure.value,
            epsilon=budget.epsilon,
            delta=budget.delta,
            total_nano=budget.total_nano,
            spent_nano=0,
            threshold_total_atto=budget.threshold_atto,
            threshold_spent_atto=0,
            conversion_atto=budget.conversion_atto,
            until=until,
            state=State.OPEN.value,
            opened_at=act.now,
        )
    )


def set_state(act: Act, kind: Kind, name: str, state: State) -> None:
    """Freeze, thaw or close what is not closed yet. The caller records why."""
    act.connection.execute(
        update(account)
        .where(account.c.kind == kind.value, account.c.name == name)
        .where(account.c.state != State.CLOSED.value)
        .values(state=state.value)
    )


def lower_cap(act: Act, dataset: str, budget: Budget) -> bool:
    """Lower a dataset's budget, whatever is spent. False where nothing changed.

    ValueError where the new budget would be larger: a new version refills nothing.
    What is already spent stays: a cap below it leaves nothing.
    """
    held = current_account(act.connection, Kind.DATASET, dataset)
    if (budget.epsilon, budget.delta) == (held.epsilon, held.delta):
        return False
    larger = (
        budget.total_nano > held.total_nano
        or budget.threshold_atto > held.threshold_total_atto
    )
    if larger or not budget.conversion_atto:
        raise ValueError("a new version does not raise its dataset's budget")
    act.connection.execute(
        update(account)
        .where(account.c.kind == Kind.DATASET.value, account.c.name == dataset)
        .values(
            epsilon=budget.epsilon,
            delta=budget.delta,
            total_nano=max(budget.total_nano, held.spent_nano),
            threshold_total_atto=max(budget.threshold_atto, held.threshold_spent_atto),
            conversion_atto=budget.conversion_atto,
        )
    )
    return True


def change_budget(act: Act, project: str, budget: Budget, until: date) -> None:
    """Give a project another budget and last day, whatever it has spent.

    The measure stays. A budget below what is spent leaves nothing. The caller
    records what was agreed.
    """
    held = current_account(act.connection, Kind.PROJECT, project)
    if budget.measure is not held.measure:
        raise ValueError("a project's measure does not change")
    act.connection.execute(
        update(account)
        .where(account.c.kind == Kind.PROJECT.value, account.c.name == project)
        .values(
            epsilon=budget.epsilon,
            delta=budget.delta,
            total_nano=max(budget.total_nano, held.spent_nano),
            threshold_total_atto=max(budget.threshold_atto, held.threshold_spent_atto),
            conversion_atto=budget.conversion_atto,
            until=until,
        )
    )


def current_account(connection: Connection, kind: Kind, name: str) -> Account:
    """The newest account of this name. LookupError where there has been none."""
    named = {"kind": kind.value, "name": name}
    row = connection.execute(_NEWEST, named).first() if storable(name) else None
    if row is None:
        raise LookupError(f"there is no {kind.value} account of that name")
    return read_account(row)


def all_accounts(connection: Connection, population: str) -> tuple[Account, ...]:
    """Every account a population ever had, its own first, in order of opening."""
    rows = connection.execute(
        select(account)
        .where(account.c.population == population)
        .order_by(account.c.kind != Kind.POPULATION.value, account.c.id)
    )
    return tuple(read_account(row) for row in rows)


def read_account(row: Row[tuple[object, ...]]) -> Account:
    """An account from its row."""
    return Account(
        owner=Owner(Kind(row.kind), row.name, row.population, row.period),
        measure=Measure(row.measure),
        epsilon=row.epsilon,
        delta=row.delta,
        total_nano=row.total_nano,
        spent_nano=row.spent_nano,
        threshold_total_atto=row.threshold_total_atto,
        threshold_spent_atto=row.threshold_spent_atto,
        conversion_atto=row.conversion_atto,
        until=row.until,
        state=State(row.state),
    )
