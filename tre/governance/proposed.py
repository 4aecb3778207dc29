"""Projects, and who approves of them: as the log has it, and as the tables do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import Connection, select

from tre.audit.told import UNSAID, Told, told
from tre.control.canonical import canonical, digest
from tre.control.tables import (
    amendment,
    approval,
    instant_text,
    project,
    project_researcher,
    project_table,
)

_KINDS: Final = (
    *("project.proposed", "project.amended", "project.approved"),
    *("project.approval_withdrawn", "project.activated", "project.suspended"),
    *("project.amendment_proposed", "project.amendment_withdrawn"),
    *("project.terms_changed", "project.resumed", "project.closed"),
    *("dataset.published", "dataset.withdrawn"),
)
_STATES: Final = {
    "project.activated": "active",
    "project.suspended": "suspended",
    "project.resumed": "active",
    "project.closed": "closed",
}

Tables: TypeAlias = dict[tuple[str, str], str]
"""Which dataset each table is of, by population and name."""

Asked: TypeAlias = tuple[str, str, str]
"""A table's name, the dataset it was of when it was asked for, and its columns."""


class Approval(NamedTuple):
    """By whom, in which capacity, for which controller, of which text, and when."""

    person: str
    capacity: str
    controller: str | None
    digest: str
    at: str


@dataclass(frozen=True, slots=True)
class _Text:
    """An application, and the route that it takes."""

    application: Mapping[str, Any]
    route: object

    @property
    def digest(self) -> str:
        return digest(self.application)


@dataclass(slots=True)
class _Project:
    """A project as its records tell it so far."""

    proposer: str
    text: _Text
    tables: frozenset[Asked]
    state: str = "proposed"
    outcome: str | None = None
    amendment: _Text | None = None
    approvals: set[Approval] = field(default_factory=set)
    known: bool = True
    """Whether records say whose approvals a change of terms carried over."""


def proposed_told(connection: Connection) -> dict[str, object]:
    """What the log says of every project."""
    projects: dict[str, _Project] = {}
    tables: Tables = {}
    for said in told(connection, *_KINDS):
        if said.kind.startswith("dataset."):
            _take_dataset(tables, said)
        elif said.kind == "project.proposed":
            text = _text(said)
            projects[said.subject] = _Project(said.actor, text, _asked(text, tables))
        elif said.subject in projects:
            _take(projects[said.subject], said, tables)
    return {
        what: fact
        for name, each in projects.items()
        for what, fact in _facts(
            name,
            application=canonical(each.text.application),
            digest=each.text.digest,
            route=each.text.route,
            proposer=each.proposer,
            population=each.text.application["population"],
            until=each.text.application["until"],
            state=each.state,
            outcome=each.outcome,
            researchers=frozenset(each.text.application["researchers"]),
            tables=each.tables,
            approvals=frozenset(each.approvals) if each.known else UNSAID,
            amendment=each.amendment
            and (canonical(each.amendment.application), each.amendment.route),
        ).items()
    }


def proposed(connection: Connection) -> dict[str, object]:
    """What the tables say of every project."""
    researchers: dict[str, set[str]] = {}
    for row in connection.execute(select(project_researcher)):
        researchers.setdefault(row.project, set()).add(row.person)
    tables: dict[str, set[Asked]] = {}
    for row in connection.execute(select(project_table)):
        asked = (row.table_name, row.dataset, row.columns)
        tables.setdefault(row.project, set()).add(asked)
    approvals: dict[str, set[Approval]] = {}
    for row in connection.execute(select(approval)):
        at = instant_text(row.approved_at)
        given = Approval(row.person, row.capacity, row.controller, row.digest, at)
        approvals.setdefault(row.project, set()).add(given)
    amendments = {
        row.project: (row.application, row.route)
        for row in connection.execute(select(amendment))
    }
    return {
        what: fact
        for row in connection.execute(select(project))
        for what, fact in _facts(
            row.name,
            application=row.application,
            digest=row.digest,
            route=row.route,
            proposer=row.proposer,
            population=row.population,
            until=row.until.isoformat(),
            state=row.state,
            outcome=row.outcome,
            researchers=frozenset(researchers.get(row.name, ())),
            tables=frozenset(tables.get(row.name, ())),
            approvals=frozenset(approvals.get(row.name, ())),
            amendment=amendments.get(row.name),
        ).items()
    }


def _facts(name: str, **facts: object) -> dict[str, object]:
    return {f"the {what} of project {name}": fact for what, fact in facts.items()}


def _text(said: Told) -> _Text:
    return _Text(said.detail["application"], said.fact("route"))


def _asked(text: _Text, tables: Tables) -> frozenset[Asked]:
    population = text.application["population"]
    return frozenset(
        (name, tables.get((population, name), ""), canonical(sorted(set(columns))))
        for name, columns in text.application["datasets"].items()
    )


def _take_dataset(tables: Tables, said: Told) -> None:
    """Note which dataset each table is of; a dataset that is withdrawn has none."""
    published = said.kind == "dataset.published"
    name = said.subject.rpartition("/")[0] if published else said.subject
    for place in [place for place, its in tables.items() if its == name]:
        del tables[place]
    if published:
        population = said.detail["population"]
        tables |= {(population, table): name for table in said.detail["tables"]}


def _take(held: _Project, said: Told, tables: Tables) -> None:
    match said.kind:
        case "project.amended":
            held.approvals.clear()
            held.text = _text(said)
            held.tables = _asked(held.text, tables)
        case "project.approved":
            facts = said.detail
            own = (facts["capacity"], facts["controller"], facts["application_sha256"])
            held.approvals.add(Approval(said.actor, *own, said.at))
        case "project.approval_withdrawn":
            _take_back(held, said)
        case "project.amendment_proposed":
            _drop_amendment(held)
            held.amendment = _text(said)
        case "project.amendment_withdrawn":
            _drop_amendment(held)
        case "project.terms_changed":
            _change_terms(held, said, tables)
        case kind:
            held.state = _STATES[kind]
            held.outcome = said.detail.get("outcome")
            if kind == "project.closed":
                _drop_amendment(held)


def _take_back(held: _Project, said: Told) -> None:
    """One's own, or else the first of those that the actor speaks for."""
    facts = said.detail
    of = (facts["controller"], facts["application_sha256"])
    given = [each for each in held.approvals if (each.controller, each.digest) == of]
    if given:
        held.approvals.remove(
            min(given, key=lambda each: (each.person != said.actor, each.person))
        )


def _drop_amendment(held: _Project) -> None:
    if held.amendment is not None and held.amendment.digest != held.text.digest:
        _drop_approvals(held, held.amendment.digest)
    held.amendment = None


def _change_terms(held: _Project, said: Told, tables: Tables) -> None:
    if held.amendment is None:
        return  # the log itself is checked elsewhere
    old, held.text, held.amendment = held.text, held.amendment, None
    held.tables = _asked(held.text, tables)
    held.known &= "carried" in said.detail
    carried = said.detail.get("carried", ())
    held.approvals |= {
        each._replace(digest=held.text.digest)
        for each in held.approvals
        if each.digest == old.digest and each.person in carried
    }
    _drop_approvals(held, old.digest)


def _drop_approvals(held: _Project, of: str) -> None:
    held.approvals = {each for each in held.approvals if each.digest != of}
