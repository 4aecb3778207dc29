"""Advice follows from public facts, and keeps what it promises."""

import pytest

from tests.evaluation.conftest import package, small_plan
from tre.evaluation.advise import EPSILONS, advise, margins, told_at
from tre.evaluation.data import catalogue_of
from tre.evaluation.plan import read_plan


@pytest.fixture
def catalogue(tmp_path):
    """What is publicly said of data that is not there at all."""
    return catalogue_of(package(), tmp_path)


@pytest.mark.parametrize("measure", ["zcdp", "pure"])
def test_a_target_is_kept_at_the_least_epsilon(catalogue, measure: str) -> None:
    """What is advised keeps the margin; the next smaller ε does not."""
    plan, _ = read_plan(small_plan(measure=measure))
    found = advise(plan, catalogue)
    regions = found.wanted[0]
    assert regions.epsilon is not None
    at = EPSILONS.index(regions.epsilon)
    kept, not_kept = (
        told_at(regions.asking, epsilon, plan, catalogue).columns[0].margin
        for epsilon in (regions.epsilon, EPSILONS[at - 1])
    )
    assert kept is not None
    assert not_kept is not None
    assert kept <= 20 < not_kept
    assert sum(each.share for each in found.wanted) == pytest.approx(1)


def test_a_population_carries_four_times_fewer_at_half_the_margin(catalogue) -> None:
    """Half the margin costs four times the ρ."""
    plan, _ = read_plan(small_plan(population={"epsilon": 20}))
    found = advise(plan, catalogue)
    assert found.projects is not None
    assert found.projects_at_half is not None
    assert found.projects // 4 == found.projects_at_half > 0


def test_what_nobody_can_know_beforehand_is_said(catalogue) -> None:
    """A question without a target, or whose margin depends on data, says why."""
    plan, _ = read_plan(small_plan())
    assert advise(plan, catalogue).wanted[1].why == "no target was set"
    asked = small_plan()
    asked["questions"][3]["target"] = {"margin": 1}
    plan, _ = read_plan(asked)
    assert "depends on the data" in advise(plan, catalogue).wanted[3].why


def test_margins_shrink_as_epsilon_grows(catalogue) -> None:
    """More ε never buys a wider margin."""
    plan, _ = read_plan(small_plan())
    found = margins(plan, catalogue, [0.1, 1.0, 4.0])
    for asking in ("regions", "old"):
        own = [each.margin for each in found if each.question == asking]
        assert own == sorted(own, reverse=True)
        assert len(set(own)) == 3
