"""A table somebody made is held to the releases it cites, cell by cell."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pytest

from tre.airlock.arithmetic import NotArithmetic, compute, names
from tre.airlock.quoted import quoted
from tre.airlock.recompute import Made, Recomputed, recompute

RELEASED = pa.table(
    {
        "region": ["north", "south", "west"],
        "n": pa.array([1204, 987, None], pa.int64()),
        "n_low": pa.array([1190, 973, None], pa.int64()),
        "n_high": pa.array([1218, 1001, None], pa.int64()),
        "n_status": ["ok", "ok", "suppressed:frequency"],
        "pay": [Decimal("31.25"), Decimal("29.50"), None],
        "pay_low": [Decimal("31.00"), Decimal("29.00"), None],
        "pay_high": [Decimal("31.50"), Decimal("30.00"), None],
        "pay_status": ["ok", "unreliable", "suppressed:frequency"],
    }
)


def of(
    *rows: tuple[str | None, ...], columns: str, derived: dict[str, str] | None = None
) -> Recomputed:
    """What recomputing says of a table with these columns and rows."""
    made = Made(tuple(columns.split()), rows)
    return recompute(made, [RELEASED], columns={}, derived=derived or {})


WHOLE = "region n n_low n_high"


def test_a_copy_in_any_order_follows_from_its_release() -> None:
    """Rows may be sorted and left out, and a hidden figure stays out or is named."""
    found = of(
        ("south", "987", "973", "1001"),
        ("north", "1204", "1190", "1218"),
        ("west", None, None, None),
        columns=WHOLE,
    )
    assert found == Recomputed((), ())
    marked = of(("west", "[c]", None, None), columns=WHOLE)
    assert marked == Recomputed((), ())


@pytest.mark.parametrize("written", ["1204", "1,204", "1204.0", "1200", "1.2e3"])
def test_a_figure_may_have_fewer_digits(written: str) -> None:
    """Rounded is still the released figure."""
    assert of(("north", written, "1190", "1218"), columns=WHOLE).findings == ()


def test_a_figure_of_another_row_or_none_is_pointed_out() -> None:
    """It is a finding, for a person to judge, and names the place."""
    found = of(("north", "987", "1190", "1218"), columns=WHOLE)
    assert [finding.place for finding in found.findings] == ["n, row 1"]
    other = of(("east", "987", "973", "1001"), columns=WHOLE)
    assert [finding.place for finding in other.findings] == ["row 1"]


def test_a_suppressed_cell_with_a_figure_is_a_fault() -> None:
    """What the release hides cannot have come from it."""
    found = of(("west", "12", "1", "20"), columns=WHOLE)
    assert len(found.faults) == 3
    assert "suppresses" in found.faults[0].words


def test_a_dropped_interval_is_a_fault() -> None:
    """A noised figure is shown with both ends of its interval."""
    (fault,) = of(("north", "1204", "1190"), columns="region n n_low").faults
    assert "n_high" in fault.words


def test_more_digits_than_the_release_is_a_fault() -> None:
    """31.2451 rounds to the released 31.25, and is not it."""
    (fault,) = of(
        ("north", "31.2451", "31.00", "31.50"), columns="region pay pay_low pay_high"
    ).faults
    assert "more digits" in fault.words


def test_columns_may_have_other_names() -> None:
    """A table for readers says people, not n."""
    row = ("north", "1204", "1190", "1218")
    renamed = {"Region": "region", "People": "n", "from": "n_low", "to": "n_high"}
    found = recompute(
        Made((*renamed,), (row,)), [RELEASED], columns=renamed, derived={}
    )
    assert found == Recomputed((), ())


def test_a_declared_formula_is_computed_again() -> None:
    """The formula is shown to people, and a wrong result; a hidden one is a fault."""
    said = {"bill": "n * pay / 1000"}
    right = of(("north", "37.6"), columns="region bill", derived=said)
    assert [finding.place for finding in right.findings] == ["bill"]
    assert "n * pay / 1000" in right.findings[0].words
    wrong = of(("north", "38.6"), columns="region bill", derived=said)
    assert [finding.place for finding in wrong.findings] == ["bill", "bill, row 1"]
    assert len(of(("west", "1.0"), columns="region bill", derived=said).faults) == 1


def test_a_column_of_no_release_is_pointed_out() -> None:
    """Whether of figures or of words: seven people may be written out."""
    found = of(("north", "Region of the north", "7"), columns="region label rank")
    assert [finding.place for finding in found.findings] == ["label", "rank"]


@pytest.mark.parametrize(
    "formula",
    [
        "n ** 9 ** 9",
        "__import__('os')",
        "n.real",
        "n if 1 else 2",
        "(",
        "True",
        "1e999 * n",
        "x" * 501,
    ],
)
def test_only_arithmetic_is_computed(formula: str) -> None:
    """Anything that could run, or run for ever, is refused."""
    with pytest.raises(NotArithmetic):
        names(formula)


def test_a_quotient_by_nothing_is_nothing() -> None:
    """No formula fails on a figure."""
    assert compute("n / (n - n)", {"n": Fraction(1)}) is None
    assert compute("-n + 2 * m", {"n": Fraction(1), "m": None}) is None


def test_figures_in_a_text_are_looked_for_in_the_releases() -> None:
    """Years and small numbers pass; a figure nobody released is pointed out."""
    text = "In 2019, 1,204 people (about 1,200) of 3 regions.\nBut 4711 were exact.\n"
    (finding,) = quoted(text, [RELEASED])
    assert (finding.place, "4711" in finding.words) == ("line 2", True)


def test_a_number_of_a_billion_digits_costs_nothing() -> None:
    """A short text can be a huge number; it is no figure."""
    found = of(("north", "1e999999999", "1190", "1218"), columns=WHOLE)
    assert (len(found.findings), found.faults) == (1, ())
