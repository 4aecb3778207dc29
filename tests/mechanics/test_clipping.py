"""When totals are clipped and values cut off, what it loses, and what intervals say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.accounting import NANO, Measure
from privacy.bound import bound
from privacy.ceiling import ceiling_at
from privacy.clipping import clipped, clips_of
from privacy.cut import SURE, UNEVEN, cut_at
from privacy.derive import derive
from privacy.explain import explain
from privacy.expression import ColumnOf
from privacy.fewer import ranked
from privacy.histogram import Histogram, ladder
from privacy.mechanism import loss
from privacy.noise import noise
from privacy.plan import plan, plan_less
from privacy.policy import GATEWAY, NONE
from privacy.price import Price, price
from privacy.profile import Profile, classes
from privacy.query import Aggregate, BoundQuery, Key, Operator, Statistic
from privacy.relation import TableOf
from privacy.spending import Allowance, Intent, Spending
from tests.mechanics.questions import (
    PURE,
    ROWS,
    ZCDP,
    AggregateRef,
    exact_table,
    mean_of,
    noised_table,
    number,
    operation,
    question,
    regions,
    sum_of,
)

CAP, MOST = 8, 200_000
PAY = number(0, MOST)
PEOPLE = 25_000
DRAWN = np.random.default_rng(5)
ROWS_OF = DRAWN.integers(1, CAP + 1, PEOPLE)
PAYS = np.minimum(np.exp(np.log(20_000) + 0.7 * DRAWN.standard_normal(PEOPLE)), MOST)
"""Everybody's every pay: few earn more than three times what most do."""

TOTALS = ROWS_OF * PAYS


def counted(numbers: np.ndarray, most: int, deviation: int = 32) -> Histogram:
    """The histogram of numbers from 0 to `most`, without noise."""
    starts = ladder(0, most)
    held = np.histogram(numbers, [*starts, most + 1])[0]
    return Histogram("pay", 0, starts, most, tuple(map(int, held)), deviation)


VALUES = counted(PAYS, MOST)
TOTAL = counted(TOTALS, CAP * MOST)


def told(query: BoundQuery, **profiled: object) -> BoundQuery:
    """The question of a table whose profile has people's rows, values and totals."""
    assert isinstance(query.relation, TableOf)
    cap = query.relation.table.rows_per_person
    starts = classes(cap)
    held = tuple(int(np.count_nonzero(each == ROWS_OF)) for each in starts)
    profile = Profile(starts, held, 32, 0, 500, (), 0, 1_000_000, "2026.1")
    known = {"values": (VALUES,), "totals": (TOTAL,), **profiled}
    profile = replace(profile, **known)  # type: ignore[arg-type] # by name
    table = replace(query.relation.table, profile=profile)
    return replace(query, relation=TableOf("", table))


def sums(cells: int = 500, **changed: object) -> BoundQuery:
    """SUM(pay) and COUNT(*) by so many cells."""
    asked = question(sum_of(PAY), ROWS, keys=(regions(cells),), rows_per_person=CAP)
    return told(asked, **changed)


def averages(cells: int = 500) -> BoundQuery:
    """AVG(pay) by so many cells."""
    asked = question(mean_of(PAY), keys=(regions(cells),), rows_per_person=CAP)
    return told(asked)


def bounds_of(query: BoundQuery, rho: float = 0.02) -> list[int]:
    """Where totals are clipped, for each sum that is."""
    found = clipped(plan(bound(query), GATEWAY), Measure.ZCDP, int(rho * NANO))
    return [ceiling.bound for _, ceiling in found.clips]


def test_sums_are_clipped_where_noise_is_most_of_the_error() -> None:
    """The smaller the cells, the lower the bound; with much to spend, no lower."""
    (small,), (large,) = bounds_of(sums(500)), bounds_of(sums(20))
    assert small < large < CAP * MOST
    (much,) = bounds_of(sums(20), rho=500)
    assert much >= large


