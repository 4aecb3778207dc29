"""The enclave answers with noised cells of the public shape, and with nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from privacy.catalogue import Domain, Type
from privacy.errors import Failed
from privacy.mechanism import Kind, Mechanism
from tests.enclave.published import publish
from tre.capacity import Capacity
from tre.enclave.confinement import LAYERS
from tre.enclave.engine import locked_engine
from tre.enclave.job import Attachment, Job, decode_job, encode_job
from tre.enclave.supervisor import Enclave

ALL = frozenset(LAYERS)

QUIET = Mechanism(Kind.LAPLACE, 1e-3, 1, 1)
"""So little noise that a test can read the answer; no real price buys it."""

REGION = Domain(Type.TEXT, nullable=True, values=("west", "south", "north"))
BY_REGION = (
    "SELECT region AS k0, count(*) AS c0, sum(age) AS c1"
    ' FROM "v1"."people" GROUP BY region'
)

SPILLING = """
CREATE TEMP TABLE spilled AS
SELECT i || repeat('CANARY', 20) AS x, hash(i) AS h FROM range(600_000) AS t(i)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of published files."""
    return tmp_path_factory.mktemp("published")


@pytest.fixture(scope="module")
def people(folder: Path) -> Attachment:
    """A published table of 300 people."""
    return publish(folder)


@pytest.fixture(scope="module")
def enclave(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Enclave]:
    """A running enclave over the folder."""
    scratch = tmp_path_factory.mktemp("scratch")
    enclave = Enclave(folder, scratch, accepted=lambda: ALL)
    enclave.start()
    yield enclave
    enclave.close()


def by_region(people: Attachment, *, draws: int = 1) -> Job:
    """COUNT and SUM by a nullable public key with an absent value."""
    return Job((people,), BY_REGION, (REGION,), (QUIET, QUIET), draws)


def test_what_spills_is_encrypted(tmp_path: Path) -> None:
    """No file shows what memory does not hold; an engine that is not locked does."""
    scratch, plain = tmp_path / "scratch", tmp_path / "plain"
    scratch.mkdir()
    unlocked = duckdb.connect(
        config={"temp_directory": str(plain), "memory_limit": "32MiB"}
    )
    for connection, folder in (
        (locked_engine(tmp_path, scratch, memory_mib=32), scratch),
        (unlocked, plain),
    ):
        with connection:
            connection.execute(SPILLING)
            spilled = b"".join(each.read_bytes() for each in folder.glob("*.tmp"))
        assert spilled
        assert (b"CANARY" in spilled) == (folder == plain)


def test_a_job_survives_the_pipe(people: Attachment) -> None:
    """What the child reads is what the parent wrote."""
    job = by_region(people, draws=7)
    assert decode_job(encode_job(job)) == Job(
        job.attachments,
        job.sql,
        (Domain(Type.TEXT, nullable=True, values=REGION.values),),
        job.mechanisms,
        7,
    )


def test_cells_are_in_public_order(enclave: Enclave, people: Attachment) -> None:
    """Absent keys are zero, NULL comes last, and the order is the catalogue's."""
    counts, sums = enclave.answer(by_region(people)).values
    assert counts.tolist() == [[0, 100, 100, 100]]
    assert sums.shape == (1, 4)
    assert sums[0, 0] == 0


def test_draws_repeat_the_noise_only(enclave: Enclave, people: Attachment) -> None:
    """Every draw is a row of its own over the same exact cells."""
    loud = Mechanism(Kind.LAPLACE, 50.0, 1, 1)
    job = Job((people,), BY_REGION, (REGION,), (loud, QUIET), 40)
    counts, sums = enclave.answer(job).values
    assert counts.shape == (40, 4)
    assert len({tuple(draw) for draw in counts.tolist()}) > 30
    assert len({tuple(draw) for draw in sums.tolist()}) == 1


def test_large_sums_saturate(enclave: Enclave, folder: Path) -> None:
    """A sum beyond 2⁶² is clamped before noise, never wrapped or refused."""
    big = publish(
        folder,
        "CREATE TABLE published.big AS SELECT 9223372036854775807 AS x FROM range(9)",
    )
    job = Job(
        (Attachment("v2", big.path, big.key),),
        'SELECT sum(x) AS c0 FROM "v2"."big"',
        (),
        (QUIET,),
    )
    (values,) = enclave.answer(job).values
    assert values.tolist() == [[2**62]]


