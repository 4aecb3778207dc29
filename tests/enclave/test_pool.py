"""A pool answers side by side, replaces what breaks, and believes no process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from privacy.errors import Failed
from tests.enclave.clocks import StoppedClock
from tests.enclave.test_supervision import ALL, ENDLESS, answered, asking, number
from tre.capacity import Capacity
from tre.enclave.confinement import Unavailable
from tre.enclave.supervisor import Enclave

SPEAKER = """
import struct, sys
mark = b""
def say(words, length=None):
    words = mark + words
    length = len(words) if length is None else length
    sys.stdout.buffer.write(struct.pack("<q", length) + words)
    sys.stdout.buffer.flush()
def hear():
    global mark
    (length,) = struct.unpack("<q", sys.stdin.buffer.read(8))
    heard = sys.stdin.buffer.read(length)
    mark = heard[:16]
    return heard
def figures(*values, shape=(1, 1, 1)):
    return struct.pack(f"<qqq{len(values)}q", *shape, *values)
"""
"""A program in place of the enclave's own; what it says is each test's."""

FIRST_ANSWER = """
import sys
from pathlib import Path
from tests.enclave.test_supervision import number
from tre.enclave.engine import locked_engine
from tre.enclave.job import encode_job
from tre.enclave.serve import _reply, warm_up
connection = locked_engine(Path(sys.argv[1]), Path(sys.argv[1]), memory_mib=512)
if sys.argv[2] == "warm":
    warm_up(connection)
