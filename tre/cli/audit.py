"""The audit log: its signed head, and whether all of it still stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tre.cli.errors import FAILED
from tre.cli.options import HERE, Home, Json
from tre.cli.output import answer
from tre.cli.session import opened

if TYPE_CHECKING:  # slow to import
    from tre.audit.verify import Verification

audit: Final = typer.Typer(help="The audit log.", no_args_is_help=True)


@audit.command("checkpoint")
def checkpoint(*, home: Home = HERE) -> None:
    """Print the log's signed head, as JSON: keep it somewhere else."""
    with opened(home) as environment:
        head = environment.checkpoint()
    answer(head, list, as_json=True)


@audit.command("verify")
def verify(
    *,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint", metavar="FILE", help="A signed head that you have kept."
        ),
    ] = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Check the whole log, offline, and that the environment acts on what it says.

    Where the log does not stand, the first record that shows it, and status 1; also
    where balances, charges, roles, tables or files are not as the log has them.
    """
    from tre.gateway.wire import plain

    with opened(home) as environment:
        verification = environment.verify_audit(checkpoint)
    document = {"sound": verification.sound, **plain(verification)}
    answer(document, lambda: _verdict(verification), as_json=as_json)
    if not verification.sound:
        raise typer.Exit(FAILED)


def _verdict(verification: Verification) -> list[str]:
    if verification.problem:
        at = verification.position
        place = "" if at is None else f" at record {at:,}"
        return [f"The log does not stand{place}: {verification.problem}."]
    stands = f"The log stands: {verification.records:,} records, all as signed."
    if verification.sound:
        return [stands]
    differences = [f"- {each.what} {each.problem}" for each in verification.differences]
    return [stands, "What is acted on differs from it:", *differences]
