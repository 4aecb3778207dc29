"""How far one person moves the distances by which a quantile is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from privacy.catalogue import Domain, Type
from privacy.contribution import Contribution
from privacy.grid import Grid, grid_of
from privacy.histogram import Histogram, ladder
from privacy.mechanism import (
    Best,
    Selection,
    calibrate_selection,
    choose,
    selection_loss,
)
from privacy.pick import distances, pick, row_counts
from privacy.query import Aggregate, Statistic
from privacy.ranks import Choice, Part, choices_of
from privacy.selection import Stage, margin, selector, shift
from privacy.table import Tally
from privacy.told import Crowd
from tests.mechanics.questions import number

WIDE = number(0, 10**6)
NARROW = number(-5, 20)
SAMPLE = 20_000
NEWS = 1e-6
ONE = Contribution(1, 1)
FOUR = Contribution(4, 4)


def aggregate(at: Fraction | str, *, disc: bool = False) -> Aggregate:
    """A quantile, or an extreme by name."""
    if isinstance(at, str):
        return Aggregate(Statistic[at], NARROW)
    statistic = Statistic.QUANTILE_DISC if disc else Statistic.QUANTILE_CONT
    return Aggregate(statistic, NARROW, at=at)


def tally(buckets: list[int]) -> Tally:
    """The rows of one cell, by the bucket each is in."""
    found, rows = np.unique(np.array(buckets, dtype=np.int64), return_counts=True)
    return Tally(np.zeros(found.size, dtype=np.int64), found, rows)


def scored(buckets: list[int], choice: Choice, stage: Stage) -> NDArray[np.int64]:
    """The distance of every value of the narrow column."""
    (counts,) = row_counts(tally(buckets), 1)
    edges = np.arange(choice.grid.buckets + 1)
    return distances(counts, edges, choice.target, stage)


SHARES = st.one_of(
    st.sampled_from(["MIN", "MAX"]),
    st.fractions(Fraction(1, 100), Fraction(99, 100), max_denominator=100),
)
BUCKETS = st.lists(st.integers(0, 25), max_size=40)


@given(SHARES, BUCKETS, st.lists(st.integers(0, 25), max_size=4), st.integers(-50, 50))
def test_one_person_moves_no_distance_further_than_stated(
    at: Fraction | str, others: list[int], mine: list[int], shifted: int
) -> None:
    """Adding a person's rows moves each distance by at most per_row for each row."""
    for choice in choices_of(aggregate(at), FOUR, Fraction(1, 20)):
        inwards = choice.target.inwards
        moved = abs(shifted) * inwards if inwards else shifted
        stage = Stage(Selection(Best.GUMBEL, 1.0, choice.moved), moved)
        before, after = (
            scored(each, choice, stage) for each in (others, others + mine)
        )
        most = len(mine) * choice.target.per_row
        assert np.abs(after - before).max() <= most <= choice.moved


@given(SHARES, st.booleans(), BUCKETS.filter(bool), st.floats(0.1, 40))
def test_no_end_on_the_wrong_side_is_near_its_target(
    at: Fraction | str, disc: bool, buckets: list[int], scale: float
) -> None:
    """Where an end would not enclose the exact quantile, it is farther than the margin.

    And some candidate is at no distance at all; so, by the bound of noisy max, ends
    are on the wrong side with no more than the stated probability.
    """
    asked = aggregate(at, disc=disc)
    lowest, highest = exact_ends(asked, sorted(buckets))
    for choice in choices_of(asked, FOUR, Fraction(1, 20))[1:]:
        selection = Selection(Best.GUMBEL, scale, choice.moved)
        far = margin(choice, selection)
        found = scored(buckets, choice, Stage(selection, shift(choice, selection)))
        values = np.arange(26)
        wrong = values > lowest if choice.part is Part.LOW else values < highest
        assert found.min() == 0
        assert not wrong.any() or found[wrong].min() >= far


def exact_ends(asked: Aggregate, values: list[int]) -> tuple[int, int]:
    """The values between which SQL's quantile is: one and the same for _DISC."""
    last = len(values) - 1
    match asked:
        case Aggregate(Statistic.MIN):
            return values[0], values[0]
        case Aggregate(Statistic.MAX):
            return values[-1], values[-1]
        case Aggregate(Statistic.QUANTILE_DISC, at=Fraction() as at):
            place = max(0, ceil(at * len(values)) - 1)
            return values[place], values[place]
        case Aggregate(at=Fraction() as at):
            return values[floor(at * last)], values[ceil(at * last)]
        case _:
            raise AssertionError


