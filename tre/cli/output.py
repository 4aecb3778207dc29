"""Results on stdout: JSON for programs, words and tables for people."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import typer

if TYPE_CHECKING:  # a quarter of what `tre --help` may take
    from rich.console import RenderableType
    from rich.table import Table

_PIPE_WIDTH: Final = 240
"""Columns of text where nobody has a window: wide enough to cut nothing off."""


def answer(
    document: object,
    words: Callable[[], Iterable[RenderableType]],
    *,
    as_json: bool,
) -> None:
    """Print one result, as JSON or as what `words` makes of it."""
    if as_json:
        from tre.gateway.wire import plain

        typer.echo(json.dumps(plain(document), indent=2, ensure_ascii=False))
        return
    say(*words())


def say(*parts: RenderableType) -> None:
    """Print words and tables to stdout."""
    from rich.console import Console

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPE_WIDTH
    console = Console(width=width, highlight=False, markup=False, soft_wrap=False)
    for part in parts:
        console.print(part)


def save(file: Path, data: bytes, *, as_json: bool) -> None:
    """Write a file and say so, never over another. Invalid where it cannot be."""
    from connectors.errors import Invalid

    try:
        with file.open("xb") as stream:
            stream.write(data)
    except FileExistsError:
        raise Invalid(str(file), "expected a file that is not there yet") from None
    except OSError:
        raise Invalid(str(file), "expected a place that can be written to") from None
    written = {"file": str(file), "bytes": len(data)}
    answer(written, lambda: [f"Written to {file}."], as_json=as_json)


@contextmanager
def private_file(file: Path) -> Iterator[BinaryIO]:
    """A new file for its owner alone, gone again where it is not written whole.

    Invalid where there is one already, or it cannot be made.
    """
    from connectors.errors import Invalid

    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Invalid(str(file), "expected a file that is not there yet") from None
    except OSError:
        raise Invalid(str(file), "expected a place that can be written to") from None
    try:
        with os.fdopen(made, "wb") as stream:
            yield stream
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def note(text: str) -> None:
    """Print a remark that is not the result, to stderr."""
    typer.echo(text, err=True)


def columns(*headings: str, right: Sequence[str] = ()) -> Table:
    """An empty table with these headings; numbers belong to the right."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left")
    return table


def facts(*pairs: tuple[str, str]) -> Table:
    """Named facts, one a line."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for name, value in pairs:
        if value:
            table.add_row(name, value)
    return table
