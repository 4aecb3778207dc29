"""Grouping sets: what is measured, what is told of it, and what stays hidden."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from privacy.accounting import NANO, Measure
from privacy.arrange import arrange
from privacy.bound import cells, key_sizes
from privacy.explain import explain
from privacy.grouping import KeySet
from privacy.levels import level, parts, price_levels, views
from privacy.margins import check
from privacy.mechanism import Kind
from privacy.noise import noise
from privacy.policy import GATEWAY, NONE, Granularity, Policy
from privacy.price import Price
from privacy.quantile import half_width
from privacy.query import Aggregate, KeyRef, Output
from privacy.reconcile import reconcile
from privacy.secondary import secondary
from privacy.spending import Allowance, Intent, Spending
from privacy.strategy import shares, subsets, variance
from privacy.table import ExactTable, NoisedTable, ReleasedTable
from tests.mechanics.questions import (
    PEOPLE,
    PURE,
    ROWS,
    ZCDP,
    column,
    mean_of,
    number,
    planned,
    question,
    sum_of,
    text_key,
)

CUBE: tuple[KeySet, ...] = ((0, 1), (0,), (1,), ())
PAY = number(-3, 9)


def leveled(  # noqa: PLR0913 (a question has so many parts)
    *aggregates: Aggregate,
    sizes: tuple[int, ...] = (4, 3),
    sets: tuple[KeySet, ...] = CUBE,
    allowance: Allowance = ZCDP,
    policy: Policy = NONE,
    amount: str = "0.5",
    intent: Intent = Intent.EPSILON,
    rows: int = 2,
) -> Price:
    """The price of a question with grouping sets."""
    keys = tuple(text_key(*(f"v{v:03}" for v in range(size))) for size in sizes)
    asked = question(*aggregates, keys=keys, rows_per_person=rows)
    plan = level(planned(replace(asked, sets=sets), policy), allowance.measure)
    return price_levels(plan, Spending(intent, Fraction(amount)), allowance)


def measured(
    cost: Price, base: dict[int, NDArray[np.int64]], draws: int
) -> NoisedTable:
    """Noised sums of base cells in every measured set, by the told component."""
    sizes = key_sizes(cost.plan.query)
    told = [(each.statistic, each.argument) for each in cost.plan.told]
    found: dict[int, NDArray[np.int64]] = {}
    for part in parts(cost):
        exact = []
        for position in part.positions:
            component = cost.plan.components[position]
            cells_of = base[told.index((component.statistic, component.argument))]
            exact.append(summed(cells_of, sizes, component.keys or ()))
        drawn = noise(ExactTable(tuple(exact)), part.mechanisms, draws)
        found |= dict(zip(part.positions, drawn.values, strict=True))
    return NoisedTable(tuple(found[each] for each in sorted(found)))


def summed(
    values: NDArray[np.int64], sizes: tuple[int, ...], kept: KeySet
) -> NDArray[np.int64]:
    """Cells of all keys summed to those of a set."""
    axes = tuple(key for key in range(len(sizes)) if key not in kept)
    total: NDArray[np.int64] = values.reshape(sizes).sum(axis=axes).ravel()
    return total


def membership(sizes: tuple[int, ...], kept: KeySet) -> NDArray[np.float64]:
    """Which base cells each cell of a set is the sum of."""
    base = list(product(*map(range, sizes)))
    groups = list(product(*(range(sizes[key]) for key in kept)))
    rows = [
        [float(tuple(cell[key] for key in kept) == group) for cell in base]
        for group in groups
    ]
    return np.array(rows)


sizes_drawn = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)


@st.composite
def shapes(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[KeySet, ...]]:
    """Sizes of keys, and grouping sets of them."""
    sizes = draw(sizes_drawn)
    every = subsets(tuple(range(len(sizes))))
    sets = draw(st.lists(st.sampled_from(every), min_size=1, max_size=5, unique=True))
    return sizes, tuple(sets)


@settings(max_examples=40)
@given(shapes(), st.data())
def test_the_variance_told_is_that_of_least_squares(shape, data) -> None:
    """The closed form is what a general solver finds for any precisions."""
    sizes, sets = shape
    every = tuple(range(len(sizes)))
    known = {
        kept: data.draw(st.floats(0.1, 10), label="precision")
        for kept in {every, *sets}
    }
    stacked = np.vstack([np.sqrt(p) * membership(sizes, k) for k, p in known.items()])
    inverse = np.linalg.pinv(stacked.T @ stacked)
    for kept in sets:
        rows = membership(sizes, kept)
        expected = (rows @ inverse @ rows.T)[0, 0]
        assert variance(sizes, known, kept) == pytest.approx(expected)


@settings(max_examples=40)
@given(shapes(), st.sampled_from(Kind))
def test_shares_are_the_whole_price_and_know_every_set(shape, kind) -> None:
    """Nothing of a price is lost, and no set asked is left unknown."""
    sizes, sets = shape
    found = shares(sizes, sets, kind)
    assert sum(found.values()) == 1
    known = {kept: float(share) for kept, share in found.items()}
    assert all(np.isfinite(variance(sizes, known, kept)) for kept in sets)


@pytest.mark.parametrize("sizes", [(12, 2), (100, 50), (7, 5, 3)])
def test_no_plainer_strategy_has_less_error(sizes) -> None:
    """The shares beat cells alone, and every set alone, in total variance."""
    sets = subsets(tuple(range(len(sizes))))
    found = {k: float(s) for k, s in shares(sizes, sets, Kind.GAUSSIAN).items()}

    def total(known: dict[KeySet, float]) -> float:
        return sum(
            variance(sizes, known, kept) * prod(sizes[key] for key in kept)
            for kept in sets
        )

    every = tuple(range(len(sizes)))
    assert total(found) <= total({every: 1.0}) * 1.001
    assert total(found) <= total(dict.fromkeys(sets, 1 / len(sets))) * 1.001


@settings(max_examples=30, deadline=None)
@given(shapes(), st.sampled_from([ZCDP, PURE]), st.data())
def test_margins_are_the_sums_of_their_cells(shape, allowance, data) -> None:
    """Exactly, in every draw, and near the least-squares fit besides."""
    sizes, sets = shape
    every = tuple(range(len(sizes)))
    cost = leveled(ROWS, sizes=sizes, sets=(every, *sets), allowance=allowance)
    base = np.array(
        data.draw(
            st.lists(st.integers(0, 10**6), min_size=prod(sizes), max_size=prod(sizes))
        )
    )
    told = reconcile(measured(cost, {0: base}, 3), cost)
    first = told[0].values[0]
    for kept, table in zip(cost.plan.query.sets, told, strict=True):
        for draw in range(3):
            expected = summed(first[draw], sizes, kept)
            assert np.array_equal(table.values[0][draw], expected)


@settings(max_examples=30, deadline=None)
@given(shapes(), st.data())
def test_rounding_moves_a_figure_of_few_keys_little(shape, data) -> None:
    """A cell of d keys is within 2^(d−1) of the fit."""
    sizes, sets = shape
    cost = leveled(ROWS, sizes=sizes, sets=sets)
    values = NoisedTable(
        tuple(
            np.array(
                [
                    [
                        data.draw(st.integers(-500, 500))
                        for _ in range(prod(sizes[key] for key in each.keys or ()))
                    ]
                ]
            )
            for each in cost.plan.components
        )
    )
    known = [1 / m.scale for m in cost.mechanisms]
    rows = [membership(sizes, each.keys or ()) for each in cost.plan.components]
    left = np.vstack([k * r for k, r in zip(known, rows, strict=True)])
    right = np.concatenate(
        [k * v[0] for k, v in zip(known, values.values, strict=True)]
    )
    fit = np.linalg.lstsq(left, right, rcond=None)[0]
    told = reconcile(values, cost)
    for kept, table in zip(cost.plan.query.sets, told, strict=True):
        off = table.values[0][0] - membership(sizes, kept) @ fit
        assert np.abs(off).max() <= 2 ** (len(kept) - 1) + 1e-6


def test_people_are_told_as_they_were_measured() -> None:
    """Somebody may be in two cells, so margins of people are no sums."""
    cost = leveled(PEOPLE, ROWS)
    values = NoisedTable(
        tuple(
            np.full((1, prod((4, 3)[key] for key in each.keys or ())), 100)
            for each in cost.plan.components
        )
    )
    for table in reconcile(values, cost):
        assert set(table.values[0].ravel()) == {100}


def test_people_move_no_more_cells_than_a_set_has() -> None:
    """In all one person counts once, whatever they have rows."""
    cost = leveled(PEOPLE, rows=5)
    moved = {each.keys: each.l1 for each in cost.plan.components}
    assert moved == {(0, 1): 5, (0,): 4, (1,): 3, (): 1}


@pytest.mark.parametrize("allowance", [ZCDP, PURE])
def test_the_price_is_what_was_asked(allowance) -> None:
    """All sets together cost what one would, to within what rounding up adds."""
    cost = leveled(ROWS, mean_of(PAY), PEOPLE, allowance=allowance, policy=GATEWAY)
    alone = leveled(ROWS, sets=((0, 1),), allowance=allowance)
    pure = allowance.measure is Measure.PURE
    spent = [c.epsilon_nano if pure else c.rho_nano for c in (cost, alone)]
    assert 0 <= spent[1] - spent[0] <= NANO // 10**6


@pytest.mark.parametrize("allowance", [ZCDP, PURE])
def test_a_margin_holds_in_every_set(allowance) -> None:
    """The widest figure of all is just within the margin."""
    cost = leveled(ROWS, allowance=allowance, amount="50", intent=Intent.MARGIN)
    widths = [half_width(view.mechanisms[0]) for view in views(cost)]
    assert 48 <= max(widths) <= 50


def test_what_is_told_before_spending_names_each_grouping() -> None:
    """Errors and certificates are given for every set."""
    told = explain(leveled(ROWS, policy=GATEWAY))
    assert told.cells == 12 + 4 + 3 + 1
    (error,) = told.columns
    assert "in all:" in error.words
    assert error.words.count("±") == 4
    assert len(told.certificates) == 4


# --------------------------------------------------------------------- statistics


@pytest.mark.statistical
@pytest.mark.parametrize("allowance", [ZCDP, PURE])
@pytest.mark.parametrize("sets", [CUBE, ((0,), (1,)), ((0, 1), (0,))])
def test_intervals_cover_in_every_set(allowance, sets) -> None:
    """95% of intervals hold the exact answer, cells and margins alike."""
    draws = 4_000
    cost = leveled(ROWS, sum_of(PAY), sets=sets, allowance=allowance)
    base = {0: np.arange(12) * 50, 1: np.arange(12) * 77 - 300}
    told = reconcile(measured(cost, base, draws), cost)
    pairs = zip(sets, told, views(cost), strict=True)
    for kept, table, view in pairs:
        for place, mechanism in enumerate(view.mechanisms):
            exact = summed(base[place], (4, 3), kept)
            inside = np.abs(table.values[place] - exact) <= half_width(mechanism)
            most = 0.965 if allowance is ZCDP else 0.98
            assert 0.94 <= inside.mean() <= most, (kept, place)


@pytest.mark.statistical
def test_the_fit_has_the_variance_that_was_promised() -> None:
    """Neither more nor 10% less, in every set."""
    cost = leveled(ROWS)
    told = reconcile(measured(cost, {0: np.arange(12) * 10}, 20_000), cost)
    for kept, table, view in zip(CUBE, told, views(cost), strict=True):
        exact = summed(np.arange(12) * 10, (4, 3), kept)
        found = np.var(table.values[0] - exact)
        assert found == pytest.approx(view.mechanisms[0].scale ** 2, rel=0.05)


# -------------------------------------------------------------------- suppression


def figures(sizes: tuple[int, ...], sets: tuple[KeySet, ...]) -> NDArray[np.float64]:
    """All figures of all sets as sums of base cells, one below the other."""
    return np.vstack([membership(sizes, kept) for kept in sets])


@settings(max_examples=150, deadline=None)
@given(shapes(), st.data())
def test_no_combination_of_shown_figures_gives_a_hidden_one(shape, data) -> None:
    """An attacker who adds and subtracts what is shown in any way learns none."""
    sizes, sets = shape
    counts = [prod(sizes[key] for key in kept) for kept in sets]
    hidden = {
        kept: np.array([data.draw(st.lists(st.booleans(), min_size=n, max_size=n))])
        for kept, n in zip(sets, counts, strict=True)
    }
    found = secondary(hidden, sizes)
    first = np.concatenate([hidden[kept][0] for kept in sets])
    every = np.concatenate([found[kept][0] for kept in sets])
    assert np.all(every[first])
    rows = figures(sizes, sets)
    shown = rows[~every]
    _, values, spaces = np.linalg.svd(
        shown if len(shown) else np.zeros((1, rows.shape[1]))
    )
    rank = int(np.sum(values > 1e-9))
    unseen = spaces[rank:].T
    moved = np.abs(rows[first] @ unseen).max(axis=1, initial=0.0)
    assert np.all(moved > 1e-9)


def test_a_lone_hidden_cell_takes_three_with_it_in_a_cube() -> None:
    """A box of two by two, no more; a rollup needs one sibling only."""
    cell = np.zeros((1, 12), dtype=bool)
    cell[0, 5] = True
    nothing = {
        kept: np.zeros((1, n), dtype=bool)
        for kept, n in zip(CUBE, (12, 4, 3, 1), strict=True)
    }
    cube = secondary({**nothing, (0, 1): cell}, (4, 3))
    assert cube[0, 1].sum() <= 6
    assert not any(cube[kept].any() for kept in CUBE[1:])
    rolled = secondary({(0, 1): cell, (0,): nothing[0,], (): nothing[()]}, (4, 3))
    assert rolled[0, 1].sum() <= 3


def test_without_margins_nothing_more_is_hidden() -> None:
    """One set has no margin to subtract from."""
    cell = np.zeros((1, 12), dtype=bool)
    cell[0, 5] = True
    assert secondary({(0, 1): cell}, (4, 3))[0, 1].sum() == 1


def released(cost: Price, base: NDArray[np.int64]) -> tuple[ReleasedTable, NoisedTable]:
    """A release, and what had been noised for it."""
    noised = measured(cost, dict.fromkeys(range(len(cost.plan.told)), base), 1)
    return arrange(check(noised, cost)), noised


def test_an_attacker_with_intervals_learns_less_than_noise_hides() -> None:
    """Linear programming leaves a hidden count as wide as its own noise would.

    To one who takes in all that is shown, and that no count is negative.
    """
    cost = leveled(ROWS, policy=GATEWAY, rows=1, amount="2")
    base = np.array([3, 900, 800, 700, 600, 500, 400, 5, 300, 200, 900, 1_000])
    table, _ = released(cost, base)
    shown = np.array([v is not None for v in column(table, "a0")])
    values = np.array([v or 0 for v in column(table, "a0")], dtype=float)
    statuses = column(table, "a0_status")
    assert {"suppressed:frequency", "suppressed:secondary"} <= set(statuses)
    rows = figures((4, 3), CUBE)
    least = -4 * views(cost)[0].mechanisms[0].scale
    for place in np.flatnonzero([each == "suppressed:frequency" for each in statuses]):
        ends = [
            linprog(
                sign * rows[place],
                A_eq=rows[shown],
                b_eq=values[shown],
                bounds=(least, None),
            ).fun
            for sign in (1, -1)
        ]
        noise_hides = 2 * half_width(views(cost)[0].mechanisms[0])
        assert -ends[1] - ends[0] >= noise_hides


def test_keys_left_out_are_null_and_grouping_says_so() -> None:
    """Rows of margins come after those of cells, with NULL for what they sum over."""
    cost = leveled(ROWS, sets=((0, 1), (0,), ()))
    table, _ = released(cost, np.full(12, 500))
    assert column(table, "k0")[12:] == ["v000", "v001", "v002", "v003", None]
    assert column(table, "k1")[11:] == ["v002", *[None] * 5]
    assert table.rows == cells(cost.plan.query) == 17


def test_a_column_of_keys_alone_has_no_interval() -> None:
    """What is public is public in margins too."""
    cost = leveled(ROWS)
    query = replace(cost.plan.query, outputs=(Output("k", KeyRef(0)),))
    plan = replace(cost.plan, bounded=replace(cost.plan.bounded, query=query))
    table, _ = released(replace(cost, plan=plan), np.full(12, 500))
    assert [each.name for each in table.columns] == ["k"]


def test_a_granularity_rounds_totals_by_themselves() -> None:
    """Each is within half a granule of the fit, and the same cells are hidden."""
    coarse = replace(GATEWAY, granularity=Granularity(counts=50))
    costs = [
        leveled(ROWS, sizes=(3,), sets=((0,), ()), policy=p) for p in (GATEWAY, coarse)
    ]
    noised = measured(costs[0], {0: np.array([9_021, 9_021, 9_021])}, 1)
    fine, rounded = (check(noised, cost) for cost in costs)
    hidden, still = fine.statuses[-1], rounded.statuses[-1]
    assert hidden is not None
    assert still is not None
    assert np.array_equal(hidden, still)
    before, after = (
        fine.outputs[-1].value.values[0],
        rounded.outputs[-1].value.values[0],
    )
    assert before[:3].sum() == before[3]
    assert np.abs(before - after).max() <= 25
    assert not (after % 50).any()
    assert "need not add up" in explain(costs[1]).rounding
