"""Whatever happens to either process, no answer is misplaced and nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from privacy.errors import Failed
from privacy.mechanism import Kind, Mechanism
from tests.enclave.interrupting import interrupted
from tests.enclave.published import publish
from tre.capacity import Capacity
from tre.enclave.confinement import LAYERS
from tre.enclave.job import Attachment, Job
from tre.enclave.supervisor import Enclave

ALL = frozenset(LAYERS)
QUIET = Mechanism(Kind.LAPLACE, 1e-3, 1, 1)
ENDLESS = "SELECT count(*) AS c0 FROM range(1000000000000) AS a(i) WHERE i % 7 = 3"

BESIDE = """
import sys
from pathlib import Path
from tests.enclave.test_supervision import ALL, asking, number
from tre.enclave.supervisor import Enclave
folders = (Path(sys.argv[1]), Path(sys.argv[2]))
enclave = Enclave(*folders, accepted=lambda: ALL)
enclave.answer(number(1))
print(enclave._idle[-1].pid, flush=True)
"""
"""A process with an enclave of its own; more of it follows in each test."""


def asking(sql: str) -> Job:
    """A job of one number that reads no file."""
    return Job((), sql, (), (QUIET,))


def long(value: int) -> Job:
    """The same, of more bytes than a pipe holds."""
    return asking(f"/* {'x' * 2**22} */ SELECT {value} AS c0")


def number(value: int) -> Job:
    """A job whose answer tells it from others."""
    return asking(f"SELECT {value} AS c0")


def answered(enclave: Enclave, value: int) -> bool:
    """Whether the enclave answers, and what it was asked."""
    (values,) = enclave.answer(number(value)).values
    return values.tolist() == [[value]]


def process_of(enclave: Enclave) -> int:
    """The process that would get the next job."""
    return enclave._idle[-1].pid


def becomes_true(is_so: Callable[[], bool], *, within_seconds: float = 300.0) -> bool:
    """Whether it is so before the time is over."""
    until = time.monotonic() + within_seconds
    while not is_so() and time.monotonic() < until:
        time.sleep(0.02)
    return is_so()


def gone(process: int) -> bool:
    """Whether no such process runs any more."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{process}/stat")
    return state.exists() and ") Z " in state.read_text()


@pytest.fixture
def enclave(tmp_path: Path) -> Iterator[Enclave]:
    """An enclave over an empty folder."""
    (tmp_path / "published").mkdir()
    enclave = Enclave(
        tmp_path / "published", tmp_path / "scratch", accepted=lambda: ALL
    )
    yield enclave
    enclave.close()


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Callable[[str], tuple[subprocess.Popen, int]]]:
    """Starts a process with an enclave, and gives it and its enclave's process."""
    (tmp_path / "published").mkdir(exist_ok=True)
    started: list[subprocess.Popen] = []

    def start(then: str) -> tuple[subprocess.Popen, int]:
        folders = [str(tmp_path / name) for name in ("published", "scratch")]
        program = [sys.executable, "-c", BESIDE + then, *folders]
        process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        return process, int(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_an_interrupted_question_answers_no_other(enclave: Enclave) -> None:
    """After Ctrl-C the next question gets its own answer, not the late one."""
    assert answered(enclave, 1)
    with pytest.raises(KeyboardInterrupt), interrupted(after_seconds=0.3):
        enclave.answer(asking(ENDLESS))
    assert answered(enclave, 2)


def test_a_process_that_does_not_listen_is_killed(enclave: Enclave) -> None:
    """The deadline holds for a job that does not even fit the pipe."""
    assert answered(enclave, 1)
    os.kill(process_of(enclave), signal.SIGSTOP)
    with pytest.raises(Failed):
        enclave.answer(long(1), slot=0.5)
    assert answered(enclave, 2)


def test_a_long_job_passes_the_pipe(enclave: Enclave) -> None:
    """A job may be longer than what a pipe holds."""
    assert enclave.answer(long(1)).values[0].tolist() == [[1]]


@pytest.mark.parametrize(
    "job",
    [
        Job((), "SELECT 1 AS c0", (), (QUIET,), draws=0),
        Job((), "SELECT 1 AS c0", (), (QUIET,), draws=2**40),
        Job((), "SELECT 1 AS c0, 2 AS c1", (), (QUIET, QUIET), draws=-1),
        Job((), "x" * (65 * 2**20), (), (QUIET,)),
        Job((Attachment("v", object(), "00"),), "SELECT 1 AS c0", (), ()),  # type: ignore[arg-type]
    ],
    ids=["no-draws", "endless-draws", "negative-draws", "long", "unwritable"],
)
def test_a_job_that_cannot_be_done_is_the_same_failure(
    enclave: Enclave, job: Job
) -> None:
    """However wrong a job is, all that is said is `Failed`."""
    with pytest.raises(Failed):
        enclave.answer(job)
    assert answered(enclave, 3)


def test_many_threads_get_their_own_answers(enclave: Enclave) -> None:
    """Answers are never swapped between those who ask at the same time."""
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(lambda value: answered(enclave, value), range(400)))


