"""The acro profile and the acro package say the same of the same tables."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tre.evaluation.peers.installed import installed
from tre.profiles.judge import Contributions, judge
from tre.profiles.load import load_profile

HERE = Path(__file__).parent
TABLES = 240


@pytest.mark.slow
def test_agreement_with_acro(tmp_path: Path) -> None:
    """On 240 random tables every rule fails the same cells in both."""
    generator = np.random.default_rng(20261125)
    tables = [random_table(generator) for _ in range(TABLES)]
    answers = ask_acro(tables, tmp_path)
    failing = 0
    for table, answer in zip(tables, answers, strict=True):
        ours = our_verdicts(table)
        assert ours == answer
        failing += sum(
            len(cells) for rules in ours.values() for cells in rules.values()
        )
    assert failing > TABLES  # the tables are such that the rules have work


def random_table(generator: np.random.Generator) -> dict[str, list[float]]:
    """Rows in up to 4 × 4 cells, some empty, some dominated, some of zeros only."""
    size = int(generator.integers(40, 300))
    row, column = generator.integers(0, 4, size), generator.integers(0, 4, size)
    value = np.round(generator.lognormal(3.0, 2.5, size))
    value[(row == 0) & (column == 0)] = 0
    if generator.random() < 0.1:
        value[0] = -5
    kept = (row != 1) | (column != 2)
    return {
        "row": row[kept].tolist(),
        "column": column[kept].tolist(),
        "value": value[kept].tolist(),
    }


def our_verdicts(table: dict[str, list[float]]) -> dict[str, dict[str, list]]:
    """The failing cells by rule, of counts and of sums."""
    frame = pd.DataFrame(table)
    shape = (frame["row"].nunique(), frame["column"].nunique())
    row, column = (
        pd.factorize(frame[each], sort=True)[0] for each in ("row", "column")
    )
    counts = np.zeros(shape, dtype=np.int64)
    held = Contributions(
        np.zeros(shape), np.zeros((*shape, 2)), np.zeros(shape, dtype=np.int64)
    )
    for cell in np.ndindex(shape):
        values = frame["value"].to_numpy()[(row == cell[0]) & (column == cell[1])]
        counts[cell] = len(values)
        held.totals[cell] = values.sum()
        held.largest[cell][: min(2, len(values))] = np.sort(values)[::-1][:2]
        held.negative[cell] = (values < 0).sum()
    profile = load_profile("acro")
    return {
        "counts": listed(judge(profile, counts).fails),
        "sums": listed(judge(profile, counts, held).fails),
    }


def listed(fails) -> dict[str, list[list[int]]]:
    """Masks as lists of cells."""
    return {rule: np.argwhere(mask).tolist() for rule, mask in fails.items()}


def ask_acro(tables: list, folder: Path) -> list:
    """What acro says, from an environment that is made for it and thrown away."""
    python = installed("acro-package", folder)
    return json.loads(
        run(folder, python, HERE / "acro_verdicts.py", said=json.dumps(tables))
    )


def run(folder: Path, *command: str | Path, said: str = "") -> str:
    """What a program that must succeed prints."""
    done = subprocess.run(
        command, check=True, cwd=folder, capture_output=True, text=True, input=said
    )
    return done.stdout
