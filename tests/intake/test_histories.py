"""Whatever comes after whatever: deliveries, decisions, objections, spine versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import Invalid
from tests.intake.support import new_zones
from tests.intake.test_reach import object_with
from tests.intake.test_relink import CAP, World

pytestmark = pytest.mark.slow

NAMES = ("Zoe", "Ole", "Ida", "Kim")
PEOPLE = range(len(NAMES))
CLINIC = "clinic"

someone = st.sampled_from(PEOPLE)
two_people = st.lists(someone, min_size=2, max_size=2, unique=True)
steps = st.one_of(
    st.tuples(st.just("append"), st.lists(someone, min_size=1, max_size=6)),
    st.tuples(st.just("append"), st.lists(someone, min_size=1, max_size=6)),
    st.tuples(st.just("merge"), two_people),
    st.tuples(st.just("part"), two_people),
    st.tuples(st.just("object"), st.lists(someone, min_size=1, max_size=1)),
    st.tuples(st.just("apply"), st.just([])),
    st.tuples(st.just("rotate"), st.just([])),
)


def _identifiers(who: int) -> dict[str, str]:
    name = NAMES[who]
    born = f"19{50 + who}-0{who + 1}-02"
    code = f"AB{who + 1} 2CD"
    return {
        "forename": name,
        "surname": f"{name[::-1]}son",
        "born": born,
        "code": code,
    }


@dataclass
class History:
    """What was done to a population, and what follows from that by the rules."""

    world: World
    own: dict[int, int] = field(default_factory=dict)
    """Whose each row is, by its number."""
    same: dict[frozenset[int], bool] = field(default_factory=dict)
    """Which two people were decided to be one, or two."""
    objected: set[int] = field(default_factory=set)

    def begin(self) -> None:
        """Everybody is delivered once."""
        self.world.take_in(CLINIC, *self._rows(PEOPLE))

    def take(self, step: str, people: Sequence[int]) -> None:
        """Do one thing. Raises Invalid where decisions contradict each other."""
        match step:
            case "append":
                self.world.append(CLINIC, *self._rows(people))
            case "merge" | "part":
                self._decide(people[0], people[1], same=step == "merge")
            case "object":
                self._object(people[0])
            case "apply":
                self.world.apply()
                self._check_groups()
            case "rotate":
                self.world.rotate()
        self._check_rows()

    def _rows(self, people: Sequence[int]) -> list[dict[str, Any]]:
        numbers = range(len(self.own), len(self.own) + len(people))
        self.own.update(zip(numbers, people, strict=True))
        return [{**_identifiers(self.own[n]), "n": n} for n in numbers]

    def _object(self, who: int) -> None:
        """Somebody objects, and a delivery follows, from which on it is in force."""
        said = _identifiers(who)
        object_with(
            self.world,
            forename=said["forename"],
            surname=said["surname"],
            date_of_birth=said["born"],
        )
        self.objected.add(who)
        self.world.append(CLINIC, *self._rows([who, *PEOPLE]))

    def _decide(self, a: int, b: int, *, same: bool) -> None:
        pairs = product(self._records(a), self._records(b))
        found = [(max(pair), min(pair)) for pair in pairs]
        if found:
            self.world.decide(same, *found)
            self.same[frozenset((a, b))] = same

    def _records(self, who: int) -> list[int]:
        name = NAMES[who].lower()
        query = f"SELECT record FROM f.record WHERE forename = '{name}'"
        return [record for (record,) in self.world.spine(query)]

    def _check_rows(self) -> None:
        """The cap holds, ranks and totals are of the rows there are, nobody objects."""
        rows = self.world.rows(CLINIC)
        held: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            assert self.own[row["n"]] not in self.objected
            held.setdefault(row["person_id"], []).append(row)
        assert len({row["n"] for row in rows}) == len(rows)
        brought = self.world.brought(CLINIC)
        assert set(held) <= set(brought)
        for person, theirs in held.items():
            total = sum(row["n"] for row in theirs)
            assert len(theirs) <= min(CAP, brought[person])
            assert sorted(r["_rank"] for r in theirs) == [*range(1, len(theirs) + 1)]
            assert {row["_total_n"] for row in theirs} == {total}

    def _check_groups(self) -> None:
        """Nobody is one with whom they were not decided to be one."""
        people: dict[int, set[int]] = {}
        for row in self.world.rows(CLINIC):
            people.setdefault(row["person_id"], set()).add(self.own[row["n"]])
        for together in people.values():
            assert together <= self._decided_one_with(min(together))

    def _decided_one_with(self, who: int) -> set[int]:
        found = {who}
        for _ in PEOPLE:
            found |= {
                other
                for pair, same in self.same.items()
                for other in pair
                if same and pair & found
            }
        return found


@settings(max_examples=8)
@given(st.lists(steps, min_size=4, max_size=8))
def test_rules_hold_after_whatever_was_done(
    history: list[tuple[str, list[int]]],
) -> None:
    """Caps, ranks, totals, decisions and objections hold, in whatever order things are.

    Decisions that contradict each other are refused, and nothing changes.
    """
    with TemporaryDirectory() as folder:
        made = History(World(new_zones(Path(folder) / "home")))
        made.begin()
        for step, people in history:
            before = made.world.whose(CLINIC)
            try:
                made.take(step, people)
            except Invalid as refused:
                decided = refused.path == "decisions"
            else:
                continue
            assert decided
            assert made.world.whose(CLINIC) == before
            return
