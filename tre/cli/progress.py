"""How far intake has come, on stderr: a bar for people, lines for a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tre.cli.output import note

if TYPE_CHECKING:  # only a terminal needs it
    from rich.progress import TaskID

Progress = Callable[[str, int, int], None]
"""Called with a stage, how much of it is done, and of how much (0: not known)."""


@contextmanager
def shown() -> Iterator[Progress]:
    """Something to tell progress to while the block runs."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    with _bars() as progress:
        yield progress


def _lines() -> Progress:
    """One line when a stage begins."""
    begun: set[str] = set()

    def tell(stage: str, _done: int, _total: int) -> None:
        if stage not in begun:
            begun.add(stage)
            note(f"{stage} …")

    return tell


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import Progress as Bars

    tasks: dict[str, TaskID] = {}
    with Bars(console=Console(stderr=True), transient=True) as bars:

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield tell
