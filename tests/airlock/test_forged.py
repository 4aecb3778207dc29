"""Ways to make a table say what no release does: each is met by a fault or a finding.

A fault refuses the form. A finding is shown to the checkers, who judge.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tre.airlock.numerals import number
from tre.airlock.quoted import quoted
from tre.airlock.recompute import Made, Recomputed, recompute

RELEASED = pa.table(
    {
        "region": ["London", "Wales", "North"],
        "n": [1200, 300, None],
        "n_low": [1180, 280, None],
        "n_high": [1220, 320, None],
        "n_status": ["ok", "unreliable", "suppressed:frequency"],
        "p": [0.96, 0.6, None],
        "p_low": [0.9, 0.5, None],
        "p_high": [1.0, 0.7, None],
        "p_status": ["ok", "ok", "suppressed:frequency"],
        "standard_error": [1.5, 2.5, None],
    }
)
TOTAL = pa.table({"n": [1500], "n_low": [1470], "n_high": [1530], "n_status": ["ok"]})
INTERVAL = "n n_low n_high"
LONDON = ("London", "1200", "1180", "1220")
FULL_WIDTH = "\uff14\uff17\uff11\uff11"


def of(
    header: str,
    *rows: tuple[str | None, ...],
    columns: dict[str, str] | None = None,
    derived: dict[str, str] | None = None,
    releases: tuple[pa.Table, ...] = (RELEASED,),
) -> Recomputed:
    """What recomputing says of a table."""
    made = Made(tuple(header.split()), rows)
    return recompute(made, releases, columns=columns or {}, derived=derived or {})


def test_a_row_that_is_not_said_to_be_of_anything_is_a_fault() -> None:
    """Under another name the key is a label, and labels could be swapped."""
    rows = (("Wales", *LONDON[1:]), ("North", "300", "280", "320"))
    (fault,) = of(f"area {INTERVAL}", *rows).faults
    assert fault.place == "region"
    assert of(INTERVAL, LONDON[1:]).faults == (fault,)


def test_a_release_of_one_row_needs_no_key() -> None:
    """It is clear what its figures are of."""
    row = ("1500", "1470", "1530")
    assert of(INTERVAL, row, releases=(TOTAL,)) == Recomputed((), ())
    twice = of(INTERVAL, row, row, releases=(TOTAL,))
    assert [finding.place for finding in twice.findings] == ["row 2"]


def test_figures_are_not_declared_to_be_a_key() -> None:
    """A key is shown once, and a row of keys nobody released is pointed out."""
    twice = of("region forged", ("London", "4711"), columns={"forged": "region"})
    assert {fault.words for fault in twice.faults} == {"region is shown twice"}
    alone = of("forged", ("4711",), columns={"forged": "region"})
    assert [finding.place for finding in alone.findings] == ["row 1"]


def test_figures_of_another_release_do_not_borrow_its_keys() -> None:
    """A total is not London's because London is written beside it."""
    for releases in ((TOTAL, RELEASED), (RELEASED, TOTAL)):
        row = ("London", "1500", "1470", "1530")
        found = of(f"region {INTERVAL}", row, releases=releases)
        assert [finding.place for finding in found.findings][:1] == ["n, row 1"]
    counted = TOTAL.rename_columns(["m", "m_low", "m_high", "m_status"])
    row = ("London", "1500", "1470", "1530")
    found = of("region m m_low m_high", row, releases=(RELEASED, counted))
    assert {fault.place for fault in found.faults} == {"region"}


def test_a_released_name_means_the_released_column() -> None:
    """No other column goes by it, renamed or computed."""
    row = ("London", "1.5", "1.5", "1.5", "1.5")
    named = {"n": "standard_error"}
    found = of(f"region {INTERVAL}", row[:4], columns=named)
    assert "another column of this name" in found.faults[0].words
    computed = of("region n", row[:2], derived={"n": "n + 1"})
    assert "another column of this name" in computed.faults[0].words


@pytest.mark.parametrize(
    "text",
    [
        *("999999*", "~1", "£12", "7%", "<2", "5 people", "12,00", "1.200,0"),
        *("٤٧", FULL_WIDTH, "1_200", "true", "2026-01-01", "seven", "12OO"),
    ],
)
def test_what_is_no_number_is_pointed_out_where_figures_are(text: str) -> None:
    """In a figure and at an end of its interval; where it is suppressed, a fault."""
    for place in (1, 2, 3):
        row = [*LONDON]
        row[place] = text
        found = of(f"region {INTERVAL}", tuple(row))
        assert (len(found.faults), len(found.findings)) == (0, 1), place
    hidden = of(f"region {INTERVAL}", ("North", text, None, None))
    assert ["suppresses" in fault.words for fault in hidden.faults] == [True]


@pytest.mark.parametrize("mark", ["[c]", "*", "-", "..", "NA", "nan", None])
def test_a_suppressed_figure_is_marked_or_left_out(mark: str | None) -> None:
    """What statistics are published with."""
    found = of(f"region {INTERVAL}", ("North", mark, mark, mark))
    assert found == Recomputed((), ())


def test_a_status_is_the_one_released() -> None:
    """Better, worse, left empty or in other words, it is pointed out."""
    for said in ("ok", None, "exactly 7 people"):
        row = ("Wales", "300", "280", "320", said)
        found = of(f"region {INTERVAL} n_status", row)
        assert [finding.place for finding in found.findings] == ["n_status, row 1"]


