"""Which objections a version heeds, by what it may be used for."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tre.intake.heed import ANY, Use, objectors

WORDS = ["research", "statistics", "marketing", "Official Statistics", "nobody knows"]
KNOWN = WORDS[:4]
SAID = st.lists(st.sampled_from(WORDS), min_size=1).map(", ".join)


def left_out(use: Use, objections: list[str | None]) -> set[int]:
    """The people left out, of whom each has one objection."""
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS spine")
        connection.execute(
            "CREATE TABLE spine.objection (record BIGINT, purposes VARCHAR)"
        )
        connection.execute("CREATE TABLE spine.record (record BIGINT, person BIGINT)")
        for person, purposes in enumerate(objections):
            connection.execute(
                "INSERT INTO spine.objection VALUES (?, ?)", (person, purposes)
            )
            connection.execute(
                "INSERT INTO spine.record VALUES (?, ?)", (person, person)
            )
        rows = connection.execute(objectors(use).sql(dialect="duckdb")).fetchall()
    return {person for (person,) in rows}


@pytest.mark.parametrize(
    ("purposes", "heeded"),
    [
        (None, True),
        ("", True),
        ("research", True),
        ("Research", True),
        ("marketing", False),
        (" marketing ; official statistics", False),
        ("marketing, research", True),
        ("marketing,", True),
        ("nobody knows", True),
        ("marketing, nobody knows", True),
    ],
)
def test_only_known_other_purposes_are_not_heeded(
    purposes: str | None, heeded: bool
) -> None:
    """Nothing said, one of ours, or a word that is not known: who objects is out."""
    use = Use.of(["research"], KNOWN)
    assert (left_out(use, [purposes]) == {0}) == heeded
    assert left_out(ANY, [purposes]) == {0}


@given(
    st.lists(
        st.none() | st.lists(st.sampled_from(WORDS), min_size=1).map(", ".join),
        max_size=6,
    ),
    st.sets(st.sampled_from(KNOWN), min_size=1),
    st.sets(st.sampled_from(KNOWN)),
)
def test_a_wider_use_leaves_out_more(
    objections: list[str | None], allowed: set[str], more: set[str]
) -> None:
    """Nobody comes in because a version may be used for more."""
    narrow = left_out(Use.of(allowed, KNOWN), objections)
    wide = left_out(Use.of(allowed | more, KNOWN), objections)
    assert narrow <= wide <= left_out(ANY, objections)