def test_the_bound_is_what_one_person_is_priced_at() -> None:
    """Its noise is calibrated to the bound, and what it costs is what was asked."""
    spent = Spending(Intent.RHO, Fraction("0.02"))
    found = price(plan(bound(sums()), GATEWAY), spent, ZCDP)
    ((_, cut),) = found.plan.clips
    component, mechanism = found.plan.components[0], found.mechanisms[0]
    assert component.l1 == mechanism.l1 == cut.bound
    beyond = found.plan.components[1]
    assert beyond.l1 == CAP * MOST - cut.bound + CAP
    assert mechanism.scale == pytest.approx(
        cut.bound / np.sqrt(2 * float(loss(mechanism))), rel=1e-6
    )
    assert found.rho_nano <= 0.02 * NANO


NEGATIVE = number(-MOST, MOST)
BANDS = Key(number(0, MOST))
KEPT = ColumnOf("", "kept", replace(PAY.domain, lower=0, upper=1, values=(0, 1)))


@pytest.mark.parametrize(
    "query",
    [
        question(sum_of(PAY), keys=(regions(500),), rows_per_person=CAP),
        told(question(sum_of(NEGATIVE), keys=(regions(500),), rows_per_person=CAP)),
        told(question(sum_of(number(0, 9, name="hours")), rows_per_person=CAP)),
        told(
            question(
                sum_of(PAY),
                keys=(Key(replace(PAY, domain=replace(PAY.domain, values=(0, MOST)))),),
                rows_per_person=CAP,
            )
        ),
        replace(sums(), where=KEPT),
        sums(totals=()),
        sums(totals=(counted(TOTALS, CAP * MOST // 2),)),
        told(
            question(
                sum_of(PAY),
                ROWS,
                keys=(regions(500),),
                outputs=(operation(Operator.DIVIDE, AggregateRef(0), AggregateRef(1)),),
                rows_per_person=CAP,
            )
        ),
        told(
            question(
                sum_of(PAY), mean_of(PAY), keys=(regions(500),), rows_per_person=CAP
            )
        ),
    ],
)
def test_nothing_is_clipped_where_nothing_is_known(query: BoundQuery) -> None:
    """No profile, or of other bounds; signs, conditions, ranges, further arithmetic."""
    given = plan(bound(query), GATEWAY)
    assert clipped(given, Measure.ZCDP, 1_000_000) is given


def test_skewed_averages_are_of_cut_values() -> None:
    """The same few people with large pay widen everybody's noise."""
    found = ranked(plan(bound(averages()), GATEWAY), Measure.ZCDP, NANO // 50)
    ((argument, cut),) = found.cuts
    assert argument == PAY
    assert 0 <= cut.low < cut.high < MOST * 0.6
    assert not ranked(plan(bound(averages(2)), GATEWAY), Measure.ZCDP, 50 * NANO).cuts


def test_what_is_clipped_is_told_in_words() -> None:
    """What is bounded, at what loss, what it gains, and what else would help."""
    spent = Spending(Intent.EPSILON, Fraction(1))
    asked = price(plan(bound(sums()), GATEWAY), spent, ZCDP)
    said = " ".join(explain(asked).words)
    assert "SUM(pay) clips what a person's rows add up to at" in said
    assert "where it might be 1,600,000" in said
    assert "by the profile of version 2026.1" in said
    assert "more than that for what clipping loses" in said
    assert "pay, clipped by person" in said
    said = " ".join(explain(price(plan(bound(averages()), GATEWAY), spent, PURE)).words)
    assert "AVG(pay) tells values of at least" in said
    assert "It only tells how many are past the bound." in said
    whole = price(
        plan(bound(sums(2)), GATEWAY), replace(spent, amount=Fraction(9)), PURE
    )
    assert "SUM(pay) is over whole rows" in " ".join(explain(whole).words)


HELD = st.lists(st.integers(0, 5_000), min_size=17, max_size=17)


@given(HELD, st.sampled_from(TOTAL.starts[1:]))
def test_those_past_a_bound_are_told_as_their_average(
    held: list[int], upper: int
) -> None:
    """Without noise, and with everybody in the middle of a class, to half a unit."""
    found = replace(TOTAL, people=tuple(held), deviation=0)
    numbers = np.repeat(found.middles, held) if any(held) else np.zeros(1)
    past = numbers[numbers >= upper]
    cut = cut_at(found, 0, upper)
    if not len(past) or not sum(held):
        assert cut is None
        return
    assert cut is not None
    assert cut.upper is not None
    assert cut.upper.told == pytest.approx(past.mean(), abs=0.5)
    assert cut.upper.share == pytest.approx(len(past) / len(numbers))
    assert cut.mean == pytest.approx(numbers.mean(), abs=0.5)
    assert cut.upper.error == 0
    assert cut.upper.deviation >= past.std() - 1


def test_a_tail_that_noise_hides_has_no_average() -> None:
    """Of fewer people than four deviations nothing is told, nor a cut made of them."""
    few = replace(TOTAL, people=(*[1_000] * 12, *[30] * 5))
    assert cut_at(few, 0, few.starts[-5]) is None
    assert cut_at(replace(few, deviation=1), 0, few.starts[-5]) is not None


@pytest.mark.statistical
def test_the_noise_of_a_histogram_is_the_error_of_what_is_told() -> None:
    """Over many noised histograms what is told is as far off as is allowed for."""
    noise = np.random.default_rng(3)
    upper, times = TOTAL.starts[-7], 5_000
    true, short = TOTALS[upper <= TOTALS].mean(), 0
    for _ in range(times):
        people = np.rint(TOTAL.people + 32 * noise.standard_normal(17)).astype(int)
        found = cut_at.__wrapped__(replace(TOTAL, people=tuple(people)), 0, upper)
        assert found is not None
        (tail,) = found.tails
        allowed = SURE * tail.error + 0.06 * true  # classes are told by their middles
        short += abs(tail.told - true) > allowed
    assert short / times < 0.05


DRAWS = 400


def worlds() -> Iterator[tuple[str, np.ndarray]]:
    """Everybody's total, in cells of 400: uneven cells, and odd distributions."""
    drawn = np.random.default_rng(8)
    usual = np.exp(np.log(60_000) + 0.7 * drawn.standard_normal((10, 400)))
    yield "alike", usual
    rich = usual.copy()
    rich[0] *= 6
    yield "one six times as rich", rich
    yield "most have nothing", np.where(drawn.random((10, 400)) < 0.7, 0, 2 * usual)
    yield "heavy tail", 20_000 * (1 + drawn.pareto(1.7, (10, 400)))
    few = np.where(drawn.random((10, 400)) < 0.1, 10 * usual, usual / 10)
    yield "one in ten has all", few
    yield "once", usual[:1]


@pytest.mark.statistical
@pytest.mark.parametrize("allowance", [PURE, ZCDP], ids=["pure", "zcdp"])
@pytest.mark.parametrize("epsilon", ["0.05", "1"])
@pytest.mark.parametrize(
    "totals",
    [each for _, each in worlds()],
    ids=[name for name, _ in worlds()],
)
def test_every_cell_is_covered_wherever_totals_are_clipped(
    totals: np.ndarray, epsilon: str, allowance: Allowance
) -> None:
    """At bounds that a fifth are over at most: 95 in 100 of each cell but for chance.

    Where noise hides who is over it, of all cells together.
    """
    totals = np.minimum(np.rint(totals), CAP * MOST).astype(np.int64)
    histogram = counted(totals.ravel(), CAP * MOST)
    keys = () if len(totals) == 1 else (regions(len(totals)),)
    query = question(sum_of(PAY), keys=keys, rows_per_person=CAP)
    few = [each for each in histogram.starts if (totals > each).mean() <= 0.2]
    for bound_at in few[:-2:2]:
        clips = ((PAY, ceiling_at(histogram.likely, bound_at)),)
        planned = plan_less(bound(query), NONE, clips=clips)
        spent = Spending(Intent.EPSILON, Fraction(epsilon))
        shares = covered(price(planned, spent, allowance), bound_at, totals)
        assert shares.mean() >= 0.94, bound_at
        if epsilon == "1":
            assert shares.min() >= 0.95 - 4.9 * np.sqrt(0.05 * 0.95 / DRAWS), bound_at


def covered(cost: Price, bound_at: int, totals: np.ndarray) -> np.ndarray:
    """How often each cell's interval has its sum, over many draws of the noise."""
    kept = np.minimum(totals, bound_at)
    people = 10**6 * (totals > bound_at)
    parts = [each.sum(axis=1) for each in (kept, totals - kept, people)]
    noised = noise(exact_table(*parts), cost.mechanisms, DRAWS)
    (found,) = derive(noised, cost).outputs[-1:]
    assert found.low is not None
    assert found.high is not None
    truth = totals.sum(axis=1)
    inside = (found.low.values <= truth) & (truth <= found.high.values)
    return np.asarray(inside.mean(axis=0))


def test_a_sum_is_raised_by_what_was_lost() -> None:
    """By a cell's part of what all cells lost, told once; ends lie about it."""
    spent = Spending(Intent.EPSILON, Fraction("0.01"))
    cost = price(plan(bound(sums(20)), NONE), spent, ZCDP)
    assert [each.whole for each in cost.plan.components] == [False, True, False, False]
    assert [each.whole for each in cost.mechanisms] == [False, True, False, False]
    kept, lost = [10**9, 3 * 10**9, *[0] * 18], 4 * 10**8
    over, rows = [[0] * 20], [[50_000] * 20]
    _, total, _ = derive(noised_table([kept], [[lost] * 20], over, rows), cost).outputs
    raised = [1_100_000_000, 3_300_000_000, *[0] * 18]
    assert total.value.values[0].tolist() == raised
    assert total.low is not None
    assert total.high is not None
    for low, high, left in zip(
        total.low.values[0], total.high.values[0], kept, strict=True
    ):
        assert low < left < high - UNEVEN * left / 10
    _, total, _ = derive(noised_table([kept], [[-lost] * 20], over, rows), cost).outputs
    assert total.value.values[0].tolist() == kept


def test_every_clip_is_weighed() -> None:
    """Noise rises with the bound and loss falls; the largest is no clipping at all."""
    found = plan(bound(sums()), GATEWAY)
    ((argument, clips),) = clips_of(found, Measure.PURE, NANO)
    assert argument == PAY
    noises, lost = ([e.noise for e in clips[:-1]], [e.lost for e in clips])
    assert noises == sorted(noises)
    assert lost == sorted(lost, reverse=True)
    assert clips[-1].error > min(each.error for each in clips)
    assert clips[-1].lost == 0
    assert clips[-1].cut.bound == CAP * MOST


@pytest.mark.parametrize("statistic", [Statistic.COVAR_POP, Statistic.CORR])
def test_what_is_beside_a_clipped_sum_is_of_whole_values(statistic: Statistic) -> None:
    """A covariance of the same column has the very components it has alone."""
    pair = Aggregate(statistic, PAY, number(0, 99, name="age"))
    beside = question(sum_of(PAY), pair, keys=(regions(500),), rows_per_person=CAP)
    alone = question(pair, keys=(regions(500),), rows_per_person=CAP)
    found = clipped(plan(bound(told(beside)), NONE), Measure.ZCDP, NANO // 50)
    assert [argument for argument, _ in found.clips] == [PAY]
    assert {*plan(bound(alone), NONE).components} <= {*found.components}
