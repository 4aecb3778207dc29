"""What `ask` takes beyond the engine's own time, on a warm enclave.

The engine's own time is that of the compiled SQL, run by DuckDB in this process on
the same published file. Time slots are left out, as in every laboratory.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import duckdb
import numpy as np
import pyarrow as pa

from privacy.bind import bind
from privacy.bound import bound
from privacy.compile import compile_plan
from privacy.parse import parse
from privacy.plan import plan
from privacy.policy import GATEWAY
from tre.earlier import MOST_COMPARED
from tre.enclave.job import Attachment
from tre.encryption import crypto_extension
from tre.governance.admit import admit
from tre.lab import PROJECT, RESEARCHER, Lab

LIMIT_MILLISECONDS = 25.0
TIMES = 60

REGIONS = [f"region {number}" for number in range(12)]
SECTORS = [f"sector {number}" for number in range(20)]

PACKAGE = {
    "name": "earnings",
    "tre": {
        "controller": "Bench",
        "legal_basis": "None needed: the data is made up",
        "population": "residents",
    },
    "resources": [
        {
            "name": "earnings",
            "tre": {"privacy_unit": "person", "rows_per_person": 8},
            "schema": {
                "fields": [
                    {
                        "name": "id",
                        "type": "integer",
                        "tre": {"role": "identifier", "kind": "local-id"},
                    },
                    {
                        "name": "region",
                        "constraints": {"required": True, "enum": REGIONS},
                    },
                    {
                        "name": "sector",
                        "constraints": {"required": True, "enum": SECTORS},
                    },
                    {
                        "name": "pay",
                        "type": "integer",
                        "constraints": {
                            "required": True,
                            "minimum": 0,
                            "maximum": 200_000,
                        },
                    },
                ]
            },
        }
    ],
}

QUESTIONS = {
    "COUNT, 1 cell": "SELECT COUNT(*) AS n FROM earnings",
    "COUNT and SUM, 12 cells": (
        "SELECT region, COUNT(*) AS n, SUM(pay) AS total FROM earnings GROUP BY region"
    ),
    "COUNT and AVG, 240 cells": (
        "SELECT region, sector, COUNT(*) AS n, AVG(pay) AS pay"
        " FROM earnings WHERE pay > 1000 GROUP BY region, sector"
    ),
}

EARLIER = (
    "SELECT region, COUNT(*) AS n, AVG(pay) AS pay"
    " FROM earnings WHERE pay > {} GROUP BY region"
)
"""What was asked before: each question is compared with every other."""


def table(rows: int) -> pa.Table:
    """People with 1 to 8 rows each, as many rows as asked."""
    drawn = np.random.default_rng(7)
    people = np.repeat(np.arange(rows), drawn.integers(1, 9, rows))[:rows]
    return pa.table(
        {
            "id": people,
            "region": np.array(REGIONS)[drawn.integers(0, 12, rows)],
            "sector": np.array(SECTORS)[drawn.integers(0, 20, rows)],
            "pay": drawn.integers(0, 200_001, rows),
        }
    )


def main(rows: int = 100_000) -> bool:
    """Print each question's times; whether every figure holds."""
    with Lab({"earnings": table(rows)}, PACKAGE, epsilon=1e6) as lab:
        engine = Engine(lab)
        held = [_told(lab, engine, *question) for question in QUESTIONS.items()]
        for number in range(MOST_COMPARED):
            lab.ask(EARLIER.format(number), epsilon=0.1)
        for name, question in QUESTIONS.items():
            told = f"{name}, after {MOST_COMPARED} others"
            held.append(_told(lab, engine, told, question))
    return all(held)


class Engine:
    """DuckDB in this process, on the laboratory's published file."""

    def __init__(self, lab: Lab) -> None:
        gate = lab._parts.gate
        with gate.control.reading() as connection:
            admission = admit(connection, PROJECT, RESEARCHER, gate.clock())
        self._catalogue = admission.catalogue
        file = gate.attachment(admission.versions["earnings"])
        self._connection = _connected(file)

    def run(self, sql: str) -> None:
        """Run plain SQL over the published table."""
        self._connection.execute(sql).to_arrow_table()

    def compiled(self, question: str) -> str:
        """What the gateway would run for a question."""
        planned = plan(bound(bind(parse(question), self._catalogue)), GATEWAY)
        return compile_plan(planned, {"earnings": "published"}).sql


def _connected(file: Attachment) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
        }
    )
    connection.load_extension(str(crypto_extension()))
    connection.execute(
        f"ATTACH '{file.path}' AS published (READ_ONLY, ENCRYPTION_KEY ?)", [file.key]
    )
    return connection


def milliseconds(run: Callable[[], object], times: int) -> float:
    """The median of several warm runs."""
    run()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        run()
        taken.append((time.perf_counter() - begun) * 1000)
    return median(taken)


def _told(lab: Lab, engine: Engine, name: str, question: str) -> bool:
    sql = engine.compiled(question)
    own = milliseconds(lambda: engine.run(sql), TIMES)
    asked = milliseconds(lambda: lab.ask(question, epsilon=0.1, fresh=True), TIMES)
    holds = asked - own <= LIMIT_MILLISECONDS
    verdict = "holds" if holds else "DOES NOT HOLD"
    print(
        f"ask, {name}: {asked:.1f} ms, engine {own:.1f} ms, beyond it"
        f" {asked - own:.1f} ms (limit {LIMIT_MILLISECONDS:.0f}): {verdict}"
    )
    return holds


if __name__ == "__main__":
    main()
