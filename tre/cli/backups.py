"""A home in one sealed file, and a home from one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tre.cli.options import HERE, Home, Json, Person
from tre.cli.output import answer
from tre.cli.session import acting_person, opened

File = Annotated[Path, typer.Argument(metavar="FILE")]
Passphrase = Annotated[
    Path,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help="A file whose first line is the passphrase; - reads it from stdin.",
    ),
]


def backup(
    file: File,
    *,
    passphrase_file: Passphrase,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write the whole environment to one encrypted file."""
    with opened(home) as environment:
        environment.back_up(file, _line(passphrase_file), person=person)
    size = file.stat().st_size
    answer(
        {"file": file, "bytes": size},
        lambda: [
            f"Wrote {file}: {size:,} bytes. It is nothing without its passphrase."
        ],
        as_json=as_json,
    )


def restore(
    file: File,
    *,
    passphrase_file: Passphrase,
    control: Annotated[
        str | None,
        typer.Option(
            "--control",
            metavar="URL",
            help="An empty PostgreSQL database for people, projects and the ledger; "
            "else they are in a file of the home.",
        ),
    ] = None,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Make an environment from a backup, where there is none.

    What was spent after the backup is not in its ledger, so every active project is
    suspended until the committee resumes it. Before that, what was withdrawn since is
    to be withdrawn again, and objections to be taken in again and applied. Where heads
    of the log are published outside, they show how many records are lost.
    """
    from tre.backup import restore as restored

    passphrase, actor = _line(passphrase_file), acting_person(person)
    found = restored(file, home, passphrase, actor, control)
    names = ", ".join(found.suspended) or "none was active"
    facts = {"suspended": found.suspended, "records_lost": found.lost}
    answer(
        {"home": home.resolve(), **facts},
        lambda: [
            f"Restored {home.resolve()}.",
            f"Projects suspended until the committee resumes them: {names}.",
            _lost(found.lost),
            "What came after the backup is unknown here. Before any is resumed:"
            " withdraw again what was withdrawn (tre dataset withdraw), and take in"
            " objections again and apply them (tre optout import, tre optout apply).",
        ],
        as_json=as_json,
    )


def _lost(records: int | None) -> str:
    match records:
        case None:
            return (
                "No head of the log outside could be looked at:"
                " what was spent after the backup is not known."
            )
        case 0:
            return "The newest head of the log outside knows of nothing that is lost."
        case number:
            return (
                f"{number:,} records after the backup are lost, as a head of the log"
                " outside shows: what they spent is not in the ledger."
            )


def _line(file: Path) -> str:
    text = typer.get_text_stream("stdin") if str(file) == "-" else file.open("r")
    with text:
        return text.readline().rstrip("\n")
