"""Whether a plan can be carried out: by public facts, before anything is asked."""

from __future__ import annotations

from pathlib import Path

from connectors.errors import Invalid
from privacy.catalogue import Catalogue
from privacy.errors import Refused
from privacy.model import is_model, model
from privacy.plan import aggregates_in
from privacy.query import BoundQuery
from privacy.teach import understand
from tre.evaluation.data import catalogue_of, package_named
from tre.evaluation.known import checked_register
from tre.evaluation.plan import Asking, Audit, Plan


def checked(plan: Plan, base: Path) -> Catalogue:
    """The catalogue of the plan's data.

    Invalid where a question cannot be asked or decides by no figure of its own, and
    where games or people are not there.
    """
    catalogue = catalogue_of(package_named(plan, base), base)
    for place, asking in enumerate(plan.questions):
        _check(asking, f"questions[{place}]", catalogue)
    if plan.audit is not None:
        _check_games(plan.audit)
    if plan.attacks is not None and plan.attacks.data is not None:
        checked_register(plan.attacks.data, catalogue)
    return catalogue


def _check(asking: Asking, place: str, catalogue: Catalogue) -> None:
    try:
        if is_model(asking.sql):
            model(asking.sql, catalogue)
            return
        query = understand(asking.sql, catalogue)
    except Refused as refusal:
        where = f" ({refusal.clause})" if refusal.clause else ""
        raise Invalid(f"{place}.sql", f"{refusal.message}{where}") from None
    if query.sets:
        raise Invalid(
            f"{place}.sql", "expected one grouping, without ROLLUP, CUBE or sets"
        )
    figures = _figures(query)
    if asking.decision is not None and asking.decision.column not in figures:
        raise Invalid(
            f"{place}.decision.column",
            f"expected a figure of the question: {', '.join(figures)}",
        )


def _figures(query: BoundQuery) -> list[str]:
    return [each.name for each in query.outputs if aggregates_in(each.value)]


def _check_games(said: Audit) -> None:
    if not said.only:
        return
    from tre.distinguish.suite import SUITE  # of the extra `evaluation`

    known = {game.name for _, games in SUITE for game in games}
    for name in said.only:
        if name not in known:
            raise Invalid(
                "audit.only",
                "expected names of games as a report of all of them has them, such as "
                f"{min(known)!r}",
            )
