"""Run a peer's program where the peer is, and read what it answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tre.evaluation.peers.installed import Unavailable, installed, last_line
from tre.evaluation.peers.task import Draws

_HERE: Final = files("tre.evaluation.peers")
_ANSWER: Final = "answer: "
"""What a line begins with that is an answer: some systems print what they like."""


def asked(
    name: str, requests: Sequence[Sequence[dict[str, Any]]], folder: Path
) -> Iterator[tuple[Draws, ...] | str]:
    """The answers to each request, as soon as they are there; or why there are none.

    `folder` is where the peer's environment is, or is made. Raises Unavailable where
    it cannot be, or where the program ends before it has answered.
    """
    python = installed(name, folder)
    with (
        as_file(_HERE / "programs" / f"ask_{name.replace('-', '_')}.py") as program,
        TemporaryDirectory(prefix="peer-") as scratch,
    ):
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
                    why = last_line(said.read_text(encoding="utf-8"))
                    raise Unavailable(f"{name} did not answer: {why}") from None


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
