"""Run a peer's program where the peer is, and read what it answers."""

from __future__ import annotations

import json
import subprocess
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tre.evaluation.peers.installed import installed, last_line
from tre.evaluation.peers.task import Draws

PROGRAMS: Final = Path(__file__).parent / "programs"
"""One a peer; each ends when what it reads requests from does."""
_DEATHS: Final = 3
_ANSWER: Final = "answer: "
"""What a line begins with that is an answer: some systems print what they like."""


def asked(
    name: str, requests: Sequence[Sequence[dict[str, Any]]], folder: Path
) -> Iterator[tuple[Draws, ...] | str]:
    """The answers to each request, as soon as they are there; or why there are none.

    A program that ends over a request is why that one has none, and is started again
    for the next; where it has ended so `_DEATHS` times, no more is asked of it.
    `folder` is where the peer's environment is, or is made. Raises Unavailable where
    it cannot be.
    """
    python = installed(name, folder)
    left, deaths, why = deque(requests), 0, ""
    while left and deaths < _DEATHS:
        try:
            for answer in _run(name, python, tuple(left)):
                yield answer
                left.popleft()
        except _Ended as ended:
            why, deaths = str(ended), deaths + 1
            yield why
            left.popleft()
    yield from (why for _ in left)


class _Ended(Exception):
    """A program ended before it had answered; the text says why, as it said last."""


def _run(
    name: str, python: Path, requests: Sequence[Sequence[dict[str, Any]]]
) -> Iterator[tuple[Draws, ...] | str]:
    """The answers of one run of a program. Raises _Ended where it ends early."""
    program = PROGRAMS / f"ask_{name.replace('-', '_')}.py"
    with TemporaryDirectory(prefix="peer-") as scratch:
        said = Path(scratch) / "said"
        with said.open("w+", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [str(python), str(program)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=scratch,
            )
            with _ended(process):
                try:
                    yield from _answers(process, requests)
                except (BrokenPipeError, EOFError):
                    process.wait()
                    last = last_line(said.read_text(encoding="utf-8"))
                    raise _Ended(f"its program ended, and said last: {last}") from None


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """End a program, and close what leads to it, when the block ends."""
    try:
        yield
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def _answers(
    process: subprocess.Popen[str], requests: Sequence[Sequence[dict[str, Any]]]
) -> Iterator[tuple[Draws, ...] | str]:
    """One line goes in for each request, and one comes out."""
    if process.stdin is None or process.stdout is None:
        raise TypeError("the program has pipes")
    for request in requests:
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        answers = json.loads(_line(process).removeprefix(_ANSWER))
        failed = isinstance(answers, dict)
        yield str(answers["failed"]) if failed else tuple(answers)


def _line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise TypeError("the program has pipes")
    for line in process.stdout:
        if line.startswith(_ANSWER):
            return line
    raise EOFError
