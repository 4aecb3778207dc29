"""Keys that are not public come out as priced, and in no other way."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from privacy.accounting import ATTO, NANO
from privacy.catalogue import Domain, Type
from privacy.emerge import at_most, emerge, every, filled, lowered, presence
from privacy.errors import Refused
from privacy.explain import explain
from privacy.expression import ColumnOf
from privacy.mechanism import Threshold, calibrate_threshold, past, threshold_loss
from privacy.policy import GATEWAY, NONE
from privacy.query import Key
from privacy.spending import Allowance
from privacy.table import Combination, Emerged
from tests.mechanics.questions import (
    PEOPLE,
    PURE,
    ROWS,
    ZCDP,
    priced,
    question,
    regions,
)

EMPLOYER = Key(ColumnOf("", "region", Domain(Type.TEXT, nullable=True)))
THRESHOLDS: Allowance = replace(ZCDP, threshold_delta_atto=ATTO // 2_000_000)
SURE = Threshold(0.01, 5, 1)
SAMPLE = 20_000
NEWS = 1e-6

COUNTS = st.dictionaries(st.text("abc", max_size=3), st.integers(1, 30), max_size=8)


@given(
    st.integers(1, 1000),
    st.fractions(Fraction(1, 10**6), 10, max_denominator=10**9),
    st.integers(2, 12),
)
def test_a_threshold_costs_at_most_what_was_asked(
    keys: int, asked: Fraction, digits: int
) -> None:
    """Of ρ nearly all, and of δ as much as one person less on the threshold leaves."""
    delta = Fraction(1, 10**digits)
    found = calibrate_threshold(keys, asked, delta)
    assert found is not None
    rho, spent = threshold_loss(found)
    assert asked * Fraction(999_999, 1_000_000) <= rho <= asked
    assert spent <= delta
    if found.least > 2:
        assert threshold_loss(replace(found, least=found.least - 1))[1] > delta


def test_a_threshold_is_where_the_textbook_has_it() -> None:
    """Noise that hides √m, and a tail of δ/m beyond what one person can add."""
    found = calibrate_threshold(4, Fraction(1, 50), Fraction(1, 10**9))
    assert found is not None
    assert found.scale == pytest.approx(sqrt(4 / 2 * 50))
    beyond = 2 + found.scale * stats.norm.isf(1e-9 / 4)
    assert found.least == pytest.approx(beyond, abs=1)


@given(st.floats(0.3, 40), st.integers(2, 200), st.integers(1, 50))
def test_delta_is_no_less_than_the_chance_that_a_lone_person_shows(
    scale: float, least: int, keys: int
) -> None:
    """Exactly: the discrete tail from the threshold on, over all of a person's keys."""
    try:
        _, delta = threshold_loss(Threshold(scale, least, keys))
    except ValueError:
        return  # this threshold bounds nothing, and nobody can ask for it
    noise = np.arange(-40 * 40, 40 * 40 + 1)
    weights = np.exp(-(noise**2) / (2 * scale**2))
    tail = weights[noise >= least - 1].sum() / weights.sum()
    assert float(delta) >= -np.expm1(keys * np.log1p(-tail)) * (1 - 1e-9)


@pytest.mark.statistical
def test_a_lone_person_shows_as_often_as_is_charged_and_no_oftener() -> None:
    """From both sides: the rate of OpenDP's own draws, and a threshold one lower."""
    for scale, least in ((1.0, 3), (0.7, 2), (3.0, 5)):
        threshold = Threshold(scale, least, 1)
        shown = len(past(threshold, {str(one): 1 for one in range(SAMPLE)}))
        charged = float(threshold_loss(threshold)[1])
        above = stats.binomtest(shown, SAMPLE, min(charged, 1), alternative="greater")
        assert above.pvalue > NEWS
        understated = float(threshold_loss(replace(threshold, least=least + 1))[1])
        lower = stats.binomtest(shown, SAMPLE, understated, alternative="greater")
        assert lower.pvalue < NEWS


@pytest.mark.parametrize(
    ("scale", "least", "keys"), [(0.0, 5, 1), (np.inf, 5, 1), (1.0, 1, 1), (1.0, 5, 0)]
)
def test_a_threshold_that_hides_nobody_is_refused_by_us(
    scale: float, least: int, keys: int
) -> None:
    """No threshold exists without noise, below one person, or for no key."""
    with pytest.raises(ValueError, match="at"):
        Threshold(scale, least, keys)


@given(COUNTS, st.lists(st.text("abc", max_size=3), unique=True), st.integers(1, 12))
def test_one_person_moves_each_of_their_keys_by_one(
    others: dict[str, int], mine: list[str], fewest: int
) -> None:
    """What the mechanism sees differs in a person's keys only, by one, from 0 too."""
    both = {key: others.get(key, 0) + (key in mine) for key in {*others, *mine}}
    before, after = lowered(others, fewest), lowered(both, fewest)
    assert min([1, *before.values(), *after.values()]) == 1
    for key in {*before, *after}:
        assert after.get(key, 0) - before.get(key, 0) in (
            {0, 1} if key in mine else {0}
        )


def test_keys_of_fewer_people_than_the_policy_says_never_come_out() -> None:
    """Whatever the noise: they are not among what it is added to."""
    wild = Threshold(1e6, 2, 1)
    counts: dict[Combination, int] = {("few",): 9, ("many",): 10}
    emerged = emerge(counts, wild, 10, 400)
    assert emerged.combinations == (("many",),)
    assert 0 < emerged.present.mean() < 1


