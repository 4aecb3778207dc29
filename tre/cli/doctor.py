"""What this machine gives and lacks, and what its operator does without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from tre.capacity import LEAST_HEADROOM, Capacity
from tre.cli.errors import FAILED
from tre.cli.options import HERE, Headroom, Home, Json, Person
from tre.cli.output import answer
from tre.cli.session import opened
from tre.undumpable import GUARDS, guards_in_force

if TYPE_CHECKING:  # slow to import
    from tre.environment import Layer

Reason = Annotated[
    str | None,
    typer.Option("--reason", metavar="WORDS", help="Why it is done without."),
]


def doctor(  # noqa: PLR0913 - one parameter for each option
    *,
    accept: Annotated[
        str | None,
        typer.Option(
            "--accept", metavar="LAYER", help="Do without a layer that is missing."
        ),
    ] = None,
    reason: Reason = None,
    require: Annotated[
        str | None,
        typer.Option(
            "--require", metavar="LAYER", help="Take such an acceptance back."
        ),
    ] = None,
    headroom: Headroom = LEAST_HEADROOM,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Report what confines the processes that read data, and guards this one's keys.

    While a layer is missing that nobody has accepted, no question is answered, and
    the status is 1. `tre serve` asks for the guards of its own process as this does.
    """
    if accept is not None and require is not None:
        raise typer.BadParameter("--accept and --require are two acts: do one.")
    with opened(home, Capacity(headroom=headroom)) as environment:
        if accept is not None:
            environment.accept_layer(accept, reason=reason or "", person=person)
        if require is not None:
            environment.require_layer(require, person=person)
        layers = environment.confinement()
        fixed = environment.headroom
    guards = _guards()
    answer(
        {"layers": layers, "guards": guards, "headroom": fixed},
        lambda: _report(layers, guards, fixed),
        as_json=as_json,
    )
    if any(layer.open for layer in layers):
        raise typer.Exit(FAILED)


@dataclass(frozen=True, slots=True)
class Guard:
    """What keeps others out of a process that holds keys, and whether it is there."""

    name: str
    keeps_out: str
    granted: bool


def _guards() -> tuple[Guard, ...]:
    """Those of this process, which is like that of `tre serve`."""
    in_force = guards_in_force()
    return tuple(Guard(name, words, name in in_force) for name, words in GUARDS.items())


def _report(
    layers: tuple[Layer, ...], guards: tuple[Guard, ...], headroom: int
) -> Iterator[str]:
    yield "What confines the processes that read data, on this machine:"
    for layer in layers:
        yield f"  {layer.name}: {_state(layer)}"
        yield f"      {layer.takes_away}"
    yield ""
    yield "What guards the keys in this process, and in that of `tre serve`:"
    for guard in guards:
        yield f"  {guard.name}: {'in force' if guard.granted else 'MISSING'}"
        yield f"      {guard.keeps_out}"
    yield ""
    yield f"A question's time slot is {headroom} times its predicted work, or more."
    missing = [layer.name for layer in layers if layer.open]
    if missing:
        yield ""
        yield (
            "No question is answered here. Another kernel may have what is missing; "
            "to do without it, say so, and why:"
        )
        for name in missing:
            yield f"  tre doctor --accept {name} --reason '…'"


def _state(layer: Layer) -> str:
    if layer.granted:
        return "in force"
    if layer.accepted is None:
        return "MISSING"
    given = layer.accepted
    return f"missing, accepted by {given.person} on {given.at:%Y-%m-%d}: {given.reason}"
