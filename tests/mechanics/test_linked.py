"""How people were linked, as a table's profile has it: what one person moves."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import ceil
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from privacy.accounting import NANO
from privacy.catalogue import Column, Domain, Type
from privacy.linked import (
    CLASSES,
    Linked,
    Subgroups,
    false_matches,
    match_rate,
    matching,
    missed_matches,
    rates,
    weighed_from,
)
from privacy.links import LINKED_NANO, SUBGROUPS_NANO, links
from privacy.mechanism import draw
from privacy.profiling import measurement
from tests.mechanics.test_profile import TABLE
from tre.enclave.execute import execute
from tre.enclave.job import Attachment
from tre.linked_figures import link_jobs

PAIRS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda p: p[0] != p[1]),
    max_size=30,
)
KINDS = ("forename", "surname", "postcode")
SEX = Column("sex", Domain(Type.TEXT, values=("F", "M")))
YEAR = Column("year", Domain(Type.NUMBER, 0, 2019, 2020, values=(2019, 2020)))
PLANNED = links(KINDS, (SEX, YEAR))


@given(PAIRS, st.integers(0, 9))
def test_one_person_moves_the_matching_by_one(pairs, person) -> None:
    """Whoever leaves with all their pairs, at most one pair more or less is taken."""
    without = [pair for pair in pairs if person not in pair]
    assert abs(len(matching(pairs)) - len(matching(without))) <= 1


@given(PAIRS)
def test_nobody_is_in_two_pairs_of_a_matching(pairs) -> None:
    """It is made of the pairs there are, and no further one could be taken."""
    taken = matching(pairs)
    ends = Counter(person for pair in taken for person in pair)
    assert set(taken) <= set(pairs)
    assert not ends or max(ends.values()) == 1
    assert all(a in ends or b in ends for a, b in pairs)


def test_the_statement_costs_what_the_policy_says() -> None:
    """The figures together cost at most the fixed ρ, and nearly that."""
    assert 0.99 * LINKED_NANO <= _price() <= LINKED_NANO


@pytest.mark.parametrize("columns", [1, 2, 7])
def test_match_rates_cost_as_much_by_one_column_as_by_several(columns) -> None:
    """All the columns named share one fixed ρ."""
    more = _price(*(SEX for _ in range(columns))) - _price()
    assert 0.99 * SUBGROUPS_NANO <= more <= SUBGROUPS_NANO


def _price(*compared: Column) -> int:
    with_links = measurement(TABLE, links=links(KINDS, compared))
    return with_links.rho_nano - measurement(TABLE).rho_nano


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("stretch", "fits"), [(0.8, False), (1.0, True), (1.25, False)]
)
def test_each_figure_has_the_noise_that_is_paid_for(stretch, fits) -> None:
    """A person moves one class by 1: half of ρ is Gaussian noise of σ² = 1/(2·ρ/2)."""
    drawn = draw(links(KINDS).people, np.zeros(20_000, np.int64))
    sigma = (1 / (LINKED_NANO / NANO)) ** 0.5 * stretch
    found = stats.kstest(
        np.asarray(drawn) + np.random.default_rng(1).uniform(-0.5, 0.5, 20_000),
        stats.norm(scale=sigma).cdf,
    )
    assert fits == (found.pvalue > 1e-6)


def _linked(*people: int, doubtful: int = 0) -> Linked:
    return Linked(people, 9, doubtful, 9, (), 9)


def test_estimates_follow_from_the_classes() -> None:
    """Shares, mistakes and other thresholds are arithmetic on noised figures."""
    linked = _linked(50, 10, 20, 0, 10, 6, 4, doubtful=8)
    assert match_rate(linked).share == pytest.approx(0.5)
    assert weighed_from(linked, 0.95) == 4
    assert weighed_from(linked, 0.99) == 10
    expected = 10 * 0.005 + 6 * 0.03 + 4 * 0.075
    assert false_matches(linked, 0.9) == pytest.approx(expected)
    assert missed_matches(linked, 0.5, 0.9) == pytest.approx(8 * 0.7)


def test_noise_below_nothing_counts_as_nothing() -> None:
    """Figures may come out below 0, and what follows from them does not."""
    linked = _linked(*(-5 for _ in CLASSES), doubtful=-3)
    assert match_rate(linked).share == 0
    assert false_matches(linked, 0.9) == 0
    assert missed_matches(linked, 0.5, 0.9) == 0


PERSON = st.tuples(
    st.integers(0, len(CLASSES) - 1),
    st.lists(
        st.tuples(st.sampled_from([None, "F", "M"]), st.sampled_from([None, 2019])),
        min_size=1,
        max_size=3,
    ),
)


def _cells(people: list[Any]) -> list[list[int]]:
    """The cells of each column compared, exactly, as the enclave would count them."""
    rows = [
        (person, rank, sex, year)
        for person, (_, held) in enumerate(people)
        for rank, (sex, year) in enumerate(held, 1)
    ]
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS v")
    connection.execute(
        "CREATE TABLE v.t (person_id BIGINT, _rank BIGINT, sex VARCHAR, year BIGINT)"
    )
    connection.execute('CREATE TABLE v."_brought_t" (person_id BIGINT, linked TINYINT)')
    for row in rows:
        connection.execute("INSERT INTO v.t VALUES (?, ?, ?, ?)", row)
    for person, (linked, _) in enumerate(people):
        connection.execute('INSERT INTO v."_brought_t" VALUES (?, ?)', [person, linked])
    read = lambda sql: connection.execute(sql).to_arrow_table()
    _, _, *jobs = link_jobs("t", Attachment("v", "", ""), PLANNED)
    return [execute(job, read).values[0].tolist() for job in jobs]


@given(st.lists(PERSON, max_size=3), PERSON)
def test_one_person_moves_one_cell_of_each_column_by_one(others, person) -> None:
    """That of the value in their first row, drawn by lot, linked or not."""
    pairs = zip(_cells([*others, person]), _cells(others), strict=True)
    moves = [[a - b for a, b in zip(*pair, strict=True)] for pair in pairs]
    linked, ((sex, year), *_) = person
    keys: tuple[list[Any], ...] = (["F", "M", None], [2019, 2020, None])
    for move, listed, value in zip(moves, keys, (sex, year), strict=True):
        expected = [0] * (2 * len(listed))
        expected[2 * listed.index(value) + (linked > 0)] = 1
        assert move == expected
    for each in PLANNED.compared:
        assert (each.mechanism.l1, each.mechanism.l2_squared) == (1, 1)


def test_subgroups_are_told_in_words_and_unlinked_beside_linked() -> None:
    """Cells come value by value, those of nobody else's data first; missing is last."""
    year = PLANNED.compared[1].counted([1000, 2000, 3000, 4000, 5000, 6000])
    assert year.keys == ("2019", "2020", None)
    assert year.unlinked == (1000, 3000, 5000)
    assert year.linked == (2000, 4000, 6000)


