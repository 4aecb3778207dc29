"""Whom a notebook asks: one project, over HTTP or in an environment on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from privacy.accounting import Loss
from tre.client import Client
from tre.environment import Environment
from tre.release import Release


class Spending(TypedDict, total=False):
    """What is to be spent: at most one of these."""

    epsilon: float
    rho: float
    margin: float
    share: float


@dataclass(frozen=True, slots=True)
class Desk:
    """One project's questions, answers and budget.

    `explain` gives a question's expected errors in sentences, `datasets` the public
    facts of what may be asked. All raise Refused and Failed as `tre.Environment` does.
    """

    project: str
    ask: Callable[[str, Spending], Release]
    explain: Callable[[str, Spending], Sequence[str]]
    left: Callable[[], Loss]
    datasets: Callable[[], Sequence[Mapping[str, Any]]]


def over_http(client: Client, project: str) -> Desk:
    """A desk at a server."""

    def explain(sql: str, spending: Spending) -> Sequence[str]:
        words: Sequence[str] = client.explain(sql, project=project, **spending)["words"]
        return words

    return Desk(
        project,
        lambda sql, spending: client.ask(sql, project=project, **spending),
        explain,
        lambda: client.budget(project),
        client.datasets,
    )


def in_environment(environment: Environment, project: str, person: str) -> Desk:
    """A desk in an environment whose home is on this machine."""
    return Desk(
        project,
        lambda sql, spending: environment.ask(
            sql, project=project, person=person, **spending
        ),
        lambda sql, spending: (
            environment.explain(sql, project=project, person=person, **spending).words
        ),
        lambda: environment.remaining(project, person=person),
        environment.datasets,
    )
