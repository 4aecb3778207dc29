"""The disclosure policy: what is in force, and putting another in force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tre.cli.options import HERE, Home, Json, Person
from tre.cli.output import answer
from tre.cli.session import opened

if TYPE_CHECKING:  # `tre --help` needs none of it
    from privacy.policy import Policy

policy: Final = typer.Typer(help="The disclosure policy.", no_args_is_help=True)


@policy.command("show")
def show(*, home: Home = HERE, as_json: Json = False) -> None:
    """Print the policy in force, as the YAML that `set` reads."""
    with opened(home) as environment:
        found = environment.policy()
    _told(found, as_json=as_json)


@policy.command("set")
def set_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy, as YAML.")],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Put a policy in force from the next question on, for the committee."""
    with opened(home) as environment:
        found = environment.set_policy(file, reason=reason, person=person)
    _told(found, as_json=as_json)


def _told(found: Policy, *, as_json: bool) -> None:
    from tre.governance.policies import policy_facts, policy_text

    document = {**policy_facts(found), "hash": found.hash}
    words = f"{policy_text(found)}# hash: {found.hash}"
    answer(document, lambda: [words], as_json=as_json)
