"""How long an intake takes, beside what the engine alone takes, and in what memory.

The yardstick is DuckDB's own `CREATE TABLE AS SELECT … FROM read_csv` plus one sort
by person, in the same process, on the same file, with as many threads. Run as
`python -m tests.bench.intake [ROWS]`; the data is made into a temporary folder.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from tre.inspection.inspect import report
from tre.intake import Options, Publication, Stage, Zones, onboard
from tre.keystore import Keystore
from tre.manifest import load

ROWS = 5_000_000
THREADS = 2
LIMIT_RATIO = 4.0
LIMIT_MIB = 2048

REGIONS = ["North East", "North West", "London", "Wales", "Scotland"]
SECTORS = list("ABCDEFGH")

FIELDS = [
    {"name": "local_id", "tre": {"role": "identifier", "kind": "local-id"}},
    {
        "name": "tax_year",
        "type": "integer",
        "constraints": {"required": True, "minimum": 2010, "maximum": 2020},
    },
    {"name": "region", "constraints": {"enum": REGIONS}},
    {"name": "sector", "constraints": {"enum": SECTORS}},
    {
        "name": "pay",
        "type": "number",
        "constraints": {"minimum": 0, "maximum": 200_000},
        "tre": {"decimals": 2, "out_of_range": "clamp"},
    },
    {
        "name": "hours",
        "type": "integer",
        "constraints": {"minimum": 0, "maximum": 60},
        "tre": {"out_of_range": "clamp"},
    },
    {"name": "full_time", "type": "boolean"},
    {
        "name": "started",
        "type": "date",
        "constraints": {"minimum": "1990-01-01", "maximum": "2030-12-31"},
    },
    {
        "name": "grade",
        "type": "integer",
        "constraints": {"minimum": 1, "maximum": 9},
    },
    {"name": "employer", "tre": {"role": "quasi-identifier"}},
]

PACKAGE = {
    "name": "bench",
    "tre": {
        "controller": "Bench",
        "legal_basis": "Made data",
        "population": "bench",
    },
    "resources": [
        {
            "name": "earnings",
            "path": "earnings.csv",
            "tre": {"privacy_unit": "person", "rows_per_person": 8},
            "schema": {"fields": FIELDS},
        }
    ],
}


class _Versions:
    """A register of versions that remembers nothing."""

    def switch(self, publication: Publication) -> None:
        """Put in force."""

    def known_files(self) -> Collection[Path]:
        """None on record."""
        return ()


def generate(file: Path, rows: int) -> None:
    """Write `rows` rows of ten columns, a person having 2.4 of them on average."""
    made = np.random.default_rng(7)
    people = made.integers(0, rows * 5 // 12, rows)
    days = np.datetime64("2000-01-01") + made.integers(0, 7_000, rows)
    table = pa.table(
        {
            "local_id": np.char.add("QX", np.char.zfill(people.astype(str), 8)),
            "tax_year": made.integers(2010, 2021, rows),
            "region": np.array(REGIONS)[made.integers(0, len(REGIONS), rows)],
            "sector": np.array(SECTORS)[made.integers(0, len(SECTORS), rows)],
            "pay": np.round(made.gamma(2, 15_000, rows), 2),
            "hours": made.integers(0, 80, rows),
            "full_time": np.array(["true", "false"])[made.integers(0, 2, rows)],
            "started": days.astype("datetime64[D]"),
            "grade": made.integers(1, 10, rows),
            "employer": np.char.add(
                "firm ", made.integers(0, 50_000, rows).astype(str)
            ),
        }
    )
    pacsv.write_csv(table, file, pacsv.WriteOptions(quoting_style="none"))


def yardstick(file: Path, folder: Path) -> float:
    """Seconds for DuckDB to read the file into a table and sort it by person."""
    (folder / "plain.duckdb").unlink(missing_ok=True)
    started = time.perf_counter()
    connection = duckdb.connect(
        str(folder / "plain.duckdb"),
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "threads": str(THREADS),
        },
    )
    connection.execute("CREATE TABLE raw AS SELECT * FROM read_csv(?)", [str(file)])
    connection.execute("CREATE TABLE sorted AS SELECT * FROM raw ORDER BY local_id")
    connection.close()
    return time.perf_counter() - started


def measure(folder: Path) -> dict[str, float]:
    """Seconds of each stage of an intake of the file in `folder`."""
    home = folder / "home"
    zones = Zones(home, Keystore.create(home / "keys"))
    seconds: dict[str, float] = {}
    began: list[tuple[str, float]] = []

    def clock(stage: Stage, *_: object) -> None:
        now = time.perf_counter()
        if began:
            name, then = began.pop()
            seconds[name] = seconds.get(name, 0.0) + now - then
        began.append((stage.value, now))

    manifest = load(PACKAGE, folder)
    started = time.perf_counter()
    counts = onboard(
        manifest,
        zones,
        _Versions(),
        progress=clock,
        options=Options(threads=THREADS),
    ).counts
    seconds["total"] = time.perf_counter() - started
    print(counts[0])
    return seconds


def look(folder: Path) -> float:
    """Seconds of an inspection of the file in `folder`, which publishes nothing."""
    home = folder / "looked"
    zones = Zones(home, Keystore.create(home / "keys"))
    started = time.perf_counter()
    report(load(PACKAGE, folder), zones, date(2026, 1, 1), None, Options())
    return time.perf_counter() - started


def main(rows: int = ROWS) -> bool:
    """Print the figures; whether both are within their limits."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder / "earnings.csv", rows)
        # The yardstick before and after: a busy machine then weighs on both alike.
        before = _child("plain", folder)
        whole = _child("whole", folder)
        after = _child("plain", folder)
        looked = _child("look", folder)
    plain = (before[0] + after[0]) / 2, max(before[1], after[1])
    ratio = whole[0] / plain[0]
    print(f"intake of {rows:,} rows: {whole[0]:.1f} s, {whole[1]:.0f} MiB at most")
    print(f"the engine's read and sort: {plain[0]:.1f} s, {plain[1]:.0f} MiB at most")
    print(f"a look at them before: {looked[0]:.1f} s, {looked[1]:.0f} MiB at most")
    print(f"ratio {ratio:.2f} (limit {LIMIT_RATIO}), memory limit {LIMIT_MIB} MiB")
    return ratio <= LIMIT_RATIO and max(whole[1], looked[1]) <= LIMIT_MIB


def child(what: str, folder: Path) -> None:
    """Measure one of the three in a process of its own, for its peak memory."""
    if what == "plain":
        seconds = yardstick(folder / "earnings.csv", folder)
    elif what == "look":
        seconds = look(folder)
    else:
        stages = measure(folder)
        seconds = stages.pop("total")
        print(", ".join(f"{stage} {took:.1f}" for stage, took in stages.items()))
    peak = _peak_mib()
    print(f"cpu {time.process_time():.1f}")
    print(f"{seconds} {peak}")


def _peak_mib() -> float:
    """The process's largest resident size; unlike getrusage's, not its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("nan")


def _child(what: str, folder: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "tests.bench.intake", what, str(folder)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    *words, figures = said.strip().splitlines()
    for line in words:
        print(f"  {line}")
    seconds, peak = figures.split()
    return float(seconds), float(peak)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [what, folder]:
            child(what, Path(folder))
        case [rows]:
            sys.exit(not main(int(rows)))
        case _:
            sys.exit(not main())
