"""What was asked before, and how a question differs from it: structure, never data.

Whom it is told to decides what is compared. A project's own questions are compared as
they were asked. Of other projects' a researcher is told only what follows from the
public register: the text it shows, and that only where nothing in it is masked, since
comparing what is masked would tell it. Output checkers, who judge what leaves, are told
of all the population's questions as they were asked, in the register's words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, select

from privacy.extent import Group
from privacy.history import Difference, Kind, difference, together
from privacy.masked import MASK
from tre.audit.followed import Followed
from tre.audit.record import Record
from tre.control.canonical import Json
from tre.control.tables import question
from tre.governance.catalogue import current_catalogue
from tre.remembered import reader

MOST_COMPARED: Final = 200
"""The latest questions that one is compared with: so many of its own project's, and as
many of others'."""

MOST_TOLD: Final = 10
_LONGEST: Final = 120
_EVERYBODY: Final = ""


@dataclass(frozen=True, slots=True)
class Charged:
    """A question that was charged, as the log tells of it."""

    id: str
    on: str
    project: str
    population: str
    shown: str


@dataclass(frozen=True, slots=True)
class Warned:
    """An earlier question, and how another goes together with it.

    `question` and `project` are empty where it is about several together.
    """

    question: str
    project: str
    on: str
    kind: Kind
    columns: tuple[str, ...]
    words: str

    def facts(self) -> dict[str, Json]:
        """The warning as receipts hold it."""
        return {
            "kind": self.kind.value,
            "question": self.question,
            "project": self.project,
            "on": self.on,
            "columns": list(self.columns),
            "words": self.words,
        }


@dataclass(frozen=True, slots=True)
class Asking:
    """A question to be compared: what of it counts. `id` where it was charged."""

    project: str
    population: str
    groups: tuple[Group, ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a population was asked, followed in the log. Thread-safe."""

    charged: Followed[Charged] = field(
        default_factory=lambda: Followed(("question.reserved",), _charged)
    )

    def told_researchers(
        self, connection: Connection, asking: Asking
    ) -> tuple[Warned, ...]:
        """What its project is told: of its own questions, and of the register's."""
        known = self._of(connection, asking)
        own = [each for each in known if each.project == asking.project]
        others = [
            each
            for each in known
            if each.project != asking.project and MASK not in each.shown
        ]
        texts = {
            **{each.id: each.shown for each in others[-MOST_COMPARED:]},
            **_texts(connection, own[-MOST_COMPARED:]),
        }
        return _warned(connection, asking, known, texts)

    def told_checkers(
        self, connection: Connection, asking: Asking
    ) -> tuple[Warned, ...]:
        """What those are told who judge what its project carries out."""
        known = self._of(connection, asking)
        texts = _texts(connection, known[-2 * MOST_COMPARED :])
        return _warned(connection, asking, known, texts)

    def asked(self, connection: Connection, id: str) -> Asking | None:  # noqa: A002 (the contract's)
        """A question that was charged, to be compared; None where there is none."""
        found = [each for each in self.charged.made(connection) if each.id == id]
        for each in found:
            texts = _texts(connection, [each])
            return next(_read(connection, each.population, [each], texts), None)
        return None

    def _of(self, connection: Connection, asking: Asking) -> list[Charged]:
        return [
            each
            for each in self.charged.made(connection)
            if each.population == asking.population and each.id != asking.id
        ]


def _charged(record: Record) -> Charged:
    detail: Mapping[str, Any] = json.loads(record.detail)
    return Charged(
        record.subject,
        record.at.partition("T")[0],
        detail["project"],
        detail["population"],
        detail.get("shown") or MASK,
    )


def _texts(connection: Connection, known: Sequence[Charged]) -> dict[str, str]:
    """Questions as they were asked."""
    rows = connection.execute(
        select(question.c.id, question.c.body).where(
            question.c.id.in_([each.id for each in known])
        )
    )
    return {row.id: json.loads(row.body)["text"] for row in rows}


def _read(
    connection: Connection,
    population: str,
    known: Iterable[Charged],
    texts: Mapping[str, str],
) -> Iterator[Asking]:
    """Questions by their groups, over the population's whole catalogue as it is now.

    What is not read any more (its data were withdrawn) cannot be asked any more.
    """
    read = reader(current_catalogue(connection, population).catalogue)
    for each in known:
        if each.id in texts:
            public = texts[each.id] == each.shown
            whose = _EVERYBODY if public else each.project
            found = read(whose, texts[each.id])
            yield Asking(each.project, population, found, each.id)


def _warned(
    connection: Connection,
    asking: Asking,
    known: Sequence[Charged],
    texts: Mapping[str, str],
) -> tuple[Warned, ...]:
    """The weightiest, and of those the latest, each said once."""
    by_id = {each.id: each for each in known}
    found: dict[object, Warned] = {}
    pool: list[Group] = []
    for other in _read(connection, asking.population, known, texts):
        pool += other.groups
        told = difference(other.groups, asking.groups)
        if told is not None:
            earlier = by_id[other.id]
            found[earlier.project, earlier.shown, told] = _of_one(asking, earlier, told)
    several = together(pool, asking.groups)
    if several is not None:
        found[several] = _of_several(several, known[-1].on)
    weight = {kind: place for place, kind in enumerate(Kind)}
    newest_first = [*found.values()][::-1]
    latest = sorted(newest_first, key=lambda each: weight[each.kind])
    return tuple(latest[:MOST_TOLD])


def _of_one(asking: Asking, other: Charged, told: Difference) -> Warned:
    shown = " ".join(other.shown.split())
    short = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} …"
    if other.project == asking.project:
        which = f"The project’s release {other.id} of {other.on} ({short})"
    else:
        which = f"The project {other.project} on {other.on}, in the register ({short})"
    words = f"{which}: {told.words}"
    return Warned(other.id, other.project, other.on, told.kind, told.columns, words)


def _of_several(told: Difference, on: str) -> Warned:
    words = f"Several earlier questions added up: {told.words}"
    return Warned("", "", on, told.kind, told.columns, words)
