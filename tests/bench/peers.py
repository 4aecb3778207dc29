"""Other systems on the same questions, table, bounds and (ε, δ), beside this one.

They are asked by the programs that an evaluation asks them by (`tre.evaluation.peers`),
each in an environment of its own under `.tmp/peers`; one that cannot be had is named
with the reason. People have 1 to 8 rows, all systems allow 8, pay lies between 0 and
200,000, keys are public, ε = 1 and δ = 10⁻⁶. A system that can spend pure ε or ρ is
asked by both, and the better counts, as it does of ours.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from privacy.accounting import ATTO, NANO, rho_for_epsilon
from tests.bench.utility import Numbers, laboratory, numbers, table
from tre.evaluation.peer import PEERS, Peer
from tre.evaluation.peers.asked import asked
from tre.evaluation.peers.installed import Unavailable
from tre.evaluation.peers.task import (
    Budget,
    NotAsked,
    Question,
    figures,
    question,
    request,
)
from tre.evaluation.plan import Asking
from tre.evaluation.truth import truth
from tre.lab import Lab

EPSILON: Final = 1.0
DELTA: Final = 1e-6
RHO: Final = rho_for_epsilon(Fraction(1), ATTO // 2_000_000) / NANO
"""What (ε, δ) is in zCDP where half of δ is for the conversion, as here."""

CAP, LARGEST = 8, 200_000
TOLERANCE: Final = 1.25
"""Medians of a few draws of 12 cells are told to a quarter, and no nearer."""

QUESTIONS: Final = {
    f"{name} by {key}": f"SELECT {key}, {what} AS x FROM earnings GROUP BY {key}"
    for name, key, what in (
        ("COUNT", "region", "COUNT(*)"),
        ("SUM", "region", "SUM(pay)"),
        ("AVG", "region", "AVG(pay)"),
        ("AVG", "grp", "AVG(pay)"),
        ("PEOPLE", "region", "COUNT(DISTINCT person_id)"),
        ("VARIANCE", "region", "VAR_POP(pay)"),
        ("STDDEV", "region", "STDDEV_POP(pay)"),
        ("MEDIAN", "region", "MEDIAN(pay)"),
        ("QUANTILE", "region", "QUANTILE_CONT(pay, 0.9)"),
        ("MAX", "region", "MAX(pay)"),
    )
}
EVERYWHERE: Final = (
    *(("COUNT", "region"), ("SUM", "region")),
    *(("AVG", "region"), ("AVG", "grp")),
)
"""What every system can be asked."""
FOLDER: Final = Path(__file__).parents[2] / ".tmp" / "peers"
OURS: Final = "here"

Errors = dict[str, float]
"""The median relative error of each question that was answered."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A system under the name people know it by, how often it is asked, and by what."""

    name: str
    peer: Peer
    times: int
    losses: tuple[Budget, ...]


PURE: Final = Budget(EPSILON, None, DELTA)
ZCDP: Final = Budget(EPSILON, RHO, DELTA)
RIVALS: Final = (
    Rival("SmartNoise SQL", PEERS["smartnoise"], 5, (PURE,)),
    Rival("OpenDP", PEERS["opendp"], 20, (PURE, ZCDP)),
    Rival("Tumult Analytics", PEERS["tumult"], 2, (PURE, ZCDP)),
)


def main() -> bool:
    """Print median relative errors side by side; whether ours is no worse anywhere."""
    found: dict[str, Errors] = {OURS: _ours(), "DPSQL+-style": _threshold(table())}
    with laboratory("pure") as lab, tempfile.TemporaryDirectory() as folder:
        for rival in RIVALS:
            try:
                found[rival.name] = _answered(rival, lab, Path(folder) / rival.name)
            except Unavailable as why:
                print(f"{rival.name} is left out: {why}")
    held = [_told(question, found) for question in QUESTIONS]
    return all(held)


def _told(question: str, found: Mapping[str, Errors]) -> bool:
    ours = found[OURS][question]
    others = {
        name: each[question]
        for name, each in found.items()
        if name != OURS and question in each
    }
    holds = all(ours <= error * TOLERANCE for error in others.values())
    beside = ", ".join(f"{name} {error:.2%}" for name, error in others.items())
    verdict = "holds" if holds else "DOES NOT HOLD"
    print(
        f"median error at (1, 10⁻⁶), {question}: {ours:.2%};"
        f" {beside}; no worse: {verdict}"
    )
    return holds


def _answered(rival: Rival, lab: Lab, folder: Path) -> Errors:
    """A peer's errors. Raises Unavailable where it cannot be installed."""
    possible = dict(_possible(rival.peer, lab, folder))
    found: Errors = {}
    for loss in rival.losses:
        requests = [request(each, loss, rival.times) for each in possible.values()]
        answers = asked(rival.peer.name, requests, FOLDER)
        for (name, each), drawn in zip(possible.items(), answers, strict=True):
            if isinstance(drawn, str):
                print(f"{rival.name} failed at {name}: {drawn}")
                continue
            shown = figures(each, drawn, rival.times, rival.peer.name)
            error = _error(shown["value"], each.known.table["exact"])
            found[name] = min(error, found.get(name, error))
    return found


def _possible(peer: Peer, lab: Lab, folder: Path) -> Iterator[tuple[str, Question]]:
    """The questions that a peer can be asked, written where it reads them."""
    for name, sql in QUESTIONS.items():
        known = truth(lab, Asking(name="q", words=name, sql=sql))
        try:
            yield name, question(known, peer, folder / name)
        except NotAsked:
            continue


def _error(drawn: pa.ChunkedArray, exact: pa.ChunkedArray) -> float:
    """The median relative error over draws and cells; what is missing has all of it."""
    truths = numbers(exact)
    values = np.nan_to_num(numbers(drawn)).reshape(-1, truths.size)
    return float(np.median(np.abs(values - truths) / np.abs(truths)))


def _ours(times: int = 20) -> Errors:
    """The better of a pure and a zCDP project, as the contract lets one choose."""
    found: Errors = {}
    for measure in ("pure", "zcdp"):
        with laboratory(measure) as lab:
            for name, sql in QUESTIONS.items():
                drawn = lab.draws(sql, epsilon=EPSILON, times=times)
                error = _error(drawn["x"], lab.exact(sql)["x"])
                found[name] = min(error, found.get(name, error))
    return found


def _threshold(data: pa.Table, times: int = 40) -> Errors:
    """Gaussian noise split evenly over sums and counts, and groups past a threshold.

    As DPSQL+ has it: rows of a person up to the cap, sums not centred, and a group
    shown where its noised count is past 1 + z·σ. All groups here are.
    """
    drawn = np.random.default_rng(17)
    found: Errors = {}
    for statistic, key in EVERYWHERE:
        pay = data.to_pandas().groupby(key)["pay"]
        n, s = (each.to_numpy(dtype=float) for each in (pay.count(), pay.sum()))
        deviation = CAP / np.sqrt(2 * RHO / (1 if statistic == "COUNT" else 2))
        noised_n = n + drawn.normal(0, deviation, (times, n.size))
        noised_s = s + drawn.normal(0, deviation * LARGEST, (times, n.size))
        value, truths = {
            "COUNT": (noised_n, n),
            "SUM": (noised_s, s),
            "AVG": (noised_s / np.maximum(noised_n, 1), s / n),
        }[statistic]
        shown: Numbers = np.where(noised_n >= 1 + 5 * deviation, value, 0.0)
        found[f"{statistic} by {key}"] = float(
            np.median(np.abs(shown - truths) / truths)
        )
    return found


if __name__ == "__main__":
    sys.exit(not main())