@given(SHARES.filter(lambda at: isinstance(at, str)), BUCKETS, BUCKETS)
def test_at_the_very_end_rows_move_all_distances_one_way(
    at: str, others: list[int], mine: list[int]
) -> None:
    """So one person's rows raise the scores of no candidate: they are monotone."""
    value, *_ = choices_of(aggregate(at), FOUR, Fraction(1, 20))
    stage = Stage(Selection(Best.GUMBEL, 1.0, value.moved, monotone=True), 0)
    before, after = (scored(each, value, stage) for each in (others, others + mine))
    assert (after >= before).all()
    assert (after - before).max() <= len(mine) * value.target.per_row


HISTOGRAMS = st.tuples(
    st.integers(-(2**40), 2**40), st.integers(2**11, 2**40), st.randoms()
).map(lambda each: spread(each[0], each[0] + each[1], each[2].randint))


def spread(
    lower: int, upper: int, drawn: Callable[[int, int], int] = lambda _, high: high
) -> Histogram:
    """People by their values, some noised below nobody; by default alike many."""
    starts = ladder(lower, upper)
    people = tuple(drawn(-50, 900) for _ in starts)
    return Histogram("x", 0, starts, upper, people, 20)


def at_bounds(values: Histogram) -> Domain:
    """What is known of the column a histogram is of."""
    return Domain(Type.NUMBER, 0, values.starts[0], values.most)


@given(HISTOGRAMS, st.booleans())
def test_a_grid_has_every_value_in_one_bucket_of_one_block(
    values: Histogram, known: bool
) -> None:
    """Buckets reach from bound to bound, and are few enough to be looked through."""
    lower, upper = values.starts[0], values.most
    grid = grid_of(at_bounds(values), values if known else None)
    last = grid.lower + (grid.buckets - 1) * grid.step
    assert grid.lower == lower
    assert last <= grid.upper == upper < last + grid.step
    assert grid.buckets <= 2**16
    assert grid.edges[0] == 0
    assert all(start < end for start, end in pairwise(grid.edges))
    assert len(grid.starts) <= 1_024
    assert grid.widest <= 128


def test_blocks_are_narrow_where_people_are() -> None:
    """Of a column with wide bounds no block has more than a small part of the people.

    Where nothing is known of it, most are in a few.
    """
    starts = ladder(0, 10**7)
    people = tuple(50_000 if start < 100_000 else 0 for start in starts)
    values = Histogram("x", 0, starts, 10**7, people, 20)
    domain = at_bounds(values)
    ends = (*starts, 10**7)

    def largest(grid: Grid) -> float:
        below = np.concatenate(([0], np.cumsum(people))) / sum(people)
        edges = np.minimum(np.array(grid.edges) * grid.step, 10**7)
        return float(np.diff(np.interp(edges, ends, below)).max())

    assert largest(grid_of(domain, values)) < 0.005
    assert largest(grid_of(domain)) > 0.1