def test_memory_is_bounded(tmp_path: Path) -> None:
    """A question that needs more memory than there is fails; the next does not."""
    little = Capacity(memory_mib=64)
    enclave = Enclave(tmp_path, tmp_path / "scratch", little, accepted=lambda: ALL)
    with pytest.raises(Failed):
        enclave.answer(
            asking("SELECT len(list(i)) AS c0 FROM range(100000000) AS a(i)")
        )
    assert answered(enclave, 4)
    enclave.close()


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux bounds a process's data"
)
def test_memory_beside_the_engine_is_bounded() -> None:
    """What is no part of the engine cannot take all there is either."""
    program = (
        "from tre.enclave.limits import limit\nlimit(64)\n"
        "try:\n    bytearray(5 * 2**30)\nexcept MemoryError:\n    print('bounded')"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True
    )
    assert run.stdout == "bounded\n"


def test_nothing_outlives_a_killed_parent(
    beside: Callable[[str], tuple[subprocess.Popen, int]],
) -> None:
    """An enclave process ends with its parent, in the middle of a question too."""
    parent, child = beside(
        f"enclave.answer(asking({ENDLESS!r}))",
    )
    time.sleep(0.3)
    assert not gone(child)
    parent.kill()
    assert becomes_true(lambda: gone(child))


def test_scratch_of_a_killed_parent_is_wiped(
    beside: Callable[[str], tuple[subprocess.Popen, int]], tmp_path: Path
) -> None:
    """The next to start wipes what the dead left, and nothing of the living."""
    dead, _ = beside("sys.stdin.read()")
    (left,) = (tmp_path / "scratch").iterdir()
    (left / "spilled").write_text("rows")
    dead.kill()
    dead.wait()
    first = Enclave(tmp_path / "published", tmp_path / "scratch")
    first.start()
    (kept,) = (tmp_path / "scratch").iterdir()
    assert kept != left
    second = Enclave(tmp_path / "published", tmp_path / "scratch")
    second.start()
    assert kept.exists()
    assert len(list((tmp_path / "scratch").iterdir())) == 2
    first.close()
    second.close()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_forked_copy_has_an_enclave_of_its_own(
    beside: Callable[[str], tuple[subprocess.Popen, int]],
) -> None:
    """Two processes never share a pipe, and one's end is not the other's."""
    process, child = beside(
        """
import os
from tests.enclave.test_supervision import answered, process_of
copy = os.fork()
if not copy:
    good = all(answered(enclave, value) for value in range(100, 200))
    print(process_of(enclave), good, flush=True)
    enclave.close()
    os._exit(0)
good = all(answered(enclave, value) for value in range(200, 300))
os.waitpid(copy, 0)
print(process_of(enclave), good and answered(enclave, 5), flush=True)
print(len(list(Path(sys.argv[2]).iterdir())), flush=True)
enclave.close()
"""
    )
    assert process.stdout is not None
    copied, original, folders = process.stdout.read().splitlines()
    assert original == f"{child} True"
    assert copied.endswith(" True")
    assert copied != original
    assert folders == "1"


def test_a_key_is_in_no_listing(tmp_path: Path) -> None:
    """A key is not among a process's arguments, its environment or its scratch."""
    (tmp_path / "published").mkdir()
    people = publish(tmp_path / "published")
    enclave = Enclave(
        tmp_path / "published", tmp_path / "scratch", accepted=lambda: ALL
    )
    sql = 'SELECT count(*) AS c0 FROM "v1"."people"'
    assert enclave.answer(Job((people,), sql, (), (QUIET,))).values[0] == 300
    process = process_of(enclave)
    for listing in ("cmdline", "environ"):
        file = Path(f"/proc/{process}/{listing}")
        if os.access(file, os.R_OK):
            assert people.key.encode() not in file.read_bytes()
    files = [file for file in (tmp_path / "scratch").rglob("*") if file.is_file()]
    assert not any(people.key.encode() in file.read_bytes() for file in files)
    assert people.key not in repr(vars(enclave))
    enclave.close()
