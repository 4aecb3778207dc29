"""Whether the ledger adds up: balances, charges and outcomes are those of the log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import gt
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, literal, select, union_all

from tre.audit.told import Discrepancy, Told, different, told
from tre.control.tables import (
    account,
    charge,
    measurement,
    measurement_charge,
    question,
)
from tre.ledger.account import Kind
from tre.ledger.terms import terms, terms_told

Key: TypeAlias = tuple[str, str, int]
"""An account: its kind, name and period."""

Amount: TypeAlias = tuple[int, int]
"""Nano-ρ (or nano-ε) and the threshold's atto."""

Charges: TypeAlias = dict[str, dict[Key, Amount]]
"""What each question or measurement took from each account."""

_CHARGES: Final = ("question.reserved", "profile.reserved", "profile.released")
_BUDGETS: Final = (
    *("population.created", "population.period_opened", "project.activated"),
    *("project.terms_changed", "dataset.published", "dataset.cap_lowered"),
)
_OUTCOMES: Final = (
    *("question.released", "question.failed"),
    *("profile.released", "profile.failed"),
)

_ACCOUNT: Final = (account.c.kind, account.c.name, account.c.period)
_BY_QUESTION: Final = select(
    charge.c.question.label("who"), *_ACCOUNT, charge.c.nano, charge.c.threshold_atto
).join(account, account.c.id == charge.c.account)
_BY_PROFILE: Final = select(
    measurement_charge.c.measurement.label("who"),
    *_ACCOUNT,
    measurement_charge.c.nano,
    literal(0).label("threshold_atto"),
).join(account, account.c.id == measurement_charge.c.account)
_STORED: Final = union_all(_BY_QUESTION, _BY_PROFILE)


@dataclass(slots=True)
class _Log:
    """What the log says was agreed, charged, and came of it."""

    charges: Charges = field(default_factory=lambda: defaultdict(dict))
    outcomes: dict[str, str] = field(default_factory=dict)
    budgets: dict[Key, Amount] = field(default_factory=dict)


def reconcile(connection: Connection) -> tuple[Discrepancy, ...]:
    """Where the ledger's tables and the log differ; there should be nothing.

    Every balance is the sum of the charges on record, every charge and outcome is
    the recorded one, no budget is larger than what was agreed, and no account is open
    that should not be, or for longer.
    """
    log = _read(connection)
    stored = _stored_charges(connection)
    return (
        *_balances(connection, log),
        *_different("charges", log.charges, stored),
        *_different("outcomes", log.outcomes, _stored_outcomes(connection)),
        *different(terms_told(connection), terms(connection)),
    )


def _read(connection: Connection) -> _Log:
    log = _Log()
    for said in told(connection, *_CHARGES, *_BUDGETS, *_OUTCOMES):
        if said.kind in _CHARGES:
            log.outcomes[said.subject] = "reserved"
            for each in said.detail["charges"]:
                key = (each["kind"], each["name"], each["period"])
                amount = (each["nano"], each["threshold_atto"])
                log.charges[said.subject][key] = amount
        if said.kind in _OUTCOMES:
            log.outcomes[said.subject] = said.kind.rpartition(".")[2]
        if said.kind in _BUDGETS:
            _take_budget(log, said)
    return log


def _take_budget(log: _Log, said: Told) -> None:
    """Note what an account may spend. A dataset without a cap has no limit."""
    detail, name = said.detail, said.subject
    if said.kind.startswith("population."):
        log.budgets[Kind.POPULATION.value, name, detail["period"]] = _total(detail)
    elif said.kind in {"project.activated", "project.terms_changed"}:
        log.budgets[Kind.PROJECT.value, name, 1] = _total(detail["budget"])
    else:
        dataset = name.rpartition("/")[0] or name
        cap = detail.get("cap") if said.kind == "dataset.published" else detail
        if cap is not None:
            log.budgets[Kind.DATASET.value, dataset, 1] = _total(cap)


def _total(facts: Mapping[str, Any]) -> Amount:
    return facts["total_nano"], facts["threshold_atto"]


def _balances(connection: Connection, log: _Log) -> Iterator[Discrepancy]:
    charged: dict[Key, Amount] = {}
    for charges in log.charges.values():
        for key, (nano, atto) in charges.items():
            so_far = charged.get(key, (0, 0))
            charged[key] = (so_far[0] + nano, so_far[1] + atto)
    for row in connection.execute(select(account).order_by(account.c.id)):
        key = (row.kind, row.name, row.period)
        what = f"the account of the {row.kind} {row.name}, period {row.period}"
        spent = (row.spent_nano, row.threshold_spent_atto)
        expected = charged.get(key, (0, 0))
        if spent != expected:
            problem = f"has spent {spent[0]} nano, and the log has {expected[0]}"
            yield Discrepancy(what, problem)
        agreed = log.budgets.get(key)
        # A cap that is lowered below what is spent stays at that.
        total = (row.total_nano, row.threshold_total_atto)
        if agreed and any(map(gt, total, map(max, agreed, spent))):
            yield Discrepancy(what, "may spend more than the log has")


def _stored_charges(connection: Connection) -> Charges:
    stored: Charges = defaultdict(dict)
    for row in connection.execute(_STORED):
        key = (row.kind, row.name, row.period)
        stored[row.who][key] = (row.nano, row.threshold_atto)
    return stored


def _stored_outcomes(connection: Connection) -> dict[str, str]:
    states = select(question.c.id, question.c.state).union_all(
        select(measurement.c.id, measurement.c.state)
    )
    return {row.id: row.state for row in connection.execute(states)}


def _different(
    thing: str, log: Mapping[str, Any], stored: Mapping[str, Any]
) -> Iterator[Discrepancy]:
    for each in sorted(log.keys() | stored.keys()):
        if log.get(each) != stored.get(each):
            yield Discrepancy(f"the {thing} of {each}", "differ from the log's")