@pytest.mark.parametrize("at", ["MIN", "MAX"])
def test_an_extreme_is_looked_for_at_the_end_where_values_reach_it(at: str) -> None:
    """And further inwards where nobody is near the bound, or nothing is known."""
    wide = Domain(Type.NUMBER, 0, 0, 10**6)
    asked = Aggregate(Statistic[at], replace(number(0, 10**6), domain=wide))
    starts = ladder(0, 10**6)
    widths = np.diff((*starts, 10**6))
    full = tuple(int(each) // 20 for each in widths)
    middle = tuple(
        held if 3 * 10**4 < start < 5 * 10**5 else 0
        for start, held in zip(starts, full, strict=True)
    )
    shifts = {}
    for name, people in (("full", full), ("middle", middle)):
        crowd = Crowd(Histogram("x", 0, starts, 10**6, people, 20), 5_000.0)
        for known in (crowd, replace(crowd, rows=None)):
            value, *_ = choices_of(asked, Contribution(8, 8), Fraction(1, 20), known)
            made = selector(value, Best.GUMBEL, Fraction(1, 50))
            assert made is not None
            first, second = made.stages
            assert first.shift == second.shift
            assert first.selection.monotone == (first.shift == 0)
            shifts[name, known.rows is None] = abs(first.shift)
            assert abs(first.shift) <= margin(value, first.selection)
    assert shifts["full", False] == 0
    assert min(shifts["middle", False], shifts["full", True]) > 0


@pytest.mark.parametrize(
    ("noise", "spent", "at_the_end"), [(3, 1, False), (5, 1, True), (5, 1_000, False)]
)
def test_noise_alone_does_not_have_an_extreme_looked_for_at_the_end(
    noise: int, spent: int, *, at_the_end: bool
) -> None:
    """Three standard errors in an empty class are none; nor where a row is no error.

    All candidates below a least value are as good as it at the very end.
    """
    ages = replace(number(0, 120), domain=Domain(Type.NUMBER, 0, 0, 120))
    asked = Aggregate(Statistic.MIN, ages)
    starts = ladder(0, 120)
    people = (noise * 20, *(200 if start >= 15 else 0 for start in starts[1:]))
    crowd = Crowd(Histogram("x", 0, starts, 120, people, 20), 600.0)
    value, *_ = choices_of(asked, ONE, Fraction(1, 20), crowd)
    made = selector(value, Best.GUMBEL, Fraction(spent))
    assert made is not None
    assert (made.stages[0].shift == 0) == at_the_end


@pytest.mark.statistical
@pytest.mark.parametrize("best", Best)
@pytest.mark.parametrize("cells", [12, 500])
@pytest.mark.parametrize("rows", [1_000, 10_000, 100_000, 1_000_000])
def test_a_quantile_errs_as_far_as_its_noise_and_not_as_far_as_its_blocks(
    best: Best, cells: int, rows: int
) -> None:
    """Not three times as far as one choice for the whole price, however many the rows.

    Half of those are s·ln 2 rows off.
    """
    most = 2**20 - 1
    column = replace(number(0, most), domain=Domain(Type.NUMBER, 0, 0, most))
    starts = ladder(0, most)
    people = tuple(int(each) for each in np.diff((*starts, most)))
    crowd = Crowd(Histogram("x", 0, starts, most, people, 20), rows)
    asked = Aggregate(Statistic.QUANTILE_CONT, column, at=Fraction(1, 2))
    eight = Contribution(8, 8)
    value, *_ = choices_of(asked, eight, Fraction(1, 20), crowd, cells=cells)
    made = selector(value, best, Fraction(1, 10))
    whole = calibrate_selection(best, moved=8, at_most=Fraction(1, 10))
    assert made is not None
    assert whole is not None
    buckets = value.grid.buckets
    held = np.diff(np.arange(buckets + 1) * rows // buckets)
    counted = Tally(np.zeros(buckets, np.int64), np.arange(buckets), held)
    chosen = pick(counted, made, 400, 1)
    off = np.abs((chosen + 0.5) / buckets - 0.5) * rows
    assert np.median(off) <= 3 * whole.scale / 2 * np.log(2)


def test_dates_are_told_to_the_day() -> None:
    """The bounds of a human life leave a bucket to every day."""
    found = grid_of(NARROW.domain)
    assert (found.step, found.starts) == (1, tuple(range(26)))
    assert grid_of(Domain(Type.NUMBER, 0, 0, 366 * 150)).step == 1


@pytest.mark.parametrize("best", Best)
@given(
    asked=st.fractions(Fraction(1, 10**6), 100, max_denominator=10**9),
    rows=st.integers(1, 1000),
    wide=st.booleans(),
)
def test_a_choice_costs_at_most_what_was_asked(
    best: Best, asked: Fraction, rows: int, wide: bool
) -> None:
    """All selections of a choice together cost no more, and nearly as much."""
    argument = WIDE if wide else NARROW
    half = Aggregate(Statistic.QUANTILE_CONT, argument, at=Fraction(1, 2))
    for choice in choices_of(half, Contribution(rows, rows), Fraction(1, 20)):
        made = selector(choice, best, asked)
        assert made is not None
        refined = wide and choice.part is Part.VALUE
        assert len(made.stages) == (2 if refined else 1)
        assert asked * Fraction(999_999, 1_000_000) <= made.loss <= asked


@given(
    st.sampled_from(Best),
    st.lists(st.integers(1, 9), min_size=1, max_size=6),
    st.floats(0.5, 500),
    st.booleans(),
)
def test_a_persons_rows_in_several_groups_cost_no_more_than_in_one(
    best: Best, rows: list[int], scale: float, monotone: bool
) -> None:
    """Losses of choices over which a person's rows are divided add up to the stated."""
    parts = sum(
        (selection_loss(Selection(best, scale, each, monotone)) for each in rows),
        Fraction(0),
    )
    whole = selection_loss(Selection(best, scale, sum(rows), monotone))
    assert parts <= whole * (1 + Fraction(1, 2**40))


@pytest.mark.parametrize(("scale", "moved"), [(0.0, 1), (-1.0, 1), (np.inf, 1), (1, 0)])
def test_a_choice_without_noise_is_refused_by_us(scale: float, moved: int) -> None:
    """No selection exists whose scale is not positive and finite, or hides nobody."""
    with pytest.raises(ValueError, match=r"scale|sensitivity"):
        Selection(Best.GUMBEL, scale, moved)


def test_noise_too_wide_is_not_made() -> None:
    """Where the scale would exceed 2⁵⁷ there is no selection."""
    asked = Fraction(1, 10**9)
    assert calibrate_selection(Best.EXPONENTIAL, moved=2**56, at_most=asked) is None


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("stretch", "fits"), [(0.8, False), (1.0, True), (1.25, False)]
)
def test_candidates_are_chosen_as_often_as_priced(stretch: float, fits: bool) -> None:
    """Gumbel noise of scale s chooses by exp(score / s), and not by a nearby scale."""
    scores = np.array([0, 3, 9, 12, 5, -20])
    selection = Selection(Best.GUMBEL, 4.0, 1)
    drawn = [choose(selection, scores) for _ in range(SAMPLE)]
    odds = np.exp(scores / (4.0 * stretch))
    expected = odds / odds.sum() * SAMPLE
    observed = np.bincount(drawn, minlength=scores.size)
    assert fits == (stats.chisquare(observed, expected).pvalue > NEWS)


@pytest.mark.statistical
@pytest.mark.parametrize(("stretch", "fits"), [(0.8, False), (1.0, True)])
def test_exponential_noise_chooses_as_often_as_priced(
    stretch: float, fits: bool
) -> None:
    """Of two candidates d apart the worse is chosen with probability exp(−d/s) / 2."""
    selection = Selection(Best.EXPONENTIAL, 4.0, 1)
    drawn = sum(choose(selection, np.array([0, 6])) == 0 for _ in range(SAMPLE))
    chance = np.exp(-6 / (4.0 * stretch)) / 2
    assert fits == (stats.binomtest(drawn, SAMPLE, chance).pvalue > NEWS)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("part", "kept"), [(Fraction(1), True), (Fraction(1, 2), False)]
)
def test_monotone_scores_lose_what_is_priced_and_no_less(
    part: Fraction, kept: bool
) -> None:
    """Of many candidates whose scores fall by one or stay, the loss is as stated.

    One candidate alone is spared: its odds against all others rise by e^(1/s), which is
    the ε of the map and is more than half of it.
    """
    selection = Selection(Best.EXPONENTIAL, 2.0, 1, monotone=True)
    scores = np.zeros(24, dtype=np.int64)
    spared = scores - 1
    spared[0] = 0
    seen, others = (
        sum(choose(selection, each) == 0 for _ in range(2 * SAMPLE))
        for each in (spared, scores)
    )
    bound = np.exp(float(selection_loss(selection) * part))
    chance = bound / (1 + bound)
    excess = stats.binomtest(seen, seen + others, chance, alternative="greater")
    assert kept == (excess.pvalue > NEWS)


