"""The options that several commands share, and how their words are read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final, TypedDict, TypeVar, Unpack

import typer

from tre.capacity import LEAST_HEADROOM, MOST_HEADROOM

HERE: Final = Path(".tre")

Read = TypeVar("Read")


def _reader(read: Callable[[str], Read], expected: str) -> Callable[[str], Read]:
    """A parser that says what it expected: status 2, and no library's words."""

    def parser(said: str) -> Read:
        try:
            return read(said)
        except ValueError:
            raise typer.BadParameter(f"{said!r}: expected {expected}.") from None

    return parser


def share_of(said: str) -> float:
    """A share as people write one.

    >>> share_of("1%"), share_of("0.01")
    (0.01, 0.01)
    """
    if said.endswith("%"):
        return float(said.removesuffix("%")) / 100
    return float(said)


def period_of(said: str) -> timedelta:
    """A length of time as people write one.

    >>> period_of("12h"), period_of("7d")
    (datetime.timedelta(seconds=43200), datetime.timedelta(days=7))
    """
    count, unit = said[:-1], said[-1:]
    if unit not in {"h", "d"} or not count.isascii() or not count.isdigit():
        raise ValueError(said)
    hours = int(count[:6]) * (24 if unit == "d" else 1)
    return timedelta(hours=hours)


period: Final = _reader(period_of, "a period such as 12h or 7d")
"""Reads a length of time in hours or days."""

number: Final = _reader(float, "a number such as 0.5")
"""Reads a number; which numbers make sense is for the rules to say."""


def margin_of(said: str) -> float:
    """A margin as people write one.

    >>> margin_of("50"), margin_of("±50")
    (50.0, 50.0)
    """
    return float(said.removeprefix("±"))


Home = Annotated[
    Path,
    typer.Option(
        "--home", metavar="DIR", envvar="TRE_HOME", help="Where the environment is."
    ),
]
Person = Annotated[
    str | None,
    typer.Option("--person", metavar="ID", envvar="TRE_PERSON", help="Who acts."),
]
Somebody = Annotated[
    str, typer.Option("--person", metavar="ID", envvar="TRE_PERSON", help="Who acts.")
]
Population = Annotated[
    str | None,
    typer.Option("--population", metavar="N", help="Whose; the only one if left out."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Project = Annotated[str, typer.Option("--project", metavar="P", help="For whom.")]

Epsilon = Annotated[
    float | None,
    typer.Option("--epsilon", metavar="E", parser=number, help="Spend at most this ε."),
]
Rho = Annotated[
    float | None,
    typer.Option("--rho", metavar="R", parser=number, help="Spend this ρ."),
]
Margin = Annotated[
    float | None,
    typer.Option(
        "--margin",
        metavar="M",
        parser=_reader(margin_of, "a number such as 50, in each figure's own unit"),
        help="Spend what a 95% margin of M costs.",
    ),
]
Share = Annotated[
    float | None,
    typer.Option(
        "--share",
        metavar="S%",
        parser=_reader(share_of, "a share such as 1% or 0.01"),
        help="Spend this share of what is left. [default: 1%]",
    ),
]
Headroom = Annotated[
    int,
    typer.Option(
        "--headroom",
        metavar="N",
        envvar="TRE_HEADROOM",
        min=LEAST_HEADROOM,
        max=MOST_HEADROOM,
        help="A time slot is N times the work a question's plan predicts, or more.",
    ),
]
day: Final = _reader(date.fromisoformat, "a date such as 2027-12-31")
"""Reads a day."""

Until = Annotated[
    date,
    typer.Option("--until", metavar="DATE", parser=day, help="The period's last day."),
]


class Said(TypedDict):
    """What was said of spending, by the keywords of `Environment.ask`."""

    epsilon: float | None
    rho: float | None
    margin: float | None
    share: float | None


def spending(**said: Unpack[Said]) -> Said:
    """What was said of spending; more than one way of saying it is wrong usage."""
    named = [f"--{name}" for name, value in said.items() if value is not None]
    if len(named) > 1:
        raise typer.BadParameter(
            f"{' and '.join(named)} say different things: keep one of them."
        )
    return said
