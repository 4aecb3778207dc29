"""An evaluation that is killed in the middle goes on where it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Event

import pyarrow.parquet as pq
import pytest

from tests.evaluation.conftest import small_plan, write_plan
from tre.evaluation.evaluate import evaluate
from tre.evaluation.outcome import Store

EARLY = 3
"""Outcomes after which it is killed; there are twenty, and eight scores."""


def kept(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Everything that was finished: when it was written, and what it is."""
    return {
        str(each.relative_to(folder)): (each.stat().st_mtime_ns, each.read_bytes())
        for part in ("answers", "exact", "attacks", "workload")
        for each in sorted((folder / part).glob("*.parquet"))
    }


def gone(group: int) -> bool:
    """Whether no process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def killed(plan: Path, folder: Path, outcomes: int) -> None:
    """Evaluate as a user does, and kill it after so many outcomes.

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
        while process.poll() is None and len(kept(folder)) < outcomes:
            Event().wait(0.01)
        assert process.poll() is None, "it ended before it could be killed"
    finally:
        process.kill()
        process.wait()
    while gone(process.pid) is False:  # its workers notice, and end
        Event().wait(0.01)


@pytest.mark.slow
def test_a_killed_evaluation_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    """Killed twice, it ends with what one run has, and never writes an outcome anew."""
    attacks = {"people": 20, "only": ["differencing"]}
    said = small_plan(audit=None, attacks=attacks, policies=["gateway"], epsilons=[1])
    plan, folder = write_plan(tmp_path / "plan", said), tmp_path / "out"
    before: dict[str, tuple[int, bytes]] = {}
    for outcomes in (EARLY, 3 * EARLY):
        killed(plan, folder, outcomes)
        after = kept(folder)
        assert after.items() >= before.items()
        assert len(after) >= outcomes
        before = after
    done = evaluate(plan, folder, workers=1)
    after = kept(folder)
    assert after.items() >= before.items()
    assert not after.keys() & {f"{name}.partial" for name in after}
    for file in (folder / "answers").glob("*.parquet"):
        assert not Store(folder / "answers").read(file.stem).refused
    drawn = done.report.measured
    noisy = drawn[drawn["method"] == "this gateway"]
    assert set(noisy["question"]) == {"regions", "pay", "old", "model"}
    assert set(noisy["draws"]) == {6}
    assert set(done.report.attacks["method"]) == {
        *("unprotected", "acro", "bunny", "gateway")
    }
    asked = pq.read_table(folder / "workload.parquet").to_pandas()
    assert list(asked["number"]) == list(range(1, len(asked) + 1))
    assert asked["left"].is_monotonic_decreasing
