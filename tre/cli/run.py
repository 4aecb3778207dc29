"""One command from its words to its exit status."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from tre.cli.errors import DONE, complain, status_of
from tre.cli.program import program


def run(words: Sequence[str]) -> int:
    """Do what the words say; results go to stdout, errors to stderr."""
    command = typer.main.get_command(program)
    status = DONE
    try:
        command(list(words), prog_name="tre")
    except SystemExit as done:
        status = done.code if isinstance(done.code, int) else DONE
    except Exception as error:  # noqa: BLE001 - nothing may end in a stack trace
        complain(error, as_json="--json" in words)
        status = status_of(error)
    return status
