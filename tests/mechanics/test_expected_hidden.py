"""How many cells may be suppressed is told of every relation, or that it is not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from privacy.accounting import Measure
from privacy.bind import bind
from privacy.bound import bound
from privacy.catalogue import Catalogue
from privacy.explain import explain
from privacy.levels import level, price_levels
from privacy.parse import parse
from privacy.plan import plan
from privacy.policy import GATEWAY, NONE, Policy
from privacy.profile import Profile, classes
from privacy.spending import Intent, Spending
from tests.language.example import CATALOGUE
from tests.mechanics.questions import ZCDP

SPENT = Spending(Intent.EPSILON, Fraction(1))
KEYS = replace(ZCDP, threshold_delta_atto=ZCDP.conversion_delta_atto)


def measured(people: int) -> Catalogue:
    """The example, of which so many people have one row in every table."""
    tables = {
        name: replace(table, profile=profile(table.rows_per_person, people))
        for name, table in CATALOGUE.tables.items()
        if table.rows_per_person
    }
    return replace(CATALOGUE, tables={**CATALOGUE.tables, **tables})


def profile(cap: int, people: int) -> Profile:
    """So many people with one row each."""
    starts = classes(cap)
    held = (people, *(0 for _ in starts[1:]))
    return Profile(starts, held, 0, 0, 0, (), 0, 0, "1")


def told(sql: str, catalogue: Catalogue, policy: Policy = GATEWAY) -> str:
    """What is said of cells that may be hidden."""
    planned = level(plan(bound(bind(parse(sql), catalogue)), policy), Measure.ZCDP)
    return " ".join(explain(price_levels(planned, SPENT, KEYS)).hidden)


BY = "SELECT region, COUNT(*) AS n FROM {} GROUP BY region"
KNOWN = [
    BY.format("earnings"),
    BY.format("(SELECT person_id, region FROM earnings WHERE score > 0) AS e"),
    BY.format(
        "(SELECT person_id, region, SUM(pay) AS pay FROM earnings GROUP BY ALL) AS e"
    ),
    BY.format("earnings JOIN regions USING (region)"),
    BY.format("earnings WHERE person_id IN (SELECT person_id FROM jobs)"),
    BY.format(
        "earnings JOIN (SELECT person_id, SUM(hours) AS hours FROM jobs"
        " GROUP BY person_id) AS j USING (person_id)"
    ),
    BY.format(
        "(SELECT person_id, COUNT(*) AS jobs FROM jobs GROUP BY person_id) AS j"
        " LEFT JOIN earnings USING (person_id)"
    ),
    BY.format(
        "(SELECT person_id, region FROM earnings UNION ALL SELECT person_id, region"
        " FROM earnings) AS e"
    ),
    "SELECT region, sex, AVG(pay) AS pay FROM earnings GROUP BY ROLLUP (region, sex)",
]


@pytest.mark.parametrize("sql", KNOWN)
def test_of_few_rows_all_cells_are_hidden_and_of_many_none(sql: str) -> None:
    """Of tables, subqueries, joins to one row a person, unions and margins."""
    none, all_of = told(sql, measured(10**6)), told(sql, measured(4))
    assert "fewer than one of" in none
    cells = 13 if "ROLLUP" in sql else 4
    assert f"about {cells} of {cells} would be suppressed" in all_of


def test_half_of_cells_are_hidden_at_the_least_count_that_is_shown() -> None:
    """Where a cell has as many rows as it is shown from, noise decides."""
    sql = "SELECT age, tax_year, COUNT(*) AS n FROM people GROUP BY age, tax_year"
    planned = plan(bound(bind(parse(sql), measured(1))), GATEWAY)
    least = explain(price_levels(planned, SPENT, KEYS)).certificates[0].shown_from
    cells = planned.cells
    assert f"about {cells / 2:,.0f} of {cells:,} would" in told(
        sql, measured(cells * least)
    )


@pytest.mark.parametrize(
    ("sql", "catalogue"),
    [
        (BY.format("earnings"), CATALOGUE),
        (BY.format("earnings JOIN jobs USING (person_id)"), measured(10**6)),
    ],
)
def test_where_nothing_tells_of_rows_that_is_said(
    sql: str, catalogue: Catalogue
) -> None:
    """Without a profile, and where people have several rows on both sides of a join."""
    assert "is not predicted" in told(sql, catalogue)


def test_how_many_keys_come_out_is_said_not_to_be_known() -> None:
    """They have no cells before."""
    sql = "SELECT employer, COUNT(*) AS n FROM earnings GROUP BY employer"
    assert told(sql, measured(10**6)).startswith("How many values come out")


def test_nothing_is_hidden_where_no_certificate_hides() -> None:
    """Under a policy without any, nothing is said."""
    assert told(BY.format("earnings"), measured(4), NONE) == ""
