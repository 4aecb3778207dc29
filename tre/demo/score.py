"""How well two files were linked, held against who is really who."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Links = Mapping[str, Iterable[int | None]]
"""For each table, the person its rows were given, in file order; None if rejected."""

Answers = Mapping[str, Iterable[str]]
"""For each table, who its rows really are, in file order."""


@dataclass(frozen=True, slots=True)
class Score:
    """Pairs of rows across two tables: found, right among them, and there to find."""

    found: int
    right: int
    possible: int

    @property
    def precision(self) -> float:
        """The share of found pairs that are right; 1 when none was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The share of pairs there that were found; 1 when there are none."""
        return self.right / self.possible if self.possible else 1.0


def score(links: Links, answers: Answers, left: str, right: str) -> Score:
    """Count the pairs of a row of `left` and a row of `right`.

    >>> links = {"a": [1, 2, None], "b": [1, 3]}
    >>> answers = {"a": ["ann", "bob", "eve"], "b": ["ann", "bob"]}
    >>> score(links, answers, "a", "b")
    Score(found=1, right=1, possible=2)
    """
    people = _by_person(links[right], answers[right])
    found = [
        answer == other
        for person, answer in zip(links[left], answers[left], strict=True)
        if person is not None
        for other in people.get(person, ())
    ]
    there = Counter(answers[right])
    return Score(
        found=len(found),
        right=sum(found),
        possible=sum(there[answer] for answer in answers[left]),
    )


def _by_person(
    persons: Iterable[int | None], answers: Iterable[str]
) -> Mapping[int, list[str]]:
    people: defaultdict[int, list[str]] = defaultdict(list)
    for person, answer in zip(persons, answers, strict=True):
        if person is not None:
            people[person].append(answer)
    return people
