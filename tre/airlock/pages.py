"""The airlock as pages: no script, and nothing that its reader may not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from tre.airlock.submission import Kind
from tre.templates import templates

STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "submitted": "waits for its checkers",
        "disagreed": "its checkers differ: a third decides",
        "changes": "has to be changed and submitted again",
        "approved": "may be carried",
        "rejected": "may not be carried",
        "withdrawn": "was taken back",
    }
)
VERDICTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "approve": "Approve: it may be carried as it is",
        "changes": "Ask for changes",
        "reject": "Reject: it may not be carried",
    }
)

_PAGES: Final = templates("tre.airlock")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page, and what the page's forms send back to show it is theirs."""

    person: str
    page_token: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why what was sent was refused: shown above the form, which keeps its words."""

    message: str
    place: str = ""
    suggestion: str = ""


def sign_in_page(problem: Problem | None, *, person: str = "") -> str:
    """A form for a name, a password and a code."""
    page = _PAGES.get_template("sign_in.html")
    return page.render(reader=None, problem=problem, person=person)


def queue_page(
    reader: Reader, submissions: Sequence[Mapping[str, Any]], *, researches: bool
) -> str:
    """What one may see, what waits for oneself first."""
    waiting = [each for each in submissions if _waits(each)]
    others = [each for each in submissions if not _waits(each)]
    return _PAGES.get_template("queue.html").render(
        reader=reader,
        waiting=waiting,
        others=others,
        researches=researches,
        states=STATES,
    )


def submission_page(
    reader: Reader, found: Mapping[str, Any], problem: Problem | None = None
) -> str:
    """A submission: context, files, what to look at, votes, and what one may do."""
    return _PAGES.get_template("submission.html").render(
        reader=reader, found=found, problem=problem, states=STATES, verdicts=VERDICTS
    )


def form_page(
    reader: Reader,
    filled: Mapping[str, Any],
    problem: Problem | None = None,
    *,
    of: str = "",
) -> str:
    """The form to submit; of a submission that has to be changed, filled as it was."""
    return _PAGES.get_template("form.html").render(
        reader=reader,
        filled=filled,
        problem=problem,
        of=of,
        kinds=[kind.value for kind in Kind],
    )


def problem_page(reader: Reader | None, problem: Problem) -> str:
    """What is wrong with a request that has no page of its own."""
    page = _PAGES.get_template("problem.html")
    return page.render(reader=reader, problem=problem)


def _waits(found: Mapping[str, Any]) -> bool:
    """Whether it is the reader's turn."""
    return bool({"vote", "resubmit", "take-in"} & {*found["may"]})
