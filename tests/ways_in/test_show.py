"""What people read is short, exact where it can be, and says what it leaves out."""

import re
from decimal import Decimal

import pyarrow as pa
from rich.console import Console

from privacy.accounting import Loss
from privacy.linked import Linked, Subgroups
from privacy.profile import Profile
from tests.ways_in.world import project
from tre.cli.show_budget import left_over
from tre.cli.show_dataset import catalogue, described
from tre.cli.show_linkage import linkage
from tre.cli.show_project import project_in_words, standing
from tre.cli.show_release import MOST_ROWS, released
from tre.governance.statement import statement
from tre.release import Release

LEFT = Loss(0.1, 2.0, 1e-6)
FACTS = [
    *("title", "description", "version", "state"),
    *("population", "controller", "legal_basis", "retention"),
]


def text(parts) -> str:
    """What a terminal would show."""
    console = Console(width=200, highlight=False)
    with console.capture() as capture:
        for part in parts:
            console.print(part, markup=False)
    return capture.get()


def release(rows: int = 1, status: str = "ok") -> Release:
    """A release of one noised column."""
    column = {"m": [12_345.678901], "m_low": [12_000.5], "m_high": [12_700.5]}
    noised = {name: pa.array(values * rows) for name, values in column.items()}
    table = pa.table({"k": [True] * rows, **noised, "m_status": [status] * rows})
    return Release("r1", table, {}, LEFT, charged=False)


def test_digits_that_mean_nothing_are_not_shown() -> None:
    """A float is given to three figures or more of its interval's width."""
    shown = text(released(release(), LEFT))
    assert "true   12,346   12,000 to 12,700" in shown.replace("12,700 ", "12,700")


def test_a_status_that_is_not_ok_is_explained() -> None:
    """Beside the interval its name, below the table its meaning."""
    shown = text(released(release(status="unreliable"), LEFT))
    assert ", unreliable" in shown
    assert "unreliable: the interval is wide beside the value." in shown


def test_a_long_table_says_what_it_leaves_out() -> None:
    """Its first rows are printed, and how many there are."""
    shown = text(released(release(rows=MOST_ROWS + 1), LEFT))
    assert "200 of 201 rows are shown; --json prints all of them." in shown
    assert shown.count("12,346") == MOST_ROWS


def test_sums_keep_every_digit() -> None:
    """A decimal is exact to its scale, whatever its interval."""
    column = {"s": "1234.50", "s_low": "-1.00", "s_high": "9999999.00"}
    table = pa.table(
        {
            **{name: pa.array([Decimal(value)]) for name, value in column.items()},
            "s_status": ["ok"],
        }
    )
    shown = text(released(Release("r", table, {}, LEFT, charged=True), LEFT))
    assert "1,234.50" in shown
    assert "-1.00 to 9,999,999.00" in shown


def test_nothing_to_list_is_said() -> None:
    """An empty catalogue is a sentence."""
    assert text(catalogue([])) == "There is no dataset yet.\n"
    assert text(left_over([])) == "There is no population that has a dataset yet.\n"


PROFILE = {
    "measured_of": "2025.4",
    "rho": 0.001,
    "people_by_rows": [
        {"from": 1, "to": 1, "people": 2_797},
        {"from": 2, "to": 8, "people": 15},
        {"from": 9, "to": None, "people": -3},
    ],
    "people_margin": 63,
    "dropped_by_cap": 474,
    "dropped_margin": 1_488,
    "clamped": {"pay": 12},
    "clamped_margin": 90,
    "numbers": [
        {
            "column": "pay",
            "of": "total of all rows",
            "people_by_number": [
                {"from": 0.0, "people": 900},
                {"from": 12.5, "people": 80},
                {"from": 50.0, "people": -3},
            ],
            "most": 70.5,
            "margin": 63,
        }
    ],
}
"""A profile as the catalogue describes it."""


PERIOD = {"from": "2026-04-06", "until": "2027-04-05"}


def test_columns_are_listed_with_what_is_public() -> None:
    """Keys, bounds, or neither; a long list of keys is cut."""
    column = {"type": "text", "minimum": None, "maximum": None, "role": None}
    keys = [f"k{number}" for number in range(20)]
    shown = text(
        described(
            {
                "tables": [
                    {
                        "name": "visits",
                        "privacy_unit": "person",
                        "rows_per_person": 8,
                        "group_bounds": [{"by": ["year"], "rows": 2, "groups": None}],
                        "profile": PROFILE,
                        "linkage": None,
                        "columns": [
                            column | {"name": "a", "keys": keys, "required": True},
                            column | {"name": "b", "keys": None, "required": False},
                        ],
                    }
                ],
                **dict.fromkeys(FACTS),
                "version": "2026.2",
                "delivery": {"kind": "append", "to": "2026.1", "period": PERIOD},
                "versions": [],
            }
        )
    )
    bounds = "at most 8 of each, at most 2 for each year"
    assert f"visits: rows of linked people, {bounds}" in shown
    assert "2026.2, added to 2026.1, of 2026-04-06 to 2027-04-05" in shown
    assert "k11 and 8 more" in shown
    assert "any or NULL" in shown
    assert "Measured when 2025.4 was published, for ρ = 0.001" in shown
    assert "9 or more" in shown
    assert "Rows dropped by the cap: 474 (±1,488)." in shown
    assert "pay, total of all rows: 95% of people are below about 50" in shown
    assert "Values of pay clamped: 12 (±90)." in shown


def test_match_rates_are_shown_where_they_may_be() -> None:
    """Each subgroup beside its margin; what may be too few people is not shown."""
    told = Subgroups("sex", ("F", "M", None), (9_000, 41, None), (1_000, 60, None), 20)
    people = (1_060, 0, 9_041, 0, 0, 0, 0)
    linked = Linked(people, 20, 0, 20, (("forename", 3),), 20, (told,))
    method = {"identifiers": ["forename"], "passes": ["all"], "threshold": None}
    profile = Profile((1,), (10_101,), 20, 0, 20, (), 0, 3_000_000, "1", (), (), linked)
    said = statement(method, profile)
    assert said is not None
    shown = text(linkage(said))
    assert re.search(r"F +9,000 +1,000 +90% ± 1\n", shown)
    assert re.search(r"M +41 +60 +41% ± 45\n", shown)
    assert re.search(r"missing +not shown +not shown +not shown\n", shown)
    assert "within ±40, 95 times in 100" in shown


def test_a_project_says_whom_it_waits_for() -> None:
    """Who has to approve is said while it is proposed, and not after."""
    facts = project("pay", measure="pure") | {
        "state": "proposed",
        "awaiting": ["Department of Examples", "the committee"],
        "proposer": "ann",
        "approvals": [],
        "outcome": None,
        "route": "standard",
        "amendment": None,
        "pins": {},
    }
    assert standing(facts) == (
        "pay is proposed. "
        "It awaits the approval of Department of Examples and the committee."
    )
    assert standing(facts | {"state": "closed"}) == "pay is closed."
    changing = {"state": "active", "amendment": {"awaiting": ["the committee"]}}
    assert standing(facts | changing) == (
        "pay is active. A change of it awaits the approval of the committee."
    )
    assert "ε = 50.0, pure" in text(project_in_words(facts))
