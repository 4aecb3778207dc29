"""Ask a peer the questions of an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from privacy.errors import Refused
from tre.evaluation.cell import Cell
from tre.evaluation.outcome import Outcome, refused
from tre.evaluation.peer import PEERS
from tre.evaluation.peers.asked import asked
from tre.evaluation.peers.task import (
    Budget,
    NotAsked,
    Question,
    budget,
    figures,
    question,
    request,
)
from tre.evaluation.plan import Asking, Plan
from tre.evaluation.site import Site
from tre.evaluation.truth import truth
from tre.lab import Lab


def beside(
    site: Site, name: str, lab: Lab, cells: Sequence[Cell]
) -> Iterator[tuple[Cell, Outcome]]:
    """The outcome of each cell of one peer; whatever it cannot be asked says why.

    Raises Unavailable where the peer is not to be had.
    """
    plan = site.plan
    with TemporaryDirectory(prefix="beside-") as folder:
        questions = _questions(name, lab, cells, Path(folder))
        possible = []
        for cell in cells:
            found = questions[cell.asking]
            if isinstance(found, str):
                yield cell, refused(found)
            else:
                possible.append((cell, found))
        requests = [
            request(found, _spent(plan, cell, found), cell.times)
            for cell, found in possible
        ]
        answers = asked(name, requests, site.fetched / "peers")
        for (cell, found), drawn in zip(possible, answers, strict=True):
            if isinstance(drawn, str):
                yield cell, refused(f"It failed: {drawn}.")
                continue
            try:
                yield cell, Outcome(figures(found, drawn, cell.times, name))
            except NotAsked as why:
                yield cell, refused(_not_asked(why))


def _questions(
    name: str, lab: Lab, cells: Sequence[Cell], folder: Path
) -> Mapping[Asking, Question | str]:
    """Each question as the peer is asked it, or why it is not."""
    found: dict[Asking, Question | str] = {}
    for asking in dict.fromkeys(cell.asking for cell in cells):
        try:
            known = truth(lab, asking)
            found[asking] = question(known, PEERS[name], folder / asking.name)
        except Refused as refusal:
            found[asking] = refusal.message
        except NotAsked as why:
            found[asking] = _not_asked(why)
    return found


def _spent(plan: Plan, cell: Cell, found: Question) -> Budget | None:
    if cell.epsilon is None:
        return None
    return budget(plan, cell.epsilon, len(found.tasks))


def _not_asked(why: NotAsked) -> str:
    return f"It was not asked: {why}."
