"""When totals are clipped and values cut off, what it loses, and what intervals say."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.accounting import NANO, Measure
from privacy.bound import bound
from privacy.clipping import clipped, clips_of
from privacy.cut import UNEVEN, Cut, cut_at
from privacy.derive import derive
from privacy.explain import explain
from privacy.expression import ColumnOf
from privacy.fewer import ranked
from privacy.histogram import Histogram, ladder
from privacy.mechanism import loss
from privacy.plan import plan
from privacy.policy import GATEWAY, NONE
from privacy.price import Intent, Spending, price
from privacy.profile import Profile, classes
from privacy.query import BoundQuery, Key, Operator
from privacy.relation import TableOf
from privacy.restored import lost_of, total_ends
from tests.mechanics.questions import (
    PURE,
    ROWS,
    ZCDP,
    AggregateRef,
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
    return [cut.upper for _, cut in found.cuts]


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
    ((_, cut),) = found.plan.cuts
    component, mechanism = found.plan.components[0], found.mechanisms[0]
    assert component.l1 == mechanism.l1 == cut.upper
    beyond = found.plan.components[1]
    assert beyond.l1 == CAP * MOST - cut.upper + CAP
    assert mechanism.scale == pytest.approx(
        cut.upper / np.sqrt(2 * float(loss(mechanism))), rel=1e-6
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
    assert 0 <= cut.lower < cut.upper < MOST / 2
    assert not ranked(plan(bound(averages(2)), GATEWAY), Measure.ZCDP, 50 * NANO).cuts


def test_what_is_clipped_is_told_in_words() -> None:
    """What is bounded, at what loss, what it gains, and what else would help."""
    spent = Spending(Intent.EPSILON, Fraction(1))
    asked = price(plan(bound(sums()), GATEWAY), spent, ZCDP)
    said = " ".join(explain(asked).words)
    assert "SUM(pay) clips what a person's rows add up to at" in said
    assert "where it might be 1.6e+06" in said
    assert "by the profile of version 2026.1" in said
    assert "more than that for what clipping loses" in said
    assert "pay, clipped by person" in said
    said = " ".join(explain(price(plan(bound(averages()), GATEWAY), spent, PURE)).words)
    assert "Averages clamp pay to" in said
    whole = price(
        plan(bound(sums(2)), GATEWAY), replace(spent, amount=Fraction(9)), PURE
    )
    assert "SUM(pay) is over whole rows" in " ".join(explain(whole).words)


HELD = st.lists(st.integers(0, 5_000), min_size=17, max_size=17)


@given(HELD, st.sampled_from(TOTAL.starts[1:]))
def test_losses_are_those_of_people_in_the_middle_of_their_class(
    held: list[int], upper: int
) -> None:
    """Without noise, and with everybody in the middle, the loss is told exactly."""
    found = replace(TOTAL, people=tuple(held))
    numbers = np.repeat(found.middles, held) if any(held) else np.zeros(1)
    cut = cut_at(found, 0, upper)
    lost = np.maximum(numbers - upper, 0)
    assert cut.above == pytest.approx(lost.mean(), abs=1e-6)
    assert cut.deviation == pytest.approx(np.sqrt((lost**2).mean()), abs=1e-6)
    if any(held):
        assert cut.mean == pytest.approx(np.minimum(numbers, upper).mean())
    assert cut.below == 0


@pytest.mark.statistical
def test_the_noise_of_a_histogram_is_the_error_of_a_loss() -> None:
    """Over many noised histograms a loss varies as it says, within 5% or so."""
    noise = np.random.default_rng(3)
    upper, times = TOTAL.starts[-4], 5_000
    losses = []
    for _ in range(times):
        people = np.rint(TOTAL.people + 32 * noise.standard_normal(17)).astype(int)
        found = cut_at.__wrapped__(replace(TOTAL, people=tuple(people)), 0, upper)
        losses.append(found.above)
    assert min(losses) > 0
    ratio = np.std(losses) / cut_at(TOTAL, 0, upper).error
    assert ratio == pytest.approx(1, abs=5 / np.sqrt(2 * times))


def released(cut: Cut, width_share: float = 1.0) -> tuple[float, float]:
    """How often sums of 50 people are in their interval; without loss, and with it."""
    groups = DRAWN.permutation(PEOPLE).reshape(-1, 50)
    truth = TOTALS[groups].sum(axis=1)
    left = np.minimum(TOTALS, cut.upper)[groups].sum(axis=1)
    scale = 0.1 * left.mean()
    noised = left + scale * DRAWN.standard_normal((100, len(left)))
    width = 1.96 * scale
    lost = (TOTALS - np.minimum(TOTALS, cut.upper)).sum()
    told_at = 0.1 * lost
    told = lost + told_at * DRAWN.standard_normal((100, 1))
    found = lost_of(noised, np.broadcast_to(told, noised.shape), 1.96 * told_at)
    low, high = total_ends(cut, noised, width * width_share, found)
    covered = ((low <= truth) & (truth <= high)).mean()
    alone = ((noised - width <= truth) & (truth <= noised + width)).mean()
    return float(covered), float(alone)


@pytest.mark.statistical
def test_an_interval_has_room_for_what_clipping_loses() -> None:
    """It covers at least 94 in 100 where the noise's own width does not by far."""
    covered, alone = released(cut_at(TOTAL, 0, 200_000))
    assert covered >= 0.94
    assert alone < 0.90
    covered, alone = released(cut_at(TOTAL, 0, 800_000))
    assert covered >= 0.94


def test_a_sum_is_raised_by_what_was_lost() -> None:
    """By a cell's part of what all cells lost, told once; ends lie about it."""
    spent = Spending(Intent.EPSILON, Fraction("0.01"))
    cost = price(plan(bound(sums(20)), NONE), spent, ZCDP)
    assert [each.whole for each in cost.plan.components] == [False, True, False]
    assert [each.whole for each in cost.mechanisms] == [False, True, False]
    kept, lost = [10**9, 3 * 10**9, *[0] * 18], 4 * 10**8
    rows = [[50_000] * 20]
    _, total, _ = derive(noised_table([kept], [[lost] * 20], rows), cost).outputs
    raised = [1_100_000_000, 3_300_000_000, *[0] * 18]
    assert total.value.values[0].tolist() == raised
    assert total.low is not None
    assert total.high is not None
    for low, high, left in zip(
        total.low.values[0], total.high.values[0], kept, strict=True
    ):
        assert low < left < high - UNEVEN * left / 10
    _, total, _ = derive(noised_table([kept], [[-lost] * 20], rows), cost).outputs
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
    assert clips[-1].cut.upper == CAP * MOST
