"""The audit log: its signed head, and whether all of it still stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tre.cli.errors import FAILED
from tre.cli.options import HERE, Home, Json, Person
from tre.cli.output import answer
from tre.cli.session import opened

if TYPE_CHECKING:  # slow to import
    from tre.audit.note import Note
    from tre.audit.verify import Verification
    from tre.environment import Environment

audit: Final = typer.Typer(help="The audit log.", no_args_is_help=True)


Size = Annotated[
    int | None,
    typer.Option("--size", metavar="N", help="Of the log when it had N records."),
]


@audit.command("checkpoint")
def checkpoint(
    *,
    note: Annotated[
        bool, typer.Option("--note", help="As a signed note (C2SP tlog-checkpoint).")
    ] = False,
    home: Home = HERE,
) -> None:
    """Print the log's signed head, as JSON or a note: keep it somewhere else."""
    with opened(home) as environment:
        if note:
            typer.echo(environment.log.note().written(), nl=False)
            return
        head = environment.checkpoint()
    answer(head, list, as_json=True)


@audit.command("key")
def key(*, home: Home = HERE) -> None:
    """Print the public key of the log and of receipts."""
    with opened(home) as environment:
        typer.echo(environment.log.verifier_key())


@audit.command("inclusion")
def inclusion(
    position: Annotated[int, typer.Argument(metavar="POSITION")],
    *,
    size: Size = None,
    home: Home = HERE,
) -> None:
    """Print the proof that the log has a record, as JSON."""
    with opened(home) as environment:
        proof = environment.log.inclusion(position, size)
    answer(proof, list, as_json=True)


@audit.command("consistency")
def consistency(
    earlier: Annotated[int, typer.Argument(metavar="SIZE")],
    *,
    size: Size = None,
    home: Home = HERE,
) -> None:
    """Print the proof that the log has only grown since it had SIZE records."""
    with opened(home) as environment:
        proof = environment.log.consistency(earlier, size)
    answer(proof, list, as_json=True)


@audit.command("publish")
def publish(
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="PLACE",
            help="From now on to this folder or address; '' for nowhere.",
        ),
    ] = None,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Publish the signed head outside, where nobody here can take it back."""
    from connectors.errors import Invalid  # its package is slow to import

    with opened(home) as environment:
        if to is not None:
            environment.publish_heads_to(to, person=person)
        published = _published(environment)
    if to is None and published is None:
        raise Invalid("heads", "no place outside is set: say one with --to")
    size = published.size if published else None
    words = f"Published the head of {size:,} records." if size else "Set no place."
    answer({"size": size}, lambda: [words], as_json=as_json)


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
    where what is acted on (balances, releases, roles, tokens, projects, approvals,
    tables, files) is not as the log has it.
    """
    from tre.gateway.wire import plain

    with opened(home) as environment:
        verification = environment.verify_audit(checkpoint)
    document = {"sound": verification.sound, **plain(verification)}
    answer(document, lambda: _verdict(verification), as_json=as_json)
    if not verification.sound:
        raise typer.Exit(FAILED)


def _published(environment: Environment) -> Note | None:
    from connectors.errors import Invalid
    from tre.audit.outside import Forked, NotPublished

    try:
        return environment.log.publish()
    except (NotPublished, Forked) as problem:
        raise Invalid("heads", str(problem)) from None


def _verdict(verification: Verification) -> list[str]:
    if verification.problem:
        at = verification.position
        place = "" if at is None else f" at record {at:,}"
        return [f"The log does not stand{place}: {verification.problem}."]
    stands = f"The log stands: {verification.records:,} records, all as signed."
    lines = [stands]
    if verification.differences:
        lines.append("What is acted on differs from it:")
        lines += [f"- {each.what} {each.problem}" for each in verification.differences]
    if verification.unsaid:
        lines.append("Records of an earlier version do not say these, so nothing can:")
        lines += [f"- {each.what}" for each in verification.unsaid]
    return lines
