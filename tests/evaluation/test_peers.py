"""Other systems are asked the same questions, where they can be had."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.csv as pacsv
import pytest

from tests.evaluation.conftest import package, people, small_plan
from tre.evaluation.outcome import Outcome
from tre.evaluation.peer import PEERS
from tre.evaluation.peers.asked import PROGRAMS, asked
from tre.evaluation.peers.installed import Unavailable, installed, reachable
from tre.evaluation.peers.task import (
    NotAsked,
    Question,
    budget,
    figures,
    question,
    request,
)
from tre.evaluation.plan import Asking, read_plan
from tre.evaluation.truth import truth
from tre.lab import Lab

PAY = "SELECT region, AVG(pay) AS pay, COUNT(*) AS n FROM people GROUP BY region"
PLAN = read_plan(small_plan())[0]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A laboratory that hides nothing."""
    with Lab({"people": people()}, package(), policy="none") as lab:
        yield lab


def said(lab: Lab, sql: str, name: str, folder: Path) -> Question:
    """A question as a peer is asked it."""
    known = truth(lab, Asking(name="q", words="?", sql=sql))
    return question(known, PEERS[name], folder)


def test_a_peer_is_given_rows_cells_people_and_public_bounds(
    lab: Lab, tmp_path: Path
) -> None:
    """All rows of public cells, with the bounds and caps that the gateway goes by."""
    found = said(lab, PAY + " HAVING COUNT(*) > 0", "smartnoise", tmp_path)
    mean, count = found.tasks
    assert (mean.statistic, mean.lower, mean.upper) == ("AVG", 0, 1_000)
    assert (count.statistic, mean.cells, mean.cap) == ("COUNT(*)", 4, 1)
    table = pacsv.read_csv(mean.path)
    assert table.num_rows == 1_500
    assert len(table["person"].unique()) == 1_500
    assert table["value"].to_numpy().sum() == people()["pay"].to_numpy().sum()


def test_every_figure_has_an_even_part_of_the_loss(lab: Lab, tmp_path: Path) -> None:
    """Two aggregates at ε = 1 have half of its ρ each, or half of ε in a pure plan."""
    found = said(lab, PAY, "opendp", tmp_path)
    halves = budget(PLAN, 1.0, 2)
    whole = budget(PLAN, 1.0, 1)
    assert halves.rho is not None and whole.rho is not None  # noqa: PT018 - for types
    assert halves.rho == pytest.approx(whole.rho / 2)
    assert [each["rho"] for each in request(found, halves, 3)] == [halves.rho] * 2
    pure = budget(PLAN.model_copy(update={"measure": "pure"}), 1.0, 2)
    assert (pure.epsilon, pure.rho) == (0.5, None)


def test_answers_become_figures_of_the_question(lab: Lab, tmp_path: Path) -> None:
    """Values go to their cells and columns; what a peer left out is absent."""
    sql = "SELECT region, SUM(pay) / COUNT(*) AS pay FROM people GROUP BY region"
    found = said(lab, sql, "tumult", tmp_path)
    sums, counts = [[(0, 10.0), (1, 30.0)]] * 2, [[(0, 2.0), (1, 3.0)]] * 2
    drawn = figures(found, [sums, counts], 2, "tumult")
    values = drawn["value"].to_numpy().reshape(2, 4)
    assert values[:, :2].tolist() == [[5.0, 10.0]] * 2
    assert np.isnan(values[:, 2:]).all()
    assert drawn["status"].to_pylist()[1:3] == ["ok", "absent:tumult"]


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("REGRESS pay ON age FROM people", "model"),
        ("SELECT region, MEDIAN(pay) AS m FROM people GROUP BY region", "has no"),
    ],
)
def test_what_a_peer_cannot_be_asked_says_why(
    sql: str, why: str, lab: Lab, tmp_path: Path
) -> None:
    """A model, or a statistic that a system has not."""
    with pytest.raises(NotAsked, match=why):
        said(lab, sql, "smartnoise", tmp_path)


def stand_in(name: str, folder: Path, program: str) -> None:
    """An environment whose Python is another program: what `asked` finds of a peer."""
    python = folder / name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(program)
    python.chmod(0o755)
    (folder / name / "done").touch()


def test_a_peer_that_ends_in_the_middle_is_started_again(tmp_path: Path) -> None:
    """The request that it ended over has the reason, and the next ones are asked."""
    one_answer = """#!/bin/sh
read request && echo 'answer: [[[[0, 1.5]]]]'
read request && echo 'Killed by the kernel' >&2
"""
    stand_in("opendp", tmp_path, one_answer)
    found = list(asked("opendp", [[]] * 5, tmp_path))
    ended = "its program ended, and said last: Killed by the kernel"
    answer = ([[[0, 1.5]]],)
    assert found == [answer, ended, answer, ended, answer]


def test_a_program_ends_with_whoever_asks_it() -> None:
    """In the middle of an answer, when there is nobody left to give it to."""
    endless = """
from threading import Event
from answering import serve
serve(lambda _: (print("begun", flush=True), Event().wait()))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", endless],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROGRAMS)},
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"[{}]\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"begun\n"
        process.stdin.close()
        assert process.wait() == 0


def test_a_peer_that_only_ends_is_not_asked_for_ever(tmp_path: Path) -> None:
    """After the third time everything else has the same reason, at once."""
    log = tmp_path / "begun"
    stand_in("opendp", tmp_path, f"#!/bin/sh\necho begun >> {log}\n")
    found = list(asked("opendp", [[]] * 20, tmp_path))
    assert found == ["its program ended, and said last: it said nothing"] * 20
    assert len(log.read_text().splitlines()) == 3


@pytest.mark.slow
def test_a_peer_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    """Without a lock file pip says so, and nothing is taken for installed."""
    with pytest.raises(Unavailable, match="nobody could not be installed"):
        installed("nobody", tmp_path)
    assert list(reachable(["nobody"], tmp_path)) == ["nobody"]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PEERS))
def test_a_peer_answers(name: str, lab: Lab, tmp_path: Path) -> None:
    """Installed from its lock alone, it is near the exact figures at a large ε."""
    found = said(lab, PAY, name, tmp_path / "asked")
    noisy = PEERS[name].noisy
    spent = budget(PLAN, 50.0, 2) if noisy else None
    (drawn,) = asked(name, [request(found, spent, 2)], tmp_path / "peers")
    assert not isinstance(drawn, str), drawn
    outcome = Outcome(figures(found, drawn, 2 if noisy else 1, name))
    shown = outcome.figures.to_pandas()
    exact = found.known.table.to_pandas().set_index(["column", "cell"])["exact"]
    north = shown[shown["cell"] == "north"]
    for column, wrong in (("n", 20), ("pay", 60)):
        values = north[north["column"] == column]["value"]
        assert (values - exact[column, "north"]).abs().max() < wrong
    if not noisy:
        assert shown[shown["cell"] == "west"]["value"].isna().all()
