"""Allowances are bounded whatever the order and the times of tries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.control.world import NOW, RESEARCHER, World
from tre.control.rates import (
    Rate,
    forgive,
    place_of,
    taken,
    try_once,
    wait_for,
    waiting,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


@given(
    st.lists(st.integers(0, 400), max_size=60),
    st.integers(1, 6),
    st.integers(1, 60),
)
def test_no_window_has_more_than_its_share(
    gaps: list[int], burst: int, seconds: int
) -> None:
    """In any span of time, at most burst + span / interval tries are allowed."""
    limit = Rate("any", burst, timedelta(seconds=seconds))
    now, whole, allowed = START, None, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        after = taken(whole, now, limit)
        assert (after is None) == (wait_for(whole, now, limit) > timedelta())
        if after is not None:
            whole = after
            allowed.append(now)
    for first in range(len(allowed)):
        for last in range(first, len(allowed)):
            span = (allowed[last] - allowed[first]).total_seconds()
            assert last - first + 1 <= burst + span / seconds


def test_whoever_waits_as_told_is_let_in(new: World) -> None:
    """The wait that is named is enough, and not longer than needed."""
    limit = Rate("short", 2, timedelta(minutes=1))
    with new.control.writing() as connection:
        assert not try_once(connection, limit, "x", NOW)
        assert not try_once(connection, limit, "x", NOW)
        wait = try_once(connection, limit, "x", NOW)
        assert wait == timedelta(minutes=1)
        almost = NOW + wait - timedelta(microseconds=1)
        assert waiting(connection, limit, "x", almost)
        assert not try_once(connection, limit, "x", NOW + wait)
        assert not try_once(connection, limit, "y", NOW)
        forgive(connection, limit, "x")
        assert not waiting(connection, limit, "x", NOW)


def test_places_are_few_and_nobody_outside_can_choose_them() -> None:
    """However many names there are, they are counted in 65,536 places, by a key."""
    names = [f"{RESEARCHER}-{number}" for number in range(2_000)]
    places = {place_of(bytes(32), name) for name in names}
    assert max(map(len, places)) == 4
    assert places != {place_of(b"another key" * 3, name) for name in names}
