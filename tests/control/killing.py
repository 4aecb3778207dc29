"""Questions whose processes are killed: `python -m tests.control.killing HOME HOW…`.

A question is whole here: an environment is opened, which recovers what the last kill
left, and asked, with a real enclave. One interpreter imports everything, then forks a
process for each question. It also starts enclave processes, and lends them: one that
had nothing to do when its gateway was killed serves the next. Slots take no time: a
clock leaps over them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Self, TextIO

import psutil  # type: ignore[import-untyped] # it has no types
from sqlalchemy import Engine, event, func, select

import tre
from privacy.errors import Failed
from tests.control.lending import GIVEN, TAKEN, Lender, borrow
from tests.enclave.clocks import reopened
from tests.environment.world import COMMITTEE, STEWARD, furnished, project
from tre.control.tables import account, charge, question, release
from tre.enclave.worker import Worker
from tre.environment import Environment
from tre.release import Release
from tre.releases import verify_receipt

SQL = "SELECT region, COUNT(*) AS n, AVG(pay) AS pay FROM people GROUP BY region"
PROJECT = "killed"
PRICE = 1e-6
PRICE_NANO = 1_000
PEOPLE = 20
"""Researchers who take turns: one alone would repeat more often than anybody may."""

OPENING, FOUND = "opening", "found"

_OURS = str(Path(tre.__file__).parent)
_UNCOUNTED = tuple(
    str(Path("tre", *place))
    for place in (
        ("control", "canonical.py"),
        ("control", "engines.py"),
        ("earlier.py",),
        ("remembered.py",),
    )
)
"""What spells values, reads rows and compares with what was asked before touches
nothing: it is two calls in three, and more the more was asked."""


@dataclass(frozen=True)
class How:
    """When whom is killed: at a step of the question, or after so many seconds.

    A step is the call or the return of a function of ours, or a moment before or
    after a statement or commit. 0 is never. `own` has the question start its enclave
    process itself: only then are that one's start and end among its steps, and only
    then can it be killed.
    """

    gateway: int = 0
    enclave: int = 0
    seconds: float = 0
    own: bool = True

    def __str__(self) -> str:
        return f"{self.gateway}:{self.enclave}:{self.seconds}:{int(self.own)}"

    @classmethod
    def read(cls, word: str) -> Self:
        """What was written."""
        gateway, enclave, seconds, own = word.split(":")
        return cls(int(gateway), int(enclave), float(seconds), own == "1")

    @property
    def counts(self) -> bool:
        """Whether steps have to be counted, which takes as long as the question."""
        return not self.seconds


@dataclass(frozen=True)
class Fate:
    """What became of a process, and of the question it asked."""

    code: int
    found: str
    """never, failed or released: as the next process found it."""
    steps: int = 0
    seconds: float = 0
    """How long it was, of one that was not killed."""

    @property
    def killed(self) -> bool:
        """Whether it did not end by itself."""
        return self.code == -signal.SIGKILL


def killed(home: Path, hows: Sequence[How], *, verified_every: int) -> list[Fate]:
    """Kill one question after another; what became of each.

    What must hold after a kill is checked by the next process, and by a last one that
    is not killed.
    """
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(home), str(verified_every)],
        input=" ".join(map(str, hows)),
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        start_new_session=True,  # whose number tells its questions from others'
    )
    said: dict[tuple[str, int], list[str]] = {}
    for line in done.stdout.splitlines():
        kind, number, *what = line.split()
        said[kind, int(number)] = what
    return [_read(said, number) for number in range(len(hows))]


def _read(said: Mapping[tuple[str, int], Sequence[str]], number: int) -> Fate:
    (code,), (found,) = said["ended", number], said[FOUND, number]
    steps, seconds = said.get(("lasted", number), ("0", "0"))
    return Fate(int(code), found, int(steps), float(seconds))


def undisturbed(home: Path, *, own: bool = True) -> Fate:
    """What becomes of a question that nobody kills."""
    (fate,) = killed(home, [How(own=own)], verified_every=1)
    assert (fate.code, fate.found) == (0, "released")
    return fate


def spread(times: int, start: int = 0) -> Iterator[float]:
    """So many shares of a question, from 0 to 1 and even however many are taken."""
    golden = (5**0.5 - 1) / 2
    for number in range(start, start + times):
        yield number * golden % 1


def share_of(steps: int, share: float) -> int:
    """The step that far into a question of so many."""
    return 1 + int(steps * share)


def made(home: Path, sources: Path, control: str | None = None) -> None:
    """An environment to ask, whose researchers are many."""
    people = [_person(number) for number in range(PEOPLE)]
    with furnished(home, sources, control=control) as environment:
        for person in people:
            environment.add_person(person, roles=["researcher"])
        described = project(name=PROJECT, researchers=people)
        environment.propose(described, person=people[0])
        for person in (COMMITTEE, STEWARD):
            environment.approve(PROJECT, person=person)


# ------------------------------------------------------------- in processes of its own


class Steps:
    """Counts a question's steps, and kills at some of them."""

    def __init__(self, how: How) -> None:
        self._how = how
        self._counting = False
        self.seen = 0
        for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.listen(Engine, moment, self._moment)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count what this thread does in the block, where it matters."""
        self._counting = self._how.counts
        if self._counting:
            sys.setprofile(self._called)
        try:
            yield
        finally:
            sys.setprofile(None)
            self._counting = False

    def _called(self, frame: FrameType, what: str, _argument: object) -> None:
        place = frame.f_code.co_filename
        ours = place.startswith(_OURS) and not place.endswith(_UNCOUNTED)
        if ours and what in {"call", "return"}:
            self._moment()

    def _moment(self, *_: object) -> None:
        if not self._counting:
            return
        self.seen += 1
        if self.seen == self._how.enclave:
            for process in psutil.Process().children():
                process.kill()
        if self.seen == self._how.gateway:
            os.kill(os.getpid(), signal.SIGKILL)


def main(home: Path, verified_every: int) -> None:
    """Fork a process for each word of input; say how each ended, and what was found."""
    unfound: list[int] = []
    hows = [How.read(word) for word in sys.stdin.read().split()]
    _warm(home)
    lender = Lender(home)
    for number, how in enumerate([*hows, How(own=False)]):
        verify = number % verified_every == 0 or number == len(hows)
        worker = None if how.own else lender.first()
        one = partial(_one, home, number, how, unfound, verify=verify)
        process, lines = _forked(one, worker)
        with lines:
            relayed = _Relayed(lines, process, how)
        _, ended = os.waitpid(process, 0)
        if worker is not None:
            lender.take_back(sound=relayed.worker_is_free)
        unfound = [each for each in [*unfound, number] if each not in relayed.found]
        _say(1, "ended", number, os.waitstatus_to_exitcode(ended))
    lender.end()


def _forked(one: Callable[[int], None], worker: Worker | None) -> tuple[int, TextIO]:
    """A process of its own, and what it writes to the descriptor it is given.

    The enclave process, if there is one, is lent to it.
    """
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            if worker is not None:
                borrow(worker, partial(_say, writing))
            one(writing)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    return process, os.fdopen(reading)


def _warm(home: Path) -> None:
    """Plan the question once, so that it has as many steps and is quick in each."""
    with Environment.open(home) as environment:
        environment.explain(SQL, project=PROJECT, person=_person(0), rho=PRICE)


class _Relayed:
    """Passes on what a process says, and kills it in time."""

    def __init__(self, lines: Iterable[str], process: int, how: How) -> None:
        self.found: list[int] = []
        """Whose fate it found."""
        self.worker_is_free = True
        for line in lines:
            what, *more = line.split()
            if what == OPENING and how.seconds:
                time.sleep(how.seconds)
                os.kill(process, signal.SIGKILL)
            elif what in {TAKEN, GIVEN}:
                self.worker_is_free = what == GIVEN
            elif more:
                _say(1, line.rstrip())
                if what == FOUND:
                    self.found.append(int(more[0]))


def _one(
    home: Path,
    number: int,
    how: How,
    unfound: Sequence[int],
    writing: int,
    *,
    verify: bool,
) -> None:
    """Open, look at what became of those before, ask; killed meanwhile."""
    steps, begun = Steps(how), time.monotonic()
    _say(writing, OPENING)
    with steps.counted():
        environment = reopened(home)
    _check(environment, verify=verify)
    for earlier in unfound:
        _say(writing, FOUND, earlier, _fate(environment, earlier))
    with steps.counted():
        outcome = _outcome(environment, number)
    _say(writing, "lasted", number, steps.seen, time.monotonic() - begun)
    assert outcome == _outcome(environment, number)
    environment.close()


def _fate(environment: Environment, number: int) -> str:
    """What became of a question, and whether a retry says so, once and again."""
    begun = _charged(environment, number)
    first = _outcome(environment, number)
    assert _outcome(environment, number) == first
    assert _charged(environment, number)
    assert begun or first == "released"
    return first if begun else "never"


def _outcome(environment: Environment, number: int) -> str:
    try:
        found = _asked(environment, number)
    except Failed:
        return "failed"
    verify_receipt(found.receipt, environment.log.key)
    return "released"


def _asked(environment: Environment, number: int) -> Release:
    return environment.ask(
        SQL,
        project=PROJECT,
        person=_person(number),
        rho=PRICE,
        fresh=True,
        idempotency_key=_key(number),
    )


def _charged(environment: Environment, number: int) -> bool:
    """Whether the question was charged: to each of its three accounts, once."""
    charges = (
        select(func.count())
        .select_from(charge.join(question, question.c.id == charge.c.question))
        .where(question.c.idempotency_key == _key(number))
        .where(question.c.person == _person(number))
    )
    with environment._parts.control.reading() as connection:
        found = connection.execute(charges).scalar_one()
    assert found in {0, 3}
    return found == 3


def _check(environment: Environment, *, verify: bool) -> None:
    """What must hold at any time: every question is charged, and none is twice."""
    spent = select(account.c.spent_nano).where(account.c.name == PROJECT)
    charged = select(func.sum(charge.c.nano)).where(
        charge.c.account.in_(select(account.c.id).where(account.c.name == PROJECT))
    )
    asked = select(func.count()).where(question.c.project == PROJECT)
    waiting = select(func.count()).where(question.c.state == "reserved")
    answered = select(func.count()).where(question.c.state == "released")
    with environment._parts.control.reading() as connection:
        facts = [
            connection.execute(each).scalar_one() or 0
            for each in (spent, charged, asked, waiting, answered)
        ]
        released = connection.execute(select(func.count(release.c.id))).scalar_one()
    assert facts[0] == facts[1] == PRICE_NANO * facts[2]
    assert facts[3] == 0
    assert facts[4] == released
    if verify:
        found = environment.verify_audit()
        assert found.sound, found


def _say(descriptor: int, *words: object) -> None:
    os.write(descriptor, f"{' '.join(map(str, words))}\n".encode())


def _person(number: int) -> str:
    return f"researcher-{number % PEOPLE}@example.org"


def _key(number: int) -> str:
    return f"{os.getsid(0)}-{number}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
