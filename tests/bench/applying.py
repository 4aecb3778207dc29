"""How long objections and a new spine version take once many people are published.

Two agencies' files of made people are published in an environment, as in life, linked
by the passes alone (`linking` has what weighing takes); then objections come in late,
are applied, and people are numbered anew. Run as `python -m tests.bench.applying
[PEOPLE]`; a tenth and all of PEOPLE are measured, so that what grows faster than the
people shows, by the processor's time: a busy machine weighs on that least.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv as pacsv

from tests.bench.linking import SHARE, once
from tests.confinement import accept_what_is_missing
from tre.demo.agencies import package_of
from tre.demo.made_population import make_population
from tre.environment import Environment

PEOPLE: Final = 20_000
SMALLER: Final = 10
LATE: Final = 100
NAMES: Final = ("education", "earnings")
CONTROLLERS: Final = ("Education Agency", "Earnings Agency")
KINDS: Final = {
    "nhs_number": "nhs-number",
    "forename": "forename",
    "surname": "surname",
    "date_of_birth": "date-of-birth",
}
"""What those who object give, by the column of the agency that they are taken from."""

LIMIT_GIB: Final = 4
MOST_GROWTH: Final = 3 * SMALLER
"""Times as long as for a tenth of the people; quadratic would be a hundred."""


def main(people: int = PEOPLE) -> bool:
    """Print every figure; whether memory and growth are within their limits."""
    fewer, all_ = _measured(people // SMALLER), _measured(people)
    held = []
    for step, took in all_.items():
        times = took.processor / fewer[step].processor
        held.append(times <= MOST_GROWTH and took.gib <= LIMIT_GIB)
        print(
            f"{step}, {people:,} people in each of two datasets: {took.seconds:.1f} s,"
            f" {took.processor:.1f} s of a processor ({times:.1f} times as much as for"
            f" a tenth of them), peak {took.gib:.2f} GiB"
        )
    return all(held)


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of a clock and of processors, and the most memory meanwhile."""

    seconds: float
    processor: float
    gib: float


def _measured(people: int) -> dict[str, Took]:
    """What each step took."""
    found: dict[str, Took] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        objecting = _write(folder, people)
        with _published(folder) as environment:
            steps: dict[str, Callable[[], object]] = {
                "100 objections taken in": lambda: environment.import_objections(
                    objecting
                ),
                "objections applied": environment.apply_objections,
                "a new spine version": environment.apply_linkage,
                "a new linkage key": environment.rotate_linkage_key,
            }
            for step, action in steps.items():
                found[step] = _timed(action)
    return found


def _write(folder: Path, people: int) -> Path:
    """The agencies' manifests and files, and a file of objections; its path."""
    population = make_population(int(people / SHARE), seed=4, share=SHARE)
    tables = {name: once(population.agencies[name]).table for name in NAMES}
    for name, table in tables.items():
        pacsv.write_csv(table, folder / f"{name}.csv")
    some = tables["education"].slice(0, LATE)
    columns = [some[name].combine_chunks() for name in KINDS]
    pacsv.write_csv(pa.table(columns, [*KINDS.values()]), folder / "objections.csv")
    return folder / "objections.csv"


def _published(folder: Path) -> Environment:
    environment = Environment.create(folder / "home")
    accept_what_is_missing(environment)
    environment.create_population(
        "made-people", epsilon=20, delta=1e-6, until=date(2099, 12, 31)
    )
    for name, controller in zip(NAMES, CONTROLLERS, strict=True):
        steward = f"{name}@example.org"
        environment.add_person(steward, roles=["steward"], controller=controller)
        document = package_of(name)
        document["resources"][0]["tre"]["link"]["threshold"] = 1
        environment.onboard(document, base=folder, person=steward)
    return environment


def _timed(action: Callable[[], object]) -> Took:
    """What this process took for it; the enclave's processes are not counted."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    clock, processor = time.perf_counter(), time.process_time()
    action()
    seconds = time.perf_counter() - clock
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    gib = int(found[1]) / 2**20 if found else float("nan")
    return Took(seconds, time.process_time() - processor, gib)


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    sys.exit(0 if main(size) else 1)