before = set(sys.modules)
_reply(encode_job(number(1)), connection, set())
print(len(set(sys.modules) - before))
"""
"""Says how many modules are loaded by the first question of a process."""

EVERYTHING = json.dumps(sorted(ALL)).encode()


def speaking(folder: Path, words: str) -> Enclave:
    """An enclave whose processes run these lines of Python."""
    program = [sys.executable, "-c", SPEAKER + words]
    return Enclave(folder, folder / "scratch", program=program)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Enclave]:
    """An enclave of two processes and a spare."""
    capacity = Capacity(workers=2, spares=1, patience_seconds=30.0)
    enclave = Enclave(tmp_path, tmp_path / "scratch", capacity, accepted=lambda: ALL)
    enclave.start()
    yield enclave
    enclave.close()


def test_questions_run_side_by_side(two: Enclave) -> None:
    """One that takes long does not hold another up, and a third waits its turn."""

    def ask_endlessly() -> None:
        with pytest.raises(Failed):
            two.answer(asking(ENDLESS))

    endless = threading.Thread(target=ask_endlessly)
    with two.seat() as seat:
        assert seat.answer(number(1)).values[0].tolist() == [[1]]
    running = two._idle[-1].pid
    endless.start()
    while running in [worker.pid for worker in two._idle]:
        pass
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(lambda value: answered(two, value), range(20)))
    os.kill(running, signal.SIGKILL)
    endless.join()
    assert answered(two, 2)


def test_a_spare_takes_the_place_of_the_killed(two: Enclave) -> None:
    """There are as many processes as the operator said, whatever happens to them."""
    for _ in range(3):
        assert answered(two, 1)
        os.kill(two._idle[-1].pid, signal.SIGSTOP)
        with pytest.raises(Failed):
            two.answer(number(2), slot=0.2)
        assert len(two._idle) == 3
        assert answered(two, 3)


def test_a_process_stands_ready_once_it_has_said_how_it_is_confined(
    two: Enclave,
) -> None:
    """Not before; while all are at questions; and again after all were killed."""
    silent = speaking(two._published, "hear()")
    silent.start()
    assert not silent.stands_ready()
    silent.close()
    assert answered(two, 1)
    with two.seat(), two.seat():
        assert two.stands_ready()
    for worker in two._idle:
        worker._process.kill()
        worker._process.wait()
    two.stands_ready()
    assert len(two._idle) == 3
    two.granted()
    assert two.stands_ready()


def test_all_processes_are_waited_for(two: Enclave) -> None:
    """None that still starts takes the processors from the first question."""
    two.await_all()
    assert len(two._idle) == 3
    assert all(worker.heard is not None for worker in two._idle)


def test_a_process_that_never_gets_ready_is_not_waited_for_without_end(
    tmp_path: Path,
) -> None:
    """It is replaced when patience is over."""
    enclave = speaking(tmp_path, "hear()")
    enclave.capacity = Capacity(patience_seconds=0.0)
    enclave.start()
    before = enclave._idle[0].pid
    enclave.await_all()
    assert [worker.pid for worker in enclave._idle] != [before]
    enclave.close()


@pytest.mark.parametrize(("process", "loads"), [("cold", True), ("warm", False)])
def test_the_first_question_loads_nothing(
    tmp_path: Path, process: str, loads: bool
) -> None:
    """What is loaded at first use was loaded by a question about nobody."""
    said = subprocess.run(
        [sys.executable, "-c", FIRST_ANSWER, str(tmp_path), process],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (int(said.stdout) > 0) is loads


def heard(enclave: Enclave) -> None:
    """Wait until its first process has said something."""
    while not enclave._idle[0].speaks():
        pass


def test_a_process_that_no_question_is_given_to_does_not_stand_ready(
    tmp_path: Path,
) -> None:
    """Not idle and not taken, until what it lacks is accepted, and not afterwards."""
    enclave = speaking(tmp_path, "say(b'[\"seccomp\"]'); hear()")
    enclave.start()
    heard(enclave)
    assert not enclave.stands_ready()
    with pytest.raises(Unavailable):
        enclave.answer(number(1))
    assert not enclave.stands_ready()
    enclave._accepted = lambda: ALL
    assert enclave.stands_ready()
    with enclave.seat():
        assert enclave.stands_ready()
        enclave._accepted = frozenset
        assert not enclave.stands_ready()
    enclave.close()


def test_a_process_taken_before_it_greeted_does_not_stand_ready(
    tmp_path: Path,
) -> None:
    """Whether it is confined is not known yet, and nobody waits to hear."""
    enclave = speaking(tmp_path, f"hear(); say({EVERYTHING!r})")
    worker = enclave._take()
    assert not enclave.stands_ready()
    enclave._give_back(worker, sound=False)
    enclave.close()


@pytest.mark.parametrize("greeting", ["b'[1]'", "b'[]', 9", "b'', -1", "b'x' * 2000"])
def test_a_process_that_greets_wrongly_is_replaced(
    tmp_path: Path, greeting: str
) -> None:
    """It does not stand ready, and is gone with the first look at it."""
    enclave = speaking(tmp_path, f"say({greeting}); hear()")
    enclave.start()
    before = enclave._idle[0].pid
    heard(enclave)
    assert not enclave.stands_ready()
    assert before not in [worker.pid for worker in enclave._idle]
    enclave.close()


def test_what_is_accepted_is_asked_while_others_go_on(tmp_path: Path) -> None:
    """A control database that is slow to answer holds up no question."""
    enclave = speaking(tmp_path, "say(b'[]'); hear()")
    enclave.start()
    heard(enclave)
    free: list[bool] = []

    def accepted() -> frozenset[str]:
        free.append(not enclave._lock.locked())
        return ALL

    enclave._accepted = accepted
    assert enclave.stands_ready()
    assert free == [True]
    enclave.close()


def test_who_finds_none_free_is_turned_away(tmp_path: Path) -> None:
    """Waiting for a process has an end, at which nothing was read."""
    capacity = Capacity(patience_seconds=30.0)
    enclave = Enclave(tmp_path, tmp_path / "scratch", capacity, accepted=lambda: ALL)
    with enclave.seat():
        enclave.capacity = Capacity(patience_seconds=0.01)
        with pytest.raises(Unavailable) as refusal:
            enclave.answer(number(1))
    assert refusal.value.missing == frozenset()
    enclave.close()


def test_a_missing_layer_is_named_and_can_be_accepted(tmp_path: Path) -> None:
    """Without all layers no question is taken, unless the operator accepts it."""
    words = (
        'say(b\'["limits", "seccomp", "undumpable"]\')\nwhile hear(): say(figures(7))'
    )
    enclave = speaking(tmp_path, words)
    with pytest.raises(Unavailable) as refusal:
        enclave.answer(number(7))
    assert refusal.value.missing == {"landlock", "unprivileged"}
    enclave._accepted = lambda: frozenset({"landlock"})
    with pytest.raises(Unavailable) as refusal:
        enclave.answer(number(7))
    assert refusal.value.missing == {"unprivileged"}
    enclave._accepted = lambda: ALL
    assert answered(enclave, 7)
    enclave.close()


@pytest.mark.parametrize(
    "greeting",
    ["b''", "b'[1]'", "b'{}'", "b'[\"root\"]'", "b'x' * 2000", "b'[]', -1", "b'[', 9"],
)
def test_what_is_no_greeting_starts_nothing(tmp_path: Path, greeting: str) -> None:
    """A process that does not say how it is confined is given no question."""
    enclave = speaking(tmp_path, f"say({greeting})")
    with pytest.raises(Unavailable):
        enclave.answer(number(1))
    enclave.close()


@pytest.mark.parametrize(
    "reply",
    [
        "say(figures(1, 2))",
        "say(figures())",
        "say(figures(1, shape=(1, 1, 2)))",
        "say(figures(1, shape=(-1, -1, 1)))",
        "say(b'x' * 31)",
        "say(b'x' * 33)",
        "say(b'x' * 32)",
        "say(b'', -1)",
        "say(b'', 2**62)",
        "say(figures(1)[:9], 32); sys.exit()",
        "sys.exit()",
        "import os; os.kill(os.getpid(), 9)",
    ],
)
def test_a_reply_of_another_type_or_size_is_none(tmp_path: Path, reply: str) -> None:
    """The parent takes whole numbers of the question's shape and nothing else."""
    words = f"say({EVERYTHING!r})\nwhile hear():\n    {reply}"
    enclave = speaking(tmp_path, words)
    with pytest.raises(Failed) as failure:
        enclave.answer(number(1))
    assert str(failure.value) == Failed.message
    enclave.close()


