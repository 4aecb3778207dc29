"""The airlock: what is carried out, and in, and the people who check it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tre.cli.options import HERE, Home, Json, Project, Somebody
from tre.cli.output import answer, save
from tre.cli.session import opened

review: Final = typer.Typer(
    help="The airlock for outputs that need a person.", no_args_is_help=True
)

Form = Annotated[
    Path,
    typer.Argument(
        metavar="FORM", help="What, why, for whom, and which files, as YAML."
    ),
]
Submission = Annotated[
    str, typer.Argument(metavar="SUBMISSION", help="Its id, as `list` shows it.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")]


@review.command("submit")
def submit(
    form: Form,
    *,
    project: Project,
    person: Somebody,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Ask to carry files out of a project, or public tables in."""
    with opened(home) as environment:
        found = environment.submit(form, project=project, person=person)
    _told(found, as_json=as_json)


@review.command("resubmit")
def resubmit(
    submission: Submission,
    form: Form,
    *,
    person: Somebody,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Submit again, changed as the checkers asked."""
    with opened(home) as environment:
        found = environment.resubmit(submission, form, person=person)
    _told(found, as_json=as_json)


@review.command("list")
def list_(*, person: Somebody, home: Home = HERE, as_json: Json = False) -> None:
    """List the submissions that you may see."""
    from tre.cli.show_submission import submissions_in_words

    with opened(home) as environment:
        found = environment.submissions(person=person)
    answer(found, lambda: submissions_in_words(found), as_json=as_json)


@review.command("show")
def show(
    submission: Submission,
    *,
    person: Somebody,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Show a submission: its files, what to look at, and the votes you may see."""
    from tre.cli.show_submission import submission_in_words

    with opened(home) as environment:
        found = environment.submission(submission, person=person)
    answer(found, lambda: submission_in_words(found), as_json=as_json)


@review.command("fetch")
def fetch(
    submission: Submission,
    name: Annotated[str, typer.Argument(metavar="FILE", help="The file's name.")],
    *,
    to: Annotated[Path, typer.Option("-o", "--output", metavar="PATH")],
    person: Somebody,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write a file of a submission out, to look at it."""
    with opened(home) as environment:
        data = environment.submission_file(submission, name, person=person)
    save(to, data, as_json=as_json)


@review.command("vote")
def vote(
    submission: Submission,
    verdict: Annotated[
        str, typer.Argument(metavar="VERDICT", help="approve, reject or changes.")
    ],
    *,
    reason: Reason,
    person: Somebody,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Give your verdict. Nobody sees it before it counts."""
    with opened(home) as environment:
        found = environment.vote(submission, verdict, reason=reason, person=person)
    _told(found, as_json=as_json)


@review.command("return")
def return_(
    submission: Submission,
    *,
    reason: Reason,
    person: Somebody,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Return it for changes before the votes are in; they are kept as drafts."""
    with opened(home) as environment:
        found = environment.return_submission(submission, reason=reason, person=person)
    _told(found, as_json=as_json)


@review.command("withdraw")
def withdraw(
    submission: Submission,
    *,
    person: Somebody,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Take your own submission back."""
    with opened(home) as environment:
        found = environment.withdraw_submission(submission, person=person)
    _told(found, as_json=as_json)


@review.command("package")
def package(
    submission: Submission,
    *,
    to: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A .zip file.")
    ],
    person: Somebody,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write an approved submission as a package that anybody can verify."""
    with opened(home) as environment:
        data = environment.carry_out(submission, person=person)
    save(to, data, as_json=as_json)


@review.command("take-in")
def take_in(
    submission: Submission,
    *,
    person: Somebody,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Publish approved public tables, as a steward of the project's data."""
    with opened(home) as environment:
        publication = environment.carry_in(submission, person=person)
    taken = {"dataset": publication.dataset, "version": publication.version}
    words = f"{publication.dataset} {publication.version} is published."
    answer(taken, lambda: [words], as_json=as_json)


def _told(found: Mapping[str, Any], *, as_json: bool) -> None:
    from tre.cli.show_submission import standing

    answer(found, lambda: standing(found), as_json=as_json)
