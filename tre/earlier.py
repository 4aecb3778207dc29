"""What was asked before, and how a question differs from it: structure, never data.

Whom it is told to decides what is compared. A project's own questions are compared as
they were asked. Of other projects' a researcher is told only what follows from the
public register: the text it shows, and that only where nothing in it is masked, since
comparing what is masked would tell it. Output checkers, who judge what leaves, are told
of all the population's questions as they were asked, in the register's words.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from operator import attrgetter
from sys import intern
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from privacy.extent import Group
from privacy.history import Difference, Kind, difference, together
from privacy.masked import MASK
from tre.audit.followed import records, size_of
from tre.audit.record import Record
from tre.control.canonical import Json
from tre.control.tables import project, question
from tre.governance.catalogue import current_catalogue
from tre.remembered import reader

MOST_COMPARED: Final = 200
"""The latest questions that one is compared with: so many of its own project's, and as
many of others'."""

_MOST_CHECKED: Final = 2 * MOST_COMPARED
"""The latest of all projects that one is compared with for those who check outputs."""

MOST_TOLD: Final = 10
_LONGEST: Final = 120
_EVERYBODY: Final = ""

_ASKED: Final = (
    select(question.c.project, question.c.body, project.c.population)
    .join(project, project.c.name == question.c.project)
    .where(question.c.id == bindparam("id"))
)


@dataclass(frozen=True, slots=True)
class Charged:
    """A question that was charged, as the log tells of it, and where it does."""

    position: int
    id: str
    on: str
    project: str
    shown: str


_POSITION: Final = attrgetter("position")


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


@dataclass(slots=True)
class _Kept:
    """The latest questions of one project, by their positions in the log.

    `public` are those of which the register masks nothing.
    """

    every: deque[Charged] = field(default_factory=lambda: deque(maxlen=_MOST_CHECKED))
    public: deque[Charged] = field(default_factory=lambda: deque(maxlen=MOST_COMPARED))

    def add(self, charged: Charged) -> None:
        self.every.append(charged)
        if MASK not in charged.shown:
            self.public.append(charged)


class Latest:
    """The latest questions of each project that were charged, followed in the log.

    What is held is bounded for each project, however much it asks: of each at most
    600 questions, as the register shows them. Thread-safe.
    """

    def __init__(self) -> None:
        self._size = 0
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._lock = Lock()

    def own(self, connection: Connection, asking: Asking) -> list[Charged]:
        """Those of its project, but for the question itself."""
        with self._lock:
            self._go_on(connection)
            kept = self._kept.get((asking.population, asking.project), _Kept())
            return _latest([kept.every], MOST_COMPARED, asking)

    def others(self, connection: Connection, asking: Asking) -> list[Charged]:
        """Those of the population's other projects that the register has in full."""
        with self._lock:
            self._go_on(connection)
            public = [
                kept.public
                for (population, project), kept in self._kept.items()
                if population == asking.population and project != asking.project
            ]
            return _latest(public, MOST_COMPARED, asking)

    def everybodys(self, connection: Connection, asking: Asking) -> list[Charged]:
        """Those of all the population's projects."""
        with self._lock:
            self._go_on(connection)
            every = [
                kept.every
                for (population, _), kept in self._kept.items()
                if population == asking.population
            ]
            return _latest(every, _MOST_CHECKED, asking)

    def _go_on(self, connection: Connection) -> None:
        """Read what the log has more than when it was read last."""
        size = size_of(connection)
        for record in records(connection, ("question.reserved",), self._size, size):
            population, charged = _charged(record)
            self._kept.setdefault((population, charged.project), _Kept()).add(charged)
            self._size = record.position + 1
        self._size = max(self._size, size)


def _latest(
    kept: Iterable[Iterable[Charged]], most: int, asking: Asking
) -> list[Charged]:
    """The latest of all, in the log's order."""
    found = (each for part in kept for each in part if each.id != asking.id)
    return nlargest(most, found, key=_POSITION)[::-1]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a population was asked, and how a question goes together with it."""

    latest: Latest = field(default_factory=Latest)

    def told_researchers(
        self, connection: Connection, asking: Asking
    ) -> tuple[Warned, ...]:
        """What its project is told: of its own questions, and of the register's."""
        own = self.latest.own(connection, asking)
        others = self.latest.others(connection, asking)
        texts = {each.id: each.shown for each in others} | _texts(connection, own)
        known = sorted((*own, *others), key=_POSITION)
        return _warned(connection, asking, known, texts)

    def told_checkers(
        self, connection: Connection, asking: Asking
    ) -> tuple[Warned, ...]:
        """What those are told who judge what its project carries out."""
        known = self.latest.everybodys(connection, asking)
        return _warned(connection, asking, known, _texts(connection, known))

    def asked(self, connection: Connection, id: str) -> Asking | None:  # noqa: A002 (the contract's)
        """A question that was charged, to be compared; None where there is none."""
        row = connection.execute(_ASKED, {"id": id}).one_or_none()
        if row is None:
            return None
        read = reader(current_catalogue(connection, row.population).catalogue)
        groups = read(row.project, json.loads(row.body)["text"])
        return Asking(row.project, row.population, groups, id)


def _charged(record: Record) -> tuple[str, Charged]:
    """The population that was asked, and what the log tells of the question."""
    detail: Mapping[str, Any] = json.loads(record.detail)
    day, shown = record.at.partition("T")[0], detail.get("shown") or MASK
    charged = Charged(
        record.position, record.subject, intern(day), intern(detail["project"]), shown
    )
    return detail["population"], charged


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