def test_a_reply_to_an_earlier_question_answers_no_other(tmp_path: Path) -> None:
    """Of the right shape and in time, it has another question's mark, and is none."""
    words = (
        f"say({EVERYTHING!r})\nhear()\nfirst = mark\nsay(figures(1))\n"
        "hear()\nmark = first\nsay(figures(1))"
    )
    enclave = speaking(tmp_path, words)
    assert answered(enclave, 1)
    with pytest.raises(Failed):
        enclave.answer(number(1))
    enclave.close()


def test_what_nobody_asked_for_answers_no_question(tmp_path: Path) -> None:
    """A second reply is never taken for the answer to the next question.

    It is seen before that question is asked, or found not to be a reply to it.
    """
    words = f"say({EVERYTHING!r})\nwhile hear():\n    say(figures(1) ); say(figures(2))"
    enclave = speaking(tmp_path, words)
    assert answered(enclave, 1)
    for _ in range(5):
        with suppress(Failed):
            assert answered(enclave, 1)
    enclave.close()


@pytest.mark.parametrize(
    ("sql", "fails", "slot"),
    [
        ("SELECT 1 AS c0", False, 51.2),
        ("SELECT error('x') AS c0", True, 51.2),
        (ENDLESS, True, 1.6),
    ],
    ids=["quick", "wrong", "endless"],
)
def test_a_slot_is_as_long_however_it_ends(
    tmp_path: Path, sql: str, fails: bool, slot: float
) -> None:
    """The answer, or the failure, comes when the slot is over and at no other time.

    Processes go by the wall's clock: what is answered has a slot that none misses.
    """
    clock = StoppedClock()
    enclave = Enclave(tmp_path, tmp_path / "scratch", accepted=lambda: ALL, clock=clock)
    with enclave.seat() as seat:
        if fails:
            with pytest.raises(Failed):
                seat.answer(asking(sql), slot=slot)
        else:
            seat.answer(asking(sql), slot=slot)
    assert clock.waits == [slot]
    enclave.close()


def test_a_process_is_held_for_its_slot(tmp_path: Path) -> None:
    """Who waits for a process waits for slots, which say nothing of the data."""
    clock = StoppedClock()
    enclave = Enclave(tmp_path, tmp_path / "scratch", accepted=lambda: ALL, clock=clock)
    enclave.answer(number(1))
    clock.during = lambda: free.append(enclave._turns.take(0.0))
    free: list[bool] = []
    enclave.answer(number(1), slot=51.2)
    assert free == [False]
    enclave.close()
