"""On what terms each account stands: as the log has it, and as the table does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Connection, select

from tre.audit.told import UNSAID, Told, told
from tre.control.tables import account
from tre.ledger.account import Kind, State
from tre.ledger.budget import Budget

_STATES: Final = {
    "dataset.published": State.OPEN,
    "dataset.withdrawn": State.FROZEN,
    "project.suspended": State.FROZEN,
    "project.resumed": State.OPEN,
    "project.closed": State.CLOSED,
}
_KINDS: Final = (
    *("population.created", "population.period_opened", "dataset.cap_lowered"),
    *("project.proposed", "project.amended", "project.amendment_proposed"),
    *("project.activated", "project.terms_changed"),
    *_STATES,
)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What an account was opened with, until when, and whether it may be charged."""

    budget: Mapping[str, Any] | None
    until: str | None
    state: State = State.OPEN

    def facts(self) -> object:
        """The terms to compare, or UNSAID."""
        if self.budget is None:
            return UNSAID
        named = ("epsilon", "delta", "conversion_atto")
        measure = self.budget.get("measure", "zcdp")
        own = (measure, *(self.budget[name] for name in named))
        return (*own, self.until, self.state.value)


@dataclass(slots=True)
class _Log:
    accounts: dict[tuple[str, str, int], _Terms] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    """Until when a project was last proposed for, by its name."""


def terms_told(connection: Connection) -> dict[str, object]:
    """What the log says of every account."""
    log = _Log()
    for said in told(connection, *_KINDS):
        _take(log, said)
    return {_words(*key): each.facts() for key, each in log.accounts.items()}


def terms(connection: Connection) -> dict[str, object]:
    """What the table says of every account."""
    return {
        _words(row.kind, row.name, row.period): (
            row.measure,
            row.epsilon,
            row.delta,
            row.conversion_atto,
            None if row.until is None else row.until.isoformat(),
            row.state,
        )
        for row in connection.execute(select(account))
    }


def _take(log: _Log, said: Told) -> None:
    name, facts = said.subject, said.detail
    match said.kind:
        case "population.created" | "population.period_opened":
            _set_state(log, Kind.POPULATION, name, State.CLOSED)
            key = (Kind.POPULATION.value, name, facts["period"])
            log.accounts[key] = _Terms(facts, facts["until"])
        case "project.proposed" | "project.amended" | "project.amendment_proposed":
            log.ends[name] = facts["application"]["until"]
        case "project.activated":
            key = (Kind.PROJECT.value, name, 1)
            log.accounts[key] = _Terms(facts.get("budget"), log.ends.get(name))
        case "project.terms_changed":
            key = (Kind.PROJECT.value, name, 1)
            changed = replace(log.accounts[key], until=log.ends[name])
            log.accounts[key] = replace(changed, budget=facts["budget"])
        case "dataset.cap_lowered":
            key = (Kind.DATASET.value, name, 1)
            log.accounts[key] = replace(log.accounts[key], budget=facts)
        case "dataset.published":
            _take_dataset(log, said)
        case kind:
            _set_state(log, Kind(kind.partition(".")[0]), name, _STATES[kind])


def _take_dataset(log: _Log, said: Told) -> None:
    """The first version opens the account; later ones lower it by a record of it."""
    name = said.subject.rpartition("/")[0]
    key = (Kind.DATASET.value, name, 1)
    if key in log.accounts:
        _set_state(log, Kind.DATASET, name, State.OPEN)
        return
    uncapped = Budget.uncapped().facts()
    cap = said.detail["cap"] or uncapped if "cap" in said.detail else None
    log.accounts[key] = _Terms(cap, until=None)


def _set_state(log: _Log, kind: Kind, name: str, state: State) -> None:
    for key, held in log.accounts.items():
        if key[:2] == (kind.value, name) and held.state is not State.CLOSED:
            log.accounts[key] = replace(held, state=state)


def _words(kind: str, name: str, period: int) -> str:
    return f"what the {kind} {name}, period {period}, may spend, and until when,"
