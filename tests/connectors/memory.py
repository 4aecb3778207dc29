"""How much memory a source takes that is read from its first row to its last."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tre.intake.origin import origin
from tre.manifest import load

GIVING_BACK: Final = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
"""Allocators that keep nothing for later: what is measured is what is held."""


def peak_mib(document: Mapping[str, Any], folder: Path) -> tuple[int, float]:
    """The rows of a manifest's first table, and the most that reading them took."""
    file = folder / "read.json"
    file.write_text(json.dumps(document))
    command = [sys.executable, "-m", "tests.connectors.memory", str(file)]
    environment = {**os.environ, **GIVING_BACK}
    said = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment
    ).stdout
    rows, peak = said.split()
    return int(rows), float(peak)


def _read(file: Path) -> tuple[int, float]:
    manifest = load(file)
    source = origin(manifest.resources[0], manifest.base, "resources[0]")
    assert source.schema.names
    rows, peak = 0, 0.0
    for batch in source.batches(Counter()):
        rows += batch.num_rows
        peak = max(peak, _resident_mib())
    return rows, peak


def _resident_mib() -> float:
    """What the process itself has in memory, pages of mapped files apart."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("nan")


if __name__ == "__main__":
    sys.stdout.write("{} {}".format(*_read(Path(sys.argv[1]))))
