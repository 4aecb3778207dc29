"""Real people whom somebody knows are found in exact counts, and not in noise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.judging import clearly_succeeds, may_be_chance
from tests.attacks.registered import KNOWN, package, people
from tre.attacks.register import Register, halved, one, register, secrets_of
from tre.attacks.registered import (
    register_attribute,
    register_differencing,
    register_membership,
    register_singling_out,
)
from tre.attacks.target import by_rules, gateway, unprotected
from tre.lab import Lab

EVERY = (
    register_membership,
    register_attribute,
    register_differencing,
    register_singling_out,
)


@pytest.fixture(scope="module")
def labs() -> Iterator[tuple[Lab, Lab]]:
    """The half that is asked about, and the half that is kept out."""
    inside, outside = halved(people(), seed=2)
    with (
        Lab({"people": inside}, package(), epsilon=1e6, policy="none") as here,
        Lab({"people": outside}, package(), policy="none") as there,
    ):
        yield here, there


@pytest.fixture(scope="module")
def looked_for(labs: tuple[Lab, Lab]) -> Register:
    """Up to forty people of each half."""
    return register(*labs, KNOWN, people=40, seed=3)


def test_halves_are_drawn_by_lot_and_are_everybody() -> None:
    """Each row is in one half; the same seed draws the same ones, another does not."""
    table = people()
    inside, outside = halved(table, seed=2)
    rows = [*inside.to_pylist(), *outside.to_pylist()]
    assert sorted(map(repr, rows)) == sorted(map(repr, table.to_pylist()))
    assert inside.num_rows == outside.num_rows
    assert inside == halved(table, seed=2)[0]
    assert inside != halved(table, seed=3)[0]


def test_whoever_is_looked_for_is_alone(
    labs: tuple[Lab, Lab], looked_for: Register
) -> None:
    """Each has a cell to themselves over both halves; chance is right half the time."""
    here, there = (secrets_of(lab.exact(KNOWN.by_secret)) for lab in labs)
    assert looked_for.enough
    assert len(looked_for.having) == len(looked_for.lacking)
    assert len(looked_for.present) == len(looked_for.absent) == 40
    assert all(here[cell] == {True: 1.0} for cell in looked_for.having)
    assert all(here[cell] == {False: 1.0} for cell in looked_for.lacking)
    assert not any(cell in there for cell in looked_for.present)
    assert not any(cell in here for cell in looked_for.absent)
    assert all(one(there[cell]) for cell in looked_for.seen)
    assert all(one(here[cell]) for cell in looked_for.isolating)
    assert looked_for.isolating < set(looked_for.seen)


def test_exact_counts_give_known_people_away(
    labs: tuple[Lab, Lab], looked_for: Register
) -> None:
    """Every attack on exact answers is right whenever it can be."""
    for attack in EVERY:
        score = attack(unprotected(labs[0]), KNOWN, looked_for)
        assert clearly_succeeds(score), score
        singled = attack is register_singling_out
        most = len(looked_for.isolating) if singled else score.trials
        assert score.hits == min(most, score.trials)


def test_hiding_small_cells_leaves_differences(
    labs: tuple[Lab, Lab], looked_for: Register
) -> None:
    """Small cells tell nothing where they are hidden; two large counts tell all."""
    rules = by_rules(labs[0], "acro")
    for attack in (register_membership, register_attribute, register_singling_out):
        assert may_be_chance(attack(rules, KNOWN, looked_for))
    assert clearly_succeeds(register_differencing(rules, KNOWN, looked_for))


def test_rounding_leaves_small_cells(
    labs: tuple[Lab, Lab], looked_for: Register
) -> None:
    """Where small counts are rounded up, that there is anybody is told."""
    rules = by_rules(labs[0], "midpoint6")
    for attack in (register_membership, register_attribute):
        assert clearly_succeeds(attack(rules, KNOWN, looked_for))


@pytest.mark.parametrize("attack", EVERY)
def test_noise_keeps_known_people(
    attack, labs: tuple[Lab, Lab], looked_for: Register
) -> None:
    """For ε = 0.2 in all no attack does better than chance, nothing being hidden."""
    questions = 80 if attack is register_differencing else 1
    target = gateway(labs[0], epsilon=0.2, questions=questions)
    assert may_be_chance(attack(target, KNOWN, looked_for))
