"""Making an environment, and the populations in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from tre.cli.options import HERE, Home, Json, Person, Until, number
from tre.cli.output import answer
from tre.cli.session import opened

population: Final = typer.Typer(
    help="Populations and their budgets.", no_args_is_help=True
)


def init(
    *,
    control: Annotated[
        str | None,
        typer.Option(
            "--control",
            metavar="URL",
            help="An empty PostgreSQL database for people, projects and the ledger: "
            "postgresql://user@host/name, its password in ~/.pgpass.",
        ),
    ] = None,
    publish_heads: Annotated[
        str,
        typer.Option(
            "--publish-heads",
            metavar="PLACE",
            help="A folder or address outside to which the log's signed heads go.",
        ),
    ] = "",
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Create an environment.

    Its keys, zones and control database, and the first administrator.
    """
    from tre.audit.outside import outside
    from tre.environment import Environment

    if publish_heads:
        outside(publish_heads)
    with Environment.create(home, control=control) as environment:
        if publish_heads:
            environment.publish_heads_to(publish_heads)
            environment.log.publish()
    place = Path(home).resolve()
    answer({"home": place}, lambda: [f"Created {place}."], as_json=as_json)


@population.command("create")
def create(  # noqa: PLR0913 - one parameter for each option
    name: Annotated[str, typer.Argument(metavar="NAME")],
    *,
    epsilon: Annotated[float, typer.Option("--epsilon", metavar="E", parser=number)],
    delta: Annotated[float, typer.Option("--delta", metavar="D", parser=number)],
    until: Until,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Create a linkage spine and its budget for a period."""
    with opened(home) as environment:
        environment.create_population(
            name, epsilon=epsilon, delta=delta, until=until, person=person
        )
    answer(
        {"population": name, "epsilon": epsilon, "delta": delta, "until": until},
        lambda: [
            f"Created {name}: ε = {epsilon:g} at δ = {delta:g} until {until}, "
            "for all its datasets together."
        ],
        as_json=as_json,
    )
