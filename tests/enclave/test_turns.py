"""Whoever waits longest for a process is next."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.enclave.interrupting import interrupted
from tre.enclave.turns import Turns

LONG = 60.0


@contextmanager
def waiting(
    turns: Turns, order: list[int], number: int, over: threading.Event | None = None
) -> Iterator[threading.Thread]:
    """Somebody who waits for a turn, and says when it came; from now on in the line.

    With `over` the turn is kept until that is so.
    """
    before = len(turns._waiting)

    def wait() -> None:
        assert turns.take(LONG)
        order.append(number)
        if over is not None:
            over.wait()
        turns.give_back()

    thread = threading.Thread(target=wait)
    thread.start()
    while len(turns._waiting) == before:
        time.sleep(0)
    yield thread
    thread.join()


def test_turns_come_in_the_order_they_were_asked_for() -> None:
    """With one turn, three who wait get it one after the other, the first one first."""
    turns, order = Turns(1), list[int]()
    assert turns.take(0.0)
    with (
        waiting(turns, order, 1),
        waiting(turns, order, 2),
        waiting(turns, order, 3),
    ):
        turns.give_back()
    assert order == [1, 2, 3]


def test_nobody_overtakes() -> None:
    """What is given back is handed to who waits: whoever comes then gets nothing."""
    turns, order, over = Turns(1), list[int](), threading.Event()
    assert turns.take(0.0)
    with waiting(turns, order, 1, over) as first:
        (handed,) = turns._waiting
        turns.give_back()
        assert handed.is_set()
        assert not turns.take(0.0)
        over.set()
        first.join()
    assert turns.take(0.0)


def test_there_are_never_more_than_there_are() -> None:
    """Whatever they do meanwhile, no more hold a turn than there are."""
    turns, held, most = Turns(3), 0, 0
    lock = threading.Lock()

    def hold(_: int) -> bool:
        nonlocal held, most
        came = turns.take(LONG)
        with lock:
            held += 1
            most = max(most, held)
        with lock:
            held -= 1
        turns.give_back()
        return came

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(hold, range(500)))
    assert most <= 3
    assert [turns.take(0.0) for _ in range(4)] == [True, True, True, False]


def test_who_gives_up_takes_nothing_along() -> None:
    """Waiting has an end, after which the turn is somebody else's."""
    turns = Turns(1)
    assert turns.take(0.0)
    assert not turns.take(0.001)
    turns.give_back()
    assert turns.take(0.0)


def test_an_interrupted_wait_loses_no_turn() -> None:
    """Ctrl-C ends a wait, and the turn that would have come goes to the next."""
    turns = Turns(1)
    assert turns.take(0.0)
    with pytest.raises(KeyboardInterrupt), interrupted(after_seconds=0.05):
        turns.take(LONG)
    turns.give_back()
    assert turns.take(0.0)
