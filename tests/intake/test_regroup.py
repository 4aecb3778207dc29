"""Merging and parting of known people, as a rule about numbers."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from tre.intake.regroup import Evidence, regroup

RECORDS = st.integers(0, 11)
PAIRS = st.lists(
    st.tuples(RECORDS, RECORDS).filter(lambda pair: pair[0] != pair[1]), max_size=12
)
PEOPLE = st.lists(st.integers(0, 4), min_size=12, max_size=12)


def _people(of: list[int]) -> dict[int, int]:
    return dict(enumerate(of))


def _parts(groups: Mapping[int, int]) -> set[frozenset[int]]:
    found: dict[int, set[int]] = {}
    for record, group in groups.items():
        found.setdefault(group, set()).add(record)
    return {frozenset(records) for records in found.values()}


def test_people_whom_nothing_concerns_stay_who_they_are() -> None:
    """Without decisions and agreement between people, everybody is as before."""
    people = {0: 7, 1: 7, 2: 7, 3: 9}
    assert _parts(regroup(Evidence(people)).groups) == {
        frozenset({0, 1, 2}),
        frozenset({3}),
    }


def test_people_whose_records_agree_become_one() -> None:
    """A pair of two people's records that agree makes them one person."""
    found = regroup(Evidence({0: 1, 1: 1, 2: 2}, agreeing=[(2, 0)]))
    assert found.groups == {0: 0, 1: 0, 2: 0}


def test_any_contradiction_keeps_people_apart() -> None:
    """One pair of their records that contradict each other is enough."""
    people = {0: 1, 1: 1, 2: 2}
    evidence = Evidence(people, agreeing=[(2, 0)], contradicting=[(2, 1)])
    assert _parts(regroup(evidence).groups) == {frozenset({0, 1}), frozenset({2})}


def test_a_decision_overrules_a_contradiction() -> None:
    """What people decided comes before what records say."""
    evidence = Evidence({0: 1, 1: 2}, same=[(1, 0)], contradicting=[(1, 0)])
    assert regroup(evidence).groups == {0: 0, 1: 0}


def test_a_person_is_parted_where_records_hold_together_least() -> None:
    """The weakest link between the two goes, and the rest stay with their nearest."""
    chain = [(1, 0), (3, 2), (2, 1)]
    evidence = Evidence(dict.fromkeys(range(4), 5), apart=[(3, 0)], agreeing=chain)
    assert _parts(regroup(evidence).groups) == {frozenset({0, 1}), frozenset({2, 3})}


def test_a_record_whose_links_were_forgotten_stays() -> None:
    """Who was one person stays one, unless it was decided otherwise."""
    evidence = Evidence({0: 5, 1: 5, 2: 5}, apart=[(1, 0)])
    assert _parts(regroup(evidence).groups) == {frozenset({0, 2}), frozenset({1})}


def test_decisions_that_contradict_each_other_are_named() -> None:
    """A pair that others keep apart is not joined, and is said to be overruled."""
    evidence = Evidence({0: 1, 1: 2, 2: 3}, same=[(1, 0), (2, 1)], apart=[(2, 0)])
    assert regroup(evidence).overruled == ((2, 1),)


@given(PEOPLE, PAIRS, PAIRS, PAIRS, PAIRS)
def test_no_group_has_what_was_decided_apart(of, same, apart, agreeing, against):
    """Whatever is said, records that were decided to be two people's never meet."""
    evidence = Evidence(_people(of), same, apart, agreeing, against)
    groups = regroup(evidence).groups
    assert groups.keys() == set(range(12))
    assert all(groups[a] != groups[b] for a, b in apart)


@given(PEOPLE, PAIRS, PAIRS)
def test_contradictions_between_people_hold(of, agreeing, against):
    """Without decisions, nobody known is parted, and no two who contradict meet."""
    people = _people(of)
    between = [(a, b) for a, b in against if people[a] != people[b]]
    groups = regroup(Evidence(people, agreeing=agreeing, contradicting=between)).groups
    assert all(groups[a] != groups[b] for a, b in between)
    assert all(
        groups[a] == groups[b] for a in people for b in people if people[a] == people[b]
    )


@given(PEOPLE, PAIRS, PAIRS)
def test_regrouping_again_changes_nothing(of, agreeing, against):
    """What comes of it is settled: the same evidence moves nobody a second time."""
    people = _people(of)
    between = [(a, b) for a, b in against if people[a] != people[b]]
    once = regroup(Evidence(people, agreeing=agreeing, contradicting=between)).groups
    still = [(a, b) for a, b in between if once[a] != once[b]]
    again = Evidence(once, agreeing=agreeing, contradicting=still)
    assert _parts(regroup(again).groups) == _parts(once)
