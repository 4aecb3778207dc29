"""Populations: one linkage spine and one budget each, renewed only by agreement."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date
from typing import Final

from sqlalchemy import Connection, exists, insert, select

from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.canonical import canonical
from tre.control.tables import dataset, period_agreement, population
from tre.governance.roles import Action, permitted
from tre.ledger.account import Kind, Owner, State, current_account, open_account
from tre.ledger.account import set_state as set_account_state
from tre.ledger.budget import Budget

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Grant:
    """A population's budget for a period that ends after `until`."""

    budget: Budget
    until: date


def create_population(act: Act, name: str, grant: Grant) -> None:
    """Make a population and its first budget.

    Refused with not_permitted, invalid_name, invalid_budget or population_exists.
    """
    permitted(act, Action.CREATE_POPULATION)
    if not NAME.fullmatch(name):
        raise Refused(
            "invalid_name",
            "A name is lower-case letters, digits, - and _, a letter first.",
            clause=name[:80],
        )
    _check(act, grant)
    if population_exists(act.connection, name):
        raise Refused(
            "population_exists",
            f"The population {name} exists.",
            suggestion="Its controllers agree on its next budget.",
        )
    act.connection.execute(insert(population).values(name=name, created_at=act.now))
    owner = Owner(Kind.POPULATION, name, population=name)
    open_account(act, owner, grant.budget, grant.until)
    act.record("population.created", name, _facts(grant, 1))


def agree_next_period(act: Act, name: str, grant: Grant) -> bool:
    """Agree, for one's controller, to a population's next budget.

    True where every controller of its datasets has now agreed to the same terms and
    the new period has begun; the ended one is closed for good, whatever was left.
    Refused with not_permitted, unknown_population, period_running or invalid_budget.
    """
    steward = permitted(act, Action.AGREE_PERIOD)
    _check(act, grant)
    if not population_exists(act.connection, name):
        raise Refused("unknown_population", f"There is no population {name[:80]}.")
    controllers = _controllers(act.connection, name)
    if steward.controller not in controllers:
        raise Refused("not_permitted", "Only controllers of its datasets agree.")
    period = _ended_period(act, name) + 1
    terms = canonical(_facts(grant, period))
    key: dict[str, str | int | None] = {
        "population": name,
        "period": period,
        "controller": steward.controller,
    }
    agreed = _agreements(act.connection, name, period)
    if agreed.get(steward.controller) != terms:
        _agree(act, key, terms)
        agreed[steward.controller] = terms
    act.record("population.period_agreed", name, {**_facts(grant, period), **key})
    if any(agreed.get(controller) != terms for controller in controllers):
        return False
    set_account_state(act, Kind.POPULATION, name, State.CLOSED)
    owner = Owner(Kind.POPULATION, name, name, period)
    open_account(act, owner, grant.budget, grant.until)
    act.record("population.period_opened", name, _facts(grant, period))
    return True


def population_names(connection: Connection) -> tuple[str, ...]:
    """Every population, by name."""
    rows = connection.execute(select(population.c.name).order_by(population.c.name))
    return tuple(row.name for row in rows)


def population_exists(connection: Connection, name: str) -> bool:
    """Whether there is a population of that name."""
    found = select(exists(select(population).where(population.c.name == name)))
    return connection.execute(found).scalar_one()


def _ended_period(act: Act, name: str) -> int:
    running = current_account(act.connection, Kind.POPULATION, name)
    if running.until is None or running.until >= act.now.astimezone(UTC).date():
        raise Refused(
            "period_running",
            "The next budget begins when this period has ended.",
            suggestion=f"Agree after {running.until}.",
        )
    return running.owner.period


def _controllers(connection: Connection, name: str) -> frozenset[str]:
    """All that ever published: withdrawn data may come back under the new budget."""
    rows = connection.execute(
        select(dataset.c.controller).where(dataset.c.population == name).distinct()
    )
    return frozenset(rows.scalars())


def _agreements(
    connection: Connection, name: str, period: int
) -> dict[str | None, str]:
    rows = connection.execute(
        select(period_agreement).where(
            period_agreement.c.population == name, period_agreement.c.period == period
        )
    )
    return {row.controller: row.terms for row in rows}


def _agree(act: Act, key: dict[str, str | int | None], terms: str) -> None:
    table = period_agreement
    act.connection.execute(
        table.delete().where(*(table.c[name] == value for name, value in key.items()))
    )
    act.connection.execute(
        insert(table).values(**key, person=act.actor, terms=terms, agreed_at=act.now)
    )


def _check(act: Act, grant: Grant) -> None:
    if not grant.budget.conversion_atto:
        raise Refused("invalid_budget", "A population's budget has a delta.")
    if grant.until < act.now.astimezone(UTC).date():
        raise Refused("invalid_budget", "A budget's period ends in the future.")


def _facts(grant: Grant, period: int) -> dict[str, str | int]:
    return {
        "period": period,
        "until": grant.until.isoformat(),
        "epsilon": grant.budget.epsilon,
        "delta": grant.budget.delta,
        "total_nano": grant.budget.total_nano,
        "threshold_atto": grant.budget.threshold_atto,
        "conversion_atto": grant.budget.conversion_atto,
    }
