"""Datasets: checked, onboarded, listed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from tre.cli.options import HERE, Home, Json, Person
from tre.cli.output import answer, note, say
from tre.cli.session import opened

dataset: Final = typer.Typer(help="Datasets and their intake.", no_args_is_help=True)

Manifest = Annotated[
    Path, typer.Argument(metavar="MANIFEST", help="A Data Package, YAML or JSON.")
]
Page = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write the report as one HTML page."),
]
Folder = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", help="Where the files go.")
]
Rows = Annotated[
    int, typer.Option("--rows", metavar="N", min=1, help="Rows a table, at most.")
]
Seed = Annotated[
    int,
    typer.Option("--seed", metavar="S", min=0, help="The same seed, the same rows."),
]
Name = Annotated[str, typer.Argument(metavar="NAME")]
Version = Annotated[
    str | None,
    typer.Option("--version", metavar="V", help="One version: its label, or its id."),
]


@dataset.command("check")
def check(
    manifest: Manifest,
    *,
    page: Page = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Say what is wrong with the sources and how risky they are.

    For the steward alone: the figures are exact. Publishes nothing.
    """
    with opened(home) as environment:
        report = environment.check(manifest)
    from tre.cli.show_check import checked

    if page is not None:
        from tre.inspection.page import page_of

        _write_for_owner(page, page_of(report))
        note(f"The report is in {page}, which nobody but you can read.")
    answer(report, lambda: checked(report), as_json=as_json)


def _write_for_owner(file: Path, content: str) -> None:
    """Write a file that others on the machine cannot read, before or afterwards."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(content, encoding="utf-8")


@dataset.command("onboard")
def onboard(
    manifest: Manifest,
    *,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Take a dataset through intake to publication."""
    from tre.cli.progress import shown
    from tre.cli.show_dataset import published
    from tre.gateway.wire import publication_document

    with opened(home) as environment, shown() as progress:
        publication = environment.onboard(manifest, person=person, progress=progress)
    answer(
        publication_document(publication),
        lambda: published(publication),
        as_json=as_json,
    )


@dataset.command("list")
def list_all(*, home: Home = HERE, as_json: Json = False) -> None:
    """List the catalogue."""
    from tre.cli.show_dataset import catalogue

    with opened(home) as environment:
        datasets = environment.datasets()
    answer(datasets, lambda: catalogue(datasets), as_json=as_json)


@dataset.command("show")
def show(
    name: Name,
    *,
    version: Version = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Show a dataset, or one version of it: its tables, columns, bounds and keys."""
    from tre.cli.show_dataset import described

    with opened(home) as environment:
        facts = environment.dataset(name, version)
    answer(facts, lambda: described(facts), as_json=as_json)


@dataset.command("dummy")
def dummy(
    name: Name,
    *,
    folder: Folder,
    rows: Rows = 1_000,
    seed: Seed = 0,
    home: Home = HERE,
) -> None:
    """Write made-up tables like a dataset's, to develop on.

    One CSV file a table, drawn from the public schema alone and never from the data.
    """
    from pyarrow import csv

    with opened(home) as environment:
        tables = environment.dummy(name, rows=rows, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    for table, made in tables.items():
        file = folder / f"{table}.csv"
        csv.write_csv(made, file)
        say(f"{file}: {made.num_rows:,} made-up rows")


@dataset.command("withdraw")
def withdraw(
    name: Name, *, person: Person = None, home: Home = HERE, as_json: Json = False
) -> None:
    """End a dataset and destroy its keys and files; the log has the proof."""
    with opened(home) as environment:
        environment.withdraw(name, person=person)
    answer(
        {"withdrawn": name},
        lambda: [f"{name} is withdrawn; every version of it is destroyed."],
        as_json=as_json,
    )