@pytest.mark.parametrize("at", ["MIN", "MAX", Fraction(1, 2), Fraction(1, 10)])
def test_with_little_noise_the_right_bucket_is_chosen(at: Fraction | str) -> None:
    """In either of two selections, in every cell, over cells of any size."""
    argument = number(0, 99_999)
    found = aggregate(at)
    asked = Aggregate(found.statistic, argument, at=found.at)
    values = np.array([5, 70_000, 70_001, 70_002, 99_000, 99_001])
    grid = grid_of(argument.domain)
    cells = np.array([1] * 6)
    counted = Tally(cells, values // grid.step, np.ones(6, dtype=np.int64))
    exact = np.quantile(
        values, {"MIN": 0.0, "MAX": 1.0}[at] if isinstance(at, str) else float(at)
    )
    for choice in choices_of(asked, ONE, Fraction(1, 20)):
        made = selector(choice, Best.GUMBEL, Fraction(10**6))
        assert made is not None
        (_, chosen), *_ = pick(counted, made, 3, 2).tolist()
        if choice.part is Part.VALUE and at in ("MIN", "MAX"):
            assert chosen == exact // grid.step
        elif choice.part is Part.LOW:
            assert chosen * grid.step <= exact
        elif choice.part is Part.HIGH:
            block = choice.grid.starts.index(chosen)
            assert choice.grid.edges[block + 1] * grid.step > exact


def test_a_block_past_the_last_bucket_is_shorter() -> None:
    """Buckets beyond the upper bound are no candidates."""
    grid = Grid(0, 1_030, 1, tuple(range(0, 1_031, 33)))
    made = selector(
        Choice(
            number(0, 1_030),
            grid,
            choices_of(aggregate(Fraction(1, 2)), ONE, Fraction(1, 20))[0].target,
            Part.VALUE,
            ONE,
            Fraction(1, 4),
            Fraction(1),
        ),
        Best.GUMBEL,
        Fraction(1, 10**6),
    )
    assert made is not None
    assert pick(tally([]), made, 500, 1).max() <= 1_030
