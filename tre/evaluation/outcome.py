"""What came of asking: figures, what they cost, or why there are none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tre.evaluation.layout import FIGURES

VERSION: Final = version("tre")
"""What other versions of the program measured is measured again."""

_FACTS: Final = b"tre.evaluation"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one cell of an evaluation, as FIGURES has them.

    `spent` is the ρ of one draw where there is one. `refused` says why there are no
    figures, where there are none.
    """

    figures: pa.Table = field(repr=False)
    spent: float | None = None
    refused: str = ""


def refused(why: str) -> Outcome:
    """An outcome without figures."""
    return Outcome(FIGURES.empty_table(), refused=why)


@dataclass(frozen=True, slots=True)
class Store:
    """Outcomes in a folder, one Parquet file each, under the names of their cells.

    A file is there whole or not at all, so an evaluation that is killed goes on where
    it was.
    """

    folder: Path

    def has(self, key: str) -> bool:
        """Whether this outcome is there."""
        return self._file(key).is_file()

    def write(self, key: str, outcome: Outcome) -> None:
        """Keep an outcome."""
        facts = {"spent": outcome.spent, "refused": outcome.refused}
        _write(self._file(key), outcome.figures, facts)

    def read(self, key: str) -> Outcome:
        """An outcome that is there."""
        table = pq.read_table(self._file(key))
        facts = json.loads(table.schema.metadata[_FACTS])
        return Outcome(table.replace_schema_metadata(None), **facts)

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.parquet"


def write_table(path: Path, table: pa.Table) -> None:
    """A table as Parquet, whole or not at all."""
    _write(path, table, {})


def _write(path: Path, table: pa.Table, facts: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".partial")
    said = {_FACTS: json.dumps(facts).encode()} if facts else None
    pq.write_table(table.replace_schema_metadata(said), unfinished)
    unfinished.replace(path)
