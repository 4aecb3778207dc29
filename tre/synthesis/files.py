"""Synthetic rows as files, and what they are beside them, for programs and people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pyarrow import csv

from tre.synthesis.page import page_of
from tre.synthesis.synthesise import LABEL, Synthetic


@dataclass(frozen=True, slots=True)
class Written:
    """Where the rows are, and the report that is beside them."""

    file: Path
    report: dict[str, Any]


def write(made: Synthetic, table: str, folder: Path) -> Written:
    """Write rows and report of a table under names that say what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{table}.synthetic.csv"
    csv.write_csv(made.table, file)
    report = reported(made) | {"file": str(file)}
    text = json.dumps(report, indent=2, ensure_ascii=False)
    (folder / f"{table}.synthetic.json").write_text(text + "\n", encoding="utf-8")
    page = folder / f"{table}.synthetic.html"
    page.write_text(page_of(made, table), encoding="utf-8")
    return Written(file, report)


def reported(made: Synthetic) -> dict[str, Any]:
    """What rows are, what they cost, and how faithful they are, as plain values."""
    releases = zip(made.releases, made.questions, strict=True)
    return {
        "label": LABEL,
        "rows": made.table.num_rows,
        "privacy": {
            "loss": asdict(made.loss),
            "charged": made.charged,
            "releases": [
                {"release": each.id, "question": sql, "charged": each.charged}
                for each, sql in releases
            ],
            "hidden": made.hidden,
        },
        "fidelity": [asdict(each) for each in made.pairs],
    }
