"""Projects: proposed, approved, asked with, closed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tre.cli.options import HERE, Home, Json, Person
from tre.cli.output import answer
from tre.cli.session import opened

project: Final = typer.Typer(help="Projects and approvals.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME")]
Follow = Annotated[
    bool, typer.Option("--follow", help="Ask the current version again.")
]


@project.command("propose")
def propose(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A project, as YAML.")],
    *,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Propose a project."""
    with opened(home) as environment:
        name = environment.propose(file, person=person)
        state = environment.project(name)
    _changed(state, as_json=as_json)


@project.command("amend")
def amend(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The project, changed.")],
    *,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Change a project of one's own; a running one goes on as it was until approved."""
    with opened(home) as environment:
        state = environment.amend(file, person=person)
    _changed(state, as_json=as_json)


@project.command("withdraw-amendment")
def withdraw_amendment(
    name: Name, *, person: Person = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Ask no longer for a change of a running project."""
    with opened(home) as environment:
        state = environment.withdraw_amendment(name, person=person)
    _changed(state, as_json=as_json)


@project.command("due")
def due(
    *,
    within: Annotated[
        int, typer.Option("--within", metavar="DAYS", min=0, help="How far ahead.")
    ] = 30,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """List what has to be seen to soon, and what is overdue."""
    from tre.cli.show_project import due_in_words

    with opened(home) as environment:
        found = environment.due(within=within)
    answer(found, lambda: due_in_words(found), as_json=as_json)


@project.command("approve")
def approve(
    name: Name,
    *,
    role: Annotated[
        str | None,
        typer.Option(
            "--role", metavar="ROLE", help="As committee or steward, if you are both."
        ),
    ] = None,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Approve a project, for the committee or for a controller of its data."""
    with opened(home) as environment:
        state = environment.approve(name, person=person, role=role)
    _changed(state, as_json=as_json)


@project.command("suspend")
def suspend(
    name: Name,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Stop a project from asking."""
    with opened(home) as environment:
        state = environment.suspend(name, reason=reason, person=person)
    _changed(state, as_json=as_json)


@project.command("resume")
def resume(
    name: Name, *, person: Person = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Let a suspended project ask again, as the committee."""
    with opened(home) as environment:
        state = environment.resume(name, person=person)
    _changed(state, as_json=as_json)


@project.command("withdraw-approval")
def withdraw_approval(
    name: Name, *, person: Person = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Take an approval back: its data, or without the committee's all, is refused."""
    with opened(home) as environment:
        state = environment.withdraw_approval(name, person=person)
    _changed(state, as_json=as_json)


@project.command("close")
def close(
    name: Name,
    *,
    outcome: Annotated[
        str, typer.Option("--outcome", metavar="TEXT", help="What came of it.")
    ],
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """End a project and record what came of it."""
    with opened(home) as environment:
        state = environment.close_project(name, outcome=outcome, person=person)
    _changed(state, as_json=as_json)


@project.command("pin")
def pin(  # noqa: PLR0913 - one parameter for each argument and option
    name: Name,
    dataset: Annotated[str, typer.Argument(metavar="DATASET")],
    version: Annotated[
        str | None, typer.Argument(metavar="VERSION", help="Its label, or its id.")
    ] = None,
    *,
    follow: Follow = False,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Have a project of one's own ask one version of a dataset, or follow it."""
    if follow == (version is not None):
        raise typer.BadParameter("Say a version, or --follow.", param_hint="VERSION")
    with opened(home) as environment:
        state = (
            environment.follow(name, dataset, person=person)
            if version is None
            else environment.pin(name, dataset, version, person=person)
        )
    _changed(state, as_json=as_json)


@project.command("show")
def show(name: Name, *, home: Home = HERE, as_json: Json = False) -> None:
    """Show a project: its state, its approvals, its purpose."""
    from tre.cli.show_project import project_in_words

    with opened(home) as environment:
        state = environment.project(name)
    answer(state, lambda: project_in_words(state), as_json=as_json)


def _changed(state: Mapping[str, Any], *, as_json: bool) -> None:
    from tre.cli.show_project import standing

    answer(state, lambda: [standing(state)], as_json=as_json)
