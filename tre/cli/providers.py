"""The OpenID provider that people and programs sign in with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tre.cli.options import HERE, Home, Json, Person
from tre.cli.output import answer, facts
from tre.cli.session import acting_person, opened

if TYPE_CHECKING:  # slow to import
    from rich.table import Table

    from tre.identity.providers import Provider

provider: Final = typer.Typer(help="Sign-in by OpenID.", no_args_is_help=True)

Subject = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="The provider's `sub`.")
]


@provider.command("set")
def set_provider(  # noqa: PLR0913 - one parameter for each option
    issuer: Annotated[str, typer.Argument(metavar="ISSUER")],
    *,
    client: Annotated[str, typer.Option("--client", metavar="ID")],
    audience: Annotated[
        str,
        typer.Option(
            "--audience", metavar="NAME", help="To whom access tokens are made out."
        ),
    ],
    secret_file: Annotated[
        Path | None,
        typer.Option("--secret-file", metavar="FILE", help="The client's secret."),
    ] = None,
    by_email: Annotated[
        bool,
        typer.Option(
            "--by-email", help="An e-mail the provider has verified is a person's id."
        ),
    ] = False,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Let people sign in with a provider; it is asked for its keys at once."""
    from tre.identity.providers import Provider

    secret = None if secret_file is None else secret_file.read_text("utf-8").strip()
    described = Provider(issuer, client, audience, by_email, secret)
    with opened(home) as environment:
        environment.identity.set_provider(described, by=acting_person(person))
    answer(described, lambda: [f"People sign in with {issuer}."], as_json=as_json)


@provider.command("show")
def show(*, home: Home = HERE, as_json: Json = False) -> None:
    """Show the provider; not its secret."""
    with opened(home) as environment:
        found = environment.identity.provider()
    answer(found, lambda: [_words(found)], as_json=as_json)


@provider.command("remove")
def remove(*, person: Person = None, home: Home = HERE, as_json: Json = False) -> None:
    """End sign-in by the provider; its tokens open nothing from then on."""
    with opened(home) as environment:
        environment.identity.remove_provider(by=acting_person(person))
    answer({"removed": True}, lambda: ["No provider is set up."], as_json=as_json)


@provider.command("link")
def link(
    subject: Subject,
    named: Annotated[str, typer.Argument(metavar="ID", help="Who that is.")],
    *,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Say which person a subject of the provider's is."""
    with opened(home) as environment:
        environment.identity.link(subject, named, by=acting_person(person))
    document = {"subject": subject, "person": named}
    answer(document, lambda: [f"{subject} is {named}."], as_json=as_json)


@provider.command("unlink")
def unlink(
    subject: Subject, *, person: Person = None, home: Home = HERE, as_json: Json = False
) -> None:
    """A subject of the provider's is nobody here any more."""
    with opened(home) as environment:
        environment.identity.unlink(subject, by=acting_person(person))
    answer({"unlinked": subject}, lambda: [f"{subject} is nobody."], as_json=as_json)


def _words(found: Provider) -> Table:
    by_email = "verified e-mail, or link" if found.by_email else "link"
    return facts(
        ("issuer", found.issuer),
        ("client", found.client_id),
        ("audience", found.audience),
        ("people by", by_email),
        ("secret", "kept" if found.client_secret else "none"),
    )
