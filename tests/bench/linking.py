"""How fast people are pseudonymised, and how fast and well two files are linked.

Run as `python -m tests.bench.linking [PEOPLE]`. Linking is measured on made people,
so many to a file, whose true identities are known; with a million it takes minutes.
"""

from __future__ import annotations

import resource as usage
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from connectors import TableSource
from tests.intake.support import Register
from tests.linkage.febrl import DATASET_3, DATASET_4, fetched, linked, quality
from tre.demo.agencies import package_of
from tre.demo.made_population import Agency, make_population
from tre.intake import Options, Stage, Zones, onboard
from tre.keystore import Keystore
from tre.manifest import load

PEOPLE = 20_000
SHARE = 0.8
IDENTIFIERS = 2_000_000
LIMIT_A_SECOND = 1_000_000
THREADS = 2
MEMORY_MIB = 4_096
LIMIT_SECONDS = 15 * 60
LIMIT_GIB = 8


def main() -> bool:
    """Print every figure; whether all floors are held."""
    return all([_pseudonyms(), _febrl(), _million(PEOPLE)])


def _pseudonyms() -> bool:
    """Identifiers a second through pseudonymisation, duplicates counted."""
    draw = np.random.default_rng(1)
    whom = draw.integers(0, IDENTIFIERS // 4, IDENTIFIERS)
    table = pa.table(
        {"nr": pa.array(whom).cast(pa.string()), "n": pa.array(whom % 100)}
    )
    number = {"name": "nr", "tre": {"role": "identifier", "kind": "local-id"}}
    value = {"minimum": 0, "maximum": 99}
    fields = [number, {"name": "n", "type": "integer", "constraints": value}]
    document = {
        "name": "ids",
        "tre": {"controller": "A", "legal_basis": "B", "population": "residents"},
        "resources": [
            {
                "name": "ids",
                "path": "ids.csv",
                "tre": {"privacy_unit": "person", "rows_per_person": 8},
                "schema": {"fields": fields},
            }
        ],
    }
    stages: dict[Stage, float] = {}
    _timed(document, {"ids": table}, stages, memory_mib=1_024)
    seconds = stages[Stage.LINK] - stages[Stage.PSEUDONYMISE]
    rate = IDENTIFIERS / seconds
    held = rate >= LIMIT_A_SECOND
    print(f"pseudonymised {rate:,.0f} identifiers a second on {THREADS} threads")
    return held


def _febrl() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        files = fetched(Path(folder))
        held = []
        for name, wanted, floor in (
            ("FEBRL 4", DATASET_4, 0.995),
            ("FEBRL 3", DATASET_3, 0.97),
        ):
            found = linked(files, wanted)
            print(
                f"{name}: F1 {found.f1:.4f} (floor {floor}), precision"
                f" {found.precision:.4f}, recall {found.recall:.4f}"
            )
            held.append(found.f1 >= floor)
    return all(held)


def _million(people: int) -> bool:
    """Two files of `people` each, linked."""
    population = make_population(int(people / SHARE), seed=1, share=SHARE)
    one, other = (once(population.agencies[n]) for n in ("education", "earnings"))
    del population
    documents = [package_of("education"), package_of("earnings")]
    every = [resource for document in documents for resource in document["resources"]]
    document = {**documents[0], "resources": every}
    tables = {"education": one.table, "earnings": other.table}
    truth = [*one.truth.tolist(), *other.truth.tolist()]
    stages: dict[Stage, float] = {}
    began, processor = time.perf_counter(), time.process_time()
    links = _timed(document, tables, stages, memory_mib=MEMORY_MIB)
    seconds = time.perf_counter() - began
    processor = time.process_time() - processor
    gib = usage.getrusage(usage.RUSAGE_SELF).ru_maxrss / 2**20
    found = quality(links["person"].to_pylist(), truth)
    print(
        f"{one.table.num_rows:,} × {other.table.num_rows:,} people: {seconds:.0f} s on"
        f" {THREADS} threads, {processor:.0f} s of a processor, peak {gib:.1f} GiB;"
        f" precision {found.precision:.4f},"
        f" recall {found.recall:.4f}"
    )
    return seconds <= LIMIT_SECONDS and gib <= LIMIT_GIB


def once(agency: Agency) -> Agency:
    """The first row of each person."""
    _, first = np.unique(agency.truth, return_index=True)
    return Agency(agency.table.take(pa.array(first)), agency.truth[first])


def _timed(
    document: dict, tables: dict[str, pa.Table], stages: dict[Stage, float], **options
) -> pa.Table:
    """Onboard; the links. `stages` gets when each stage last began."""

    def progress(stage: Stage, table: str, rows: int) -> None:
        if not rows and stage in {Stage.PSEUDONYMISE, Stage.LINK, Stage.PUBLISH}:
            print(f"  {table}: {stage.value}", file=sys.stderr, flush=True)
        stages[stage] = time.perf_counter()

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        publication = onboard(
            load(document, home),
            Zones(home, Keystore.create(home / "keys")),
            Register(),
            sources={n: TableSource(n, table) for n, table in tables.items()},
            progress=progress,
            options=Options(keep_links=True, threads=THREADS, **options),
        )
    assert publication.links is not None
    return publication.links


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    sys.exit(0 if _million(size) else 1)
