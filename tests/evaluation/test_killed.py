"""An evaluation that is killed in the middle goes on where it was."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pyarrow.parquet as pq
import pytest

from connectors.errors import Invalid
from tests.evaluation.conftest import small_plan, write_plan
from tests.evaluation.test_peers import stand_in
from tre.evaluation.evaluate import Evaluated, evaluate
from tre.evaluation.outcome import Store
from tre.evaluation.schedule import in_processes

EARLY = 3
"""Outcomes after which it is killed; there are twenty, and eight scores."""
PEER = f"""#!{sys.executable}
import json, sys
for line in sys.stdin:
    print("answer:", json.dumps([
        [[[cell, 1.0] for cell in range(task["cells"])]] * task["times"]
        for task in json.loads(line)
    ]), flush=True)
"""
"""A peer that says 1 of every cell."""
NEVER = """
from pathlib import Path
from threading import Event

class ACRO:
    def __init__(self, suppress):
        Path({begun!r}).touch()

    def crosstab(self, *_, **__):
        Event().wait()
"""
"""A package by the name of acro that never comes to an end."""


def kept(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Everything that was finished: when it was written, and what it is."""
    return {
        str(each.relative_to(folder)): (each.stat().st_mtime_ns, each.read_bytes())
        for part in ("answers", "exact", "attacks", "workload")
        for each in sorted((folder / part).glob("*.parquet"))
    }


def has(folder: Path, outcomes: int) -> bool:
    """Whether so many were finished."""
    return len(kept(folder)) >= outcomes


def gone(group: int) -> bool:
    """Whether no process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def killed(plan: Path, folder: Path, ripe: Callable[[], bool]) -> None:
    """Evaluate as a user does, and kill it when it is `ripe`.

    Its workers end by themselves, and with them whatever they had begun.
    """
    command = ["evaluate", str(plan), "-o", str(folder), "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tre.cli", *command],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while process.poll() is None and not ripe():
            Event().wait(0.01)
        assert process.poll() is None, "it ended before it could be killed"
    finally:
        process.kill()
        process.wait()
    while not gone(process.pid):  # its workers notice, and end
        Event().wait(0.01)


def begun(place: Path) -> tuple[Path, Path]:
    """A plan with attacks and a peer, and the folder that its evaluation goes to."""
    attacks = {"people": 20, "only": ["differencing"]}
    peers = {"systems": ["opendp"], "repetitions": 2}
    parts = {"audit": None, "attacks": attacks, "peers": peers}
    said = small_plan(**parts, policies=["gateway"], epsilons=[1])
    stand_in("opendp", place / "out" / "fetched" / "peers", PEER)
    return write_plan(place / "plan", said), place / "out"


def complete(done: Evaluated, folder: Path) -> None:
    """Every question has its draws, every attack its score, and a life its questions.

    Nothing but a model was not asked, and of the peer alone.
    """
    answers = Store(folder / "answers")
    refused = [answers.read(each.stem).refused for each in answers.folder.iterdir()]
    assert [each for each in refused if each] == ["It was not asked: it is a model."]
    drawn = done.report.measured
    noisy = drawn[drawn["method"] == "this gateway"]
    assert set(noisy["question"]) == {"regions", "pay", "old", "model"}
    assert set(noisy["draws"]) == {6}
    theirs = drawn[drawn["method"] == "OpenDP"]
    assert set(theirs["question"]) == {"regions", "pay", "old"}
    assert set(theirs["draws"]) <= {1, 2}
    assert set(done.report.attacks["method"]) == {
        *("unprotected", "acro", "bunny", "gateway")
    }
    asked = pq.read_table(folder / "workload.parquet").to_pandas()
    assert list(asked["number"]) == list(range(1, len(asked) + 1))
    assert asked["left"].is_monotonic_decreasing


def end_in_the_middle(told: Path) -> None:
    """Begin to write something, and end."""
    told.write_text(tempfile.mkdtemp(), encoding="utf-8")
    os._exit(9)


def test_a_killed_process_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """Whoever evaluates is told how to go on; what was being written is gone."""
    told, folder = tmp_path / "told", tmp_path / "out"
    with pytest.raises(Invalid, match="the same command goes on"):
        in_processes(end_in_the_middle, [told], 1, lambda: None, folder)
    assert Path(told.read_text(encoding="utf-8")).is_relative_to(folder)
    assert not any((folder / "scratch").iterdir())


@pytest.mark.slow
def test_a_peer_ends_with_the_evaluation_that_is_killed(tmp_path: Path) -> None:
    """Its program is not asked anything further, and does not end what it is at."""
    begun, fake = tmp_path / "begun", tmp_path / "fake"
    fake.mkdir()
    (fake / "acro.py").write_text(NEVER.format(begun=str(begun)), encoding="utf-8")
    program = f'#!/bin/sh\nPYTHONPATH={fake} exec {sys.executable} "$@"\n'
    stand_in("acro-package", tmp_path / "out" / "fetched" / "peers", program)
    parts: dict[str, Any] = {"audit": None, "workload": None, "baselines": []}
    peers = {"systems": ["acro-package"]}
    said = small_plan(**parts, peers=peers, policies=["gateway"], epsilons=[1])
    plan = write_plan(tmp_path / "plan", said)
    killed(plan, tmp_path / "out", begun.exists)


@pytest.mark.slow
def test_a_killed_evaluation_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    """Killed twice, it ends with what one run has, and never writes an outcome anew."""
    plan, folder = begun(tmp_path)
    before: dict[str, tuple[int, bytes]] = {}
    for outcomes in (EARLY, 3 * EARLY):
        killed(plan, folder, partial(has, folder, outcomes))
        after = kept(folder)
        assert after.items() >= before.items()
        assert len(after) >= outcomes
        before = after
    done = evaluate(plan, folder, workers=1)
    after = kept(folder)
    assert after.items() >= before.items()
    assert not after.keys() & {f"{name}.partial" for name in after}
    complete(done, folder)
    assert not any((folder / "scratch").iterdir())
