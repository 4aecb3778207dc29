"""A question read, planned and priced from public facts, or refused with what would be.

What a refusal suggests has been read here as the question was: where a text was
refused a text, and where an amount was refused an amount that the project can pay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from privacy.bound import bound
from privacy.catalogue import Unit
from privacy.compile import canonical
from privacy.errors import Refused
from privacy.levels import level
from privacy.masked import masked
from privacy.model import Model, is_model, model, simpler
from privacy.plan import Plan, plan
from privacy.policy import Policy
from privacy.price import Price, check_keys, unlisted_key
from privacy.query import BoundQuery
from privacy.relation import tables
from privacy.spending import Allowance, Spending
from privacy.teach import teach
from tre.affordable import Paying, amount_instead, in_margins
from tre.earlier import Warned
from tre.governance.admit import Admission
from tre.governance.catalogue import Version
from tre.ledger.question import Asked, Question
from tre.remembered import price_of, understood
from tre.spend import Spend


@dataclass(frozen=True, slots=True)
class Planned:
    """A question that was admitted and planned. Nothing is read or spent."""

    asked: Asked
    admission: Admission
    plan: Plan
    versions: tuple[Version, ...]
    model: Model | None = None
    """The regression that is fitted to the answer, where that is what was asked."""
    warned: tuple[Warned, ...] = ()
    """How it goes together with earlier questions."""

    @property
    def question(self) -> Question:
        """The question as the ledger keeps it."""
        return Question(
            asked=self.asked,
            population=self.admission.population,
            canonical=self._canonical,
            versions=tuple(version.id for version in self.versions),
            policy_hash=self.plan.policy.hash,
            shown=masked(self.asked.text, self.admission.catalogue),
        )

    @property
    def _canonical(self) -> str:
        query = canonical(self.plan.query)
        return query if self.model is None else f"{self.model.family.value} {query}"


def plan_question(asked: Asked, admission: Admission, policy: Policy) -> Planned:
    """Read and plan a question, or refuse it with a text that is planned.

    The project's own policy counts before the one given.
    """
    policy = admission.policy or policy
    try:
        return _planned(asked, admission, policy)
    except Refused as refused:
        _teach(refused, asked, admission, lambda it: _planned(it, admission, policy))
        raise


def price_question(found: Planned, spend: Spend) -> Price:
    """Price a question, or refuse it with an amount or a text that is priced."""
    try:
        return _priced(found, spend.spending)
    except Refused as refused:
        refused.suggestion = amount_instead(
            refused, found.admission.account, lambda said: _priced(found, said)
        )
        _teach_public_keys(refused, found, spend)
        raise


def payable(refused: Refused, found: Planned, price: Price, spend: Spend) -> Refused:
    """The ledger's refusal of a price, with a margin or keys that could be paid."""
    better = in_margins(refused, paying(found, price, spend))
    _teach_public_keys(better, found, spend)
    return better


def paying(found: Planned, price: Price, spend: Spend) -> Paying:
    """Who would pay for a question, and what it costs said otherwise."""
    account = found.admission.account
    return Paying(account, price, spend.spending, lambda said: _priced(found, said))


def versions_read(
    query: BoundQuery, version: Callable[[str], Version]
) -> tuple[Version, ...]:
    """The dataset versions a question reads, each once, all of one spine version.

    `version` gives the one to read of a table, or refuses the table.
    """
    read = {table.name: table for table in tables(query.relation)}
    current = {name: version(name) for name in sorted(read)}
    found = {each.id: each for each in current.values()}
    people = [name for name, table in read.items() if table.unit is Unit.PERSON]
    if len({current[name].spine_version for name in people}) > 1:
        raise Refused(
            "join",
            "These tables number people by different versions of the linkage: ask "
            "again when all have been republished.",
        )
    return tuple(found.values())


def _planned(asked: Asked, admission: Admission, policy: Policy) -> Planned:
    text, catalogue = asked.text, admission.catalogue
    fitted = model(text, catalogue) if is_model(text) else None
    query = fitted.query if fitted else understood(asked.project, text, catalogue)
    measure = admission.account.measure
    found = level(plan(bound(query), policy), measure)
    check_keys(found, measure)
    versions = versions_read(query, admission.version)
    return Planned(asked, admission, found, versions, fitted.model if fitted else None)


def _priced(found: Planned, spending: Spending) -> Price:
    account = found.admission.account
    allowance = Allowance(
        account.measure,
        account.left_nano,
        account.conversion_atto,
        account.threshold_total_atto,
    )
    return price_of(found.asked.project, found.plan, spending, allowance)


def _teach(
    refused: Refused,
    asked: Asked,
    admission: Admission,
    read: Callable[[Asked], object],
) -> None:
    """Have a refusal suggest a text that is not refused when it is asked instead."""
    teach(
        refused,
        asked.text,
        admission.catalogue,
        lambda text: read(replace(asked, text=text)),
        simpler(asked.text),
    )


def _teach_public_keys(refused: Refused, found: Planned, spend: Spend) -> None:
    """Where keys would come out past a threshold that cannot be paid, find others."""
    if refused.suggestion or found.plan.emerging is None:
        return
    refused.clause = unlisted_key(found.plan)

    def read(other: Asked) -> None:
        again = _planned(other, found.admission, found.plan.policy)
        if _priced(again, spend.spending).delta_atto:
            raise refused

    _teach(refused, found.asked, found.admission, read)