@pytest.mark.parametrize(
    ("sql", "keys", "cells"),
    [
        ('SELECT sum(age) AS c0 FROM "v1"."people" WHERE age > 99', (), [0]),
        (
            'SELECT region AS k0, sum(nullif(age, age)) AS c0 FROM "v1"."people"'
            " GROUP BY region",
            (REGION,),
            [0, 0, 0, 0],
        ),
    ],
)
def test_a_sum_of_nothing_is_zero(
    enclave: Enclave,
    people: Attachment,
    sql: str,
    keys: tuple[Domain, ...],
    cells: list[int],
) -> None:
    """SQL's NULL for a sum over no values is 0, as sensitivities presume."""
    (values,) = enclave.answer(Job((people,), sql, keys, (QUIET,))).values
    assert values.tolist() == [cells]


def test_one_process_reads_many_versions(folder: Path, tmp_path: Path) -> None:
    """A process goes on to attach whatever is published after it started."""
    enclave = Enclave(folder, tmp_path / "scratch", accepted=lambda: ALL)
    for version in range(5):
        file = publish(folder, f"CREATE TABLE published.t AS SELECT {version} AS x")
        attachment = Attachment(f"n{version}", file.path, file.key)
        sql = f'SELECT sum(x) AS c0 FROM "n{version}"."t"'
        (values,) = enclave.answer(Job((attachment,), sql, (), (QUIET,))).values
        assert values == version
    enclave.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT error('canary') AS c0",
        "SELECT nonsense",
        'SELECT sum(CAST(region AS INTEGER)) AS c0 FROM "v1"."people"',
        "SELECT count(*) AS c0 FROM read_text('/etc/passwd')",
        "SELECT count(*) AS c0 FROM read_csv('/etc/passwd')",
    ],
)
def test_every_fault_is_the_same_failure(
    enclave: Enclave, people: Attachment, sql: str
) -> None:
    """Whatever goes wrong inside, outside it is one error without words of its own."""
    with pytest.raises(Failed) as failure:
        enclave.answer(Job((people,), sql, (), (QUIET,)))
    assert str(failure.value) == Failed.message
    assert failure.value.__cause__ is None
    assert enclave.answer(by_region(people)).values[0].shape == (1, 4)


def test_a_killed_process_fails_its_question_only(
    enclave: Enclave, people: Attachment
) -> None:
    """The question at hand fails; the next one meets a new process."""
    enclave.answer(by_region(people))
    process = enclave._idle[-1]
    endless = Job(
        (people,),
        "SELECT count(*) AS c0 FROM range(100000000000) AS a(i) WHERE i % 7 = 3",
        (),
        (QUIET,),
    )
    threading.Timer(0.3, os.kill, (process.pid, signal.SIGKILL)).start()
    with pytest.raises(Failed):
        enclave.answer(endless)
    assert enclave.answer(by_region(people)).values[0].shape == (1, 4)


def test_a_question_past_its_deadline_fails(
    folder: Path, people: Attachment, tmp_path: Path
) -> None:
    """The process is killed at the deadline, and its scratch is gone."""
    soon = Capacity(deadline_seconds=0.05)
    enclave = Enclave(folder, tmp_path / "scratch", soon, accepted=lambda: ALL)
    endless = Job(
        (people,),
        "SELECT count(*) AS c0 FROM range(100000000000) AS a(i) WHERE i % 7 = 3",
        (),
        (QUIET,),
    )
    with pytest.raises(Failed):
        enclave.answer(endless)
    enclave.close()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_wrong_key_is_the_same_failure(enclave: Enclave, people: Attachment) -> None:
    """A file whose key is wrong fails like anything else."""
    wrong = Attachment("v9", people.path, "00" * 32)
    with pytest.raises(Failed):
        enclave.answer(Job((wrong,), "SELECT 1 AS c0", (), (QUIET,)))


def test_the_exact_table_keeps_its_values_to_itself() -> None:
    """No printed form of a job or of a table holds a key or a value."""
    job = Job((Attachment("v", "p", "canary"),), "SELECT 1", (), (QUIET,))
    assert "canary" not in repr(job)
    from privacy.table import ExactTable

    assert "4711" not in repr(ExactTable((np.array([4711]),)))


def test_an_enclave_process_imports_no_pandas(folder: Path, tmp_path: Path) -> None:
    """The engine binds values and Arrow makes arrays without a second's import."""
    program = """
import sys
from pathlib import Path
from tre.enclave.child import _NoPandas
sys.meta_path.insert(0, _NoPandas())
import pyarrow
from tre.enclave.engine import locked_engine
folders = (Path(argument) for argument in sys.argv[1:])
connection = locked_engine(*folders, memory_mib=64)
print(connection.execute("SELECT ?", [7]).to_arrow_table().column(0).to_pylist())
print(pyarrow.array(["north"], type=pyarrow.string()), "pandas" in sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-I", "-c", program, str(folder), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines()[0] == "[7]"
    assert run.stdout.endswith("False\n")