def test_keys_come_out_in_the_order_of_their_values() -> None:
    """NULL last, whatever order the data had; each draw on its own."""
    counts: dict[Combination, int] = {(value,): 50 for value in ("z", None, "a", "é")}
    emerged = emerge(counts, SURE, 10, 2)
    assert emerged.combinations == (("a",), ("z",), ("é",), (None,))
    assert emerged.present.all()


def test_texts_too_long_to_be_a_key_never_come_out() -> None:
    """The size of what leaves the enclave is bounded, key by key."""
    counts: dict[Combination, int] = {("x" * 256,): 99, ("x" * 257,): 99}
    assert emerge(counts, SURE, 1, 1).combinations == (("x" * 256,),)


def test_no_key_at_all_is_no_failure() -> None:
    """Where nobody has a key there is an empty table, of the right draws."""
    emerged = emerge({}, SURE, 10, 3)
    assert emerged.present.shape == (3, 0)
    (domain,) = filled([EMPLOYER.domain], emerged)
    assert (domain.values, domain.nullable) == ((), False)


def test_what_is_too_much_is_cut_by_order() -> None:
    """The first combinations stay, as many as there is room for."""
    emerged = every({(f"{place:03}", place % 2): 1 for place in range(100)})
    cut = at_most(emerged, 60, 3)
    assert cut.combinations == emerged.combinations[: len(cut.combinations)]
    assert 5 <= len(cut.combinations) <= 10


def test_cells_that_did_not_come_out_are_absent() -> None:
    """Of two such keys with a public one between, only the pairs that came out."""
    public = regions(2).domain
    hidden = EMPLOYER.domain
    emerged = Emerged(
        (("a", "x"), ("b", None)), np.array([[True, False], [True, True]])
    )
    keys = [hidden, public, hidden]
    lists = filled(keys, emerged)
    assert [each.values for each in lists] == [("a", "b"), public.values, ("x",)]
    shown = presence(keys, lists, emerged).reshape(2, 2, 2, 2)
    assert shown[0].tolist() == [[[True, False]] * 2, [[False, False]] * 2]
    assert shown[1].tolist() == [[[True, False]] * 2, [[False, True]] * 2]


def test_delta_is_the_policys_share_and_never_more() -> None:
    """1% of what the project was given for thresholds, in whole atto."""
    cost = priced(question(ROWS, keys=(EMPLOYER,)), allowance=THRESHOLDS)
    assert 0 < cost.delta_atto <= THRESHOLDS.threshold_delta_atto // 100
    assert cost.loss.delta == (cost.delta_atto + cost.conversion_delta_atto) / ATTO
    assert cost.rho_nano <= NANO


@pytest.mark.parametrize(("policy", "fewest"), [(GATEWAY, 10), (NONE, 1)])
def test_the_threshold_is_told_beforehand(policy: object, fewest: int) -> None:
    """From how many people on a key comes out is a public fact of the price."""
    asked = question(PEOPLE, keys=(EMPLOYER, regions(3)), rows_per_person=4)
    cost = priced(asked, allowance=THRESHOLDS, policy=policy)  # type: ignore[arg-type] # as drawn
    assert cost.threshold is not None
    assert cost.threshold.keys == 4
    assert f"at least {cost.threshold.least + fewest - 1:,}" in explain(cost).emerging
    assert sum(line.share for line in explain(cost).noise) == pytest.approx(1)


def test_pure_projects_refuse() -> None:
    """There is no δ in them, so no threshold; the refusal says what there is."""
    with pytest.raises(Refused) as refused:
        priced(question(ROWS, keys=(EMPLOYER,)), allowance=PURE)
    assert refused.value.code == "not_public_key"
    assert refused.value.clause == "region"


def test_a_delta_that_cannot_be_proven_is_a_refusal() -> None:
    """Floats end near 10⁻¹⁶: a threshold of less has no proof, so no price."""
    assert calibrate_threshold(10, Fraction(1, 50), Fraction(1, 10**17)) is None
    allowance = replace(ZCDP, threshold_delta_atto=100)
    with pytest.raises(Refused) as refused:
        priced(question(ROWS, keys=(EMPLOYER,)), allowance=allowance)
    assert refused.value.code == "spending"


def test_no_delta_left_for_thresholds_is_a_refusal() -> None:
    """A budget whose thresholds' share is less than one atto cannot pay."""
    with pytest.raises(Refused) as refused:
        priced(question(ROWS, keys=(EMPLOYER,)), allowance=ZCDP)
    assert refused.value.code == "budget_exhausted"


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("stretch", "fits"), [(0.8, False), (1.0, True), (1.25, False)]
)
def test_keys_come_out_as_often_as_priced(stretch: float, fits: bool) -> None:
    """A key of so many people does with the chance that the priced noise gives it."""
    threshold = Threshold(6.0, 20, 3)
    counts: dict[Combination, int] = {
        (str(people),): people for people in (21, 24, 27, 33, 36, 39)
    }
    shares = emerge(counts, threshold, 10, SAMPLE).present.mean(axis=0)
    short = 28.5 - np.array([21, 24, 27, 33, 36, 39])
    expected = stats.norm.sf(short / (6.0 * stretch))
    spread = np.sqrt(expected * (1 - expected) / SAMPLE)
    far = np.abs(shares - expected) / spread
    assert fits == (far.max() < stats.norm.isf(NEWS))
