"""The disclosure policy: what is in force, and putting another in force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tre.cli.options import HERE, Home, Json, Person
from tre.cli.output import answer
from tre.cli.session import opened

if TYPE_CHECKING:  # `tre --help` needs none of it
    from privacy.policy import Policy
    from tre.environment import Environment
    from tre.governance.policies import Proposed

policy: Final = typer.Typer(help="The disclosure policy.", no_args_is_help=True)


@policy.command("show")
def show(*, home: Home = HERE, as_json: Json = False) -> None:
    """Print the policy in force, as the YAML that `set` reads, and one that waits."""
    with opened(home) as environment:
        _told(environment, as_json=as_json)


@policy.command("set")
def set_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy, as YAML.")],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Put a policy in force from the next question on; a weaker one is proposed."""
    with opened(home) as environment:
        environment.set_policy(file, reason=reason, person=person)
        _told(environment, as_json=as_json)


@policy.command("confirm")
def confirm(
    hash_: Annotated[str, typer.Argument(metavar="HASH", help="As `show` prints it.")],
    *,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Put a proposed policy in force, as a second member of the committee."""
    with opened(home) as environment:
        environment.confirm_policy(hash_, person=person)
        _told(environment, as_json=as_json)


def _told(environment: Environment, *, as_json: bool) -> None:
    found, proposed = environment.policy(), environment.proposed_policy()
    document, words = {**_facts(found), "proposed": None}, [_words(found)]
    if proposed is not None:
        said = {"by": proposed.person, "reason": proposed.reason}
        document["proposed"] = {**_facts(proposed.policy), **said}
        words += ["", *_waiting(proposed, found)]
    answer(document, lambda: words, as_json=as_json)


def _facts(found: Policy) -> dict[str, Any]:
    from tre.governance.policies import policy_facts

    return {**policy_facts(found), "hash": found.hash}


def _words(found: Policy) -> str:
    from tre.governance.policies import policy_text

    return f"{policy_text(found)}# hash: {found.hash}"


def _waiting(proposed: Proposed, found: Policy) -> list[str]:
    """What waits, as comments: it is not what is in force."""
    from tre.governance.policies import weaker

    said = f"Proposed by {proposed.person}: {proposed.reason}"
    by = ", ".join(weaker(proposed.policy, found))
    ends = f"It is weaker by {by}: another member of the committee confirms it by hash."
    lines = "\n".join((said, ends, _words(proposed.policy)))
    return [f"# {line}" for line in lines.splitlines()]