@pytest.mark.statistical
def test_too_few_people_are_shown_once_in_a_hundred() -> None:
    """Nine people come out as seldom as the policy says, and not much more seldom."""
    (one,) = links(KINDS, (SEX,)).compared
    drawn = draw(one.mechanism, np.full(40_000, 9, np.int64))
    shown = sum(n is not None for n in one.counted([int(n) for n in drawn]).linked)
    assert stats.binomtest(shown, 20_000, 0.01, "greater").pvalue > 1e-6
    assert stats.binomtest(shown, 20_000, 0.008, "less").pvalue > 1e-6


def test_nobody_is_told_to_be_in_one_sensitive_category() -> None:
    """Where nearly all who are linked are alike in what is sensitive, none is shown."""
    cells = [500, 10_000, 700, 3, 0, 5]
    told = {
        sensitive: links(KINDS, (replace(SEX, sensitive=sensitive),))
        .compared[0]
        .counted(cells)
        for sensitive in (False, True)
    }
    assert told[False].linked == (10_000, None, None)
    assert told[True].linked == (None, None, None)
    assert told[True].unlinked == told[False].unlinked == (500, 700, None)


def test_rates_are_given_where_both_their_figures_are() -> None:
    """A share and its margin are arithmetic on two noised figures."""
    told = Subgroups("sex", ("F", "M", None), (900, 50, None), (100, None, 40), 10)
    share, *hidden = rates(told)
    assert hidden == [None, None]
    assert share is not None
    assert share.share == pytest.approx(0.9)
    assert share.margin == pytest.approx(2.2414 * 10 / 1000, rel=1e-3)


@pytest.mark.statistical
@pytest.mark.parametrize("exact", [(3_000, *[0] * 5, 900), (50, 20, *[0] * 5)])
def test_the_rate_of_everybody_is_within_its_margin(exact: tuple[int, ...]) -> None:
    """95 times in 100 at least, where most classes are empty and where few people are.

    Noise of empty classes makes nobody linked: it is added up before it is cut at 0.
    """
    noise = links(KINDS).people
    drawn = np.asarray(draw(noise, np.tile(exact, 20_000)))
    told = [
        match_rate(replace(_linked(*each), people_deviation=ceil(noise.scale)))
        for each in drawn.reshape(-1, len(CLASSES)).tolist()
    ]
    share = sum(exact[1:]) / sum(exact)
    held = sum(abs(each.share - share) <= each.margin for each in told)
    assert stats.binomtest(held, len(told), 0.95, "less").pvalue > 1e-6


@pytest.mark.statistical
def test_rates_are_within_their_margins() -> None:
    """95 times in 100 at least."""
    (one,) = links(KINDS, (SEX,)).compared
    drawn = np.asarray(draw(one.mechanism, np.tile([300, 900, 0, 0], 20_000)))
    pairs = drawn.reshape(-1, 4)[:, :2].tolist()
    held = [
        rate is not None and abs(rate.share - 0.75) <= rate.margin
        for a, b in pairs
        for rate in rates(Subgroups("sex", ("F",), (b,), (a,), 23))
    ]
    assert stats.binomtest(sum(held), len(held), 0.95, "less").pvalue > 1e-6