@pytest.mark.parametrize("formula", ["n", " n ", "(n)", "+n", "n * 1", "n + 0 * n_low"])
def test_no_formula_of_one_figure_drops_its_interval(formula: str) -> None:
    """It is that figure, whatever is multiplied to it."""
    (fault,) = of("region m", LONDON[:2], derived={"m": formula}).faults
    assert "interval is dropped" in fault.words


def test_an_interval_may_be_computed_with_its_figure() -> None:
    """Thousands of people, from so many thousands to so many."""
    said = {"k": "n / 1000", "from": "n_low / 1000", "to": "n_high / 1000"}
    found = of("region k from to", ("London", "1.2", "1.18", "1.22"), derived=said)
    assert found.faults == ()
    assert [finding.place for finding in found.findings] == ["k", "from", "to"]


def test_an_interval_is_not_emptied_cell_by_cell() -> None:
    """A figure that is shown has both ends in its own row."""
    (fault,) = of(f"region {INTERVAL}", ("London", "1200", None, "1220")).faults
    assert "interval is dropped" in fault.words


def test_an_interval_is_not_rounded_away() -> None:
    """1180 to 1220 is 1200 to 1200 in hundreds, and that is no interval."""
    found = of(f"region {INTERVAL}", ("London", "1200", "1200", "1200"))
    assert ["narrower" in finding.words for finding in found.findings] == [True]


@pytest.mark.parametrize("formula", ["4711", "4711 - 1", "0 * standard_error_"])
def test_a_formula_without_a_released_figure_explains_nothing(formula: str) -> None:
    """A constant would fit any cell."""
    found = of("region share", ("London", "4711"), derived={"share": formula})
    assert found.faults or found.findings
    assert found.faults or "no cited release" in found.findings[0].words


def test_a_formula_is_shown_to_people_whatever_it_reads() -> None:
    """A right sum may still be the wrong one."""
    said = {"share": "73 + 0 * n + 0 * p"}
    (finding,) = of("region share", ("London", "73"), derived=said).findings
    assert said["share"] in finding.words


def test_rows_twice_merged_or_added_are_pointed_out() -> None:
    """In any order, each released row is there once at most."""
    wales = ("Wales", "300", "280", "320")
    assert of(f"region {INTERVAL}", wales, LONDON) == Recomputed((), ())
    merged = ("London and Wales", "1500", "1460", "1540")
    for row in (LONDON, merged, (None, *LONDON[1:])):
        found = of(f"region {INTERVAL}", LONDON, row)
        assert [finding.place for finding in found.findings] == ["row 2"]


def test_rounding_keeps_a_digit_of_the_figure() -> None:
    """0.96 is about 1, and 0.6 is not."""
    near = of("region p p_low p_high", ("London", "1", "0.9", "1.0"))
    assert near == Recomputed((), ())
    far = of("region p p_low p_high", ("Wales", "1", "0.5", "0.7"))
    assert [finding.place for finding in far.findings] == ["p, row 1"]


def test_a_figure_without_an_interval_is_compared_and_is_no_key() -> None:
    """A standard error is of its row, and may be left out."""
    assert of("region standard_error", ("London", "1.5")) == Recomputed((), ())
    (finding,) = of("region standard_error", ("London", "2.5")).findings
    assert finding.place == "standard_error, row 1"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (True, "true"),
        (True, "True"),
        (30, "30.0"),
        (Decimal("1.50"), "1.5"),
        (date(2026, 1, 2), "2026-01-02"),
        (None, None),
    ],
)
def test_a_key_may_be_spelled_as_other_programs_do(key: object, said: str) -> None:
    """By its value, where its type has several spellings."""
    table = pa.table({"key": [key, None], **TOTAL.take([0, 0]).to_pydict()})
    table = table.slice(0, 1) if key is None else table
    row = (said, "1500", "1470", "1530")
    assert of(f"key {INTERVAL}", row, releases=(table,)) == Recomputed((), ())
    other = of(f"key {INTERVAL}", ("other", *row[1:]), releases=(table,))
    assert [finding.place for finding in other.findings] == ["row 1"]


@given(st.text(max_size=12))
def test_only_one_spelling_is_a_number(text: str) -> None:
    """Whatever is read as a number has ASCII digits, and commas between thousands."""
    value = number(text)
    if value is not None:
        assert set(text.strip()) <= set("0123456789+-.,eE")
        assert "," not in text or len(text.split(",")[-1].split(".")[0]) >= 3


@pytest.mark.parametrize(
    "line",
    [
        *(f"We found {FULL_WIDTH}.", "and ٤٧١١ more", "⁴⁷¹¹", "n4711", "£4711m"),
        *("1990-4711", "4711-", "4 711", "4.711", "4711people", "Ⅶ", "七"),
    ],
)
def test_a_figure_of_a_text_is_found_in_any_digits(line: str) -> None:
    """However it is written, short of words."""
    assert [finding.place for finding in quoted(line, [RELEASED])] == ["line 1"]


def test_released_figures_and_years_pass_in_a_text() -> None:
    """Rounded, in thousands, at the end of a sentence, and as a range."""
    line = "In 2019-2026, 1,200 (1,180-1,220) of 12 hundred; 300, or 280 to 320."
    assert quoted(line, [RELEASED]) == ()
