"""HAVING of a subquery by person keeps what the engine's own HAVING would."""

from __future__ import annotations

import pytest

from tests.language.example import EARNINGS, compiled
from tests.laws.grammar import engine, fill

ASKED = (
    "SELECT COUNT(*) AS n FROM (SELECT person_id, tax_year AS y, SUM(score) AS "
    "tax_year, COUNT(*) AS age FROM earnings GROUP BY person_id, tax_year, sex "
    "HAVING {})"
)
ROWS = [
    dict.fromkeys(each.name for each in EARNINGS.columns)
    | {"person_id": person, "tax_year": year, "score": score, "age": 50, "sex": sex}
    for person, year, score, sex in (
        *((1, 2010, 3, "F"), (1, 2010, 4, "F"), (1, 2010, 5, "M"), (2, 2019, -5, "F")),
        *((3, 2012, 5, "F"), (3, 2012, 5, "F"), (4, 2019, 0, "M")),
    )
]


@pytest.mark.parametrize(
    ("having", "found"),
    [
        ("tax_year > 2012", 2),
        ("earnings.tax_year > 2012", 2),
        ("y > 2012", 2),
        ("age > 1", 2),
        ("sex = 'F' AND SUM(score) > 5", 2),
        ("earnings.sex = 'M' OR y = 2012", 3),
    ],
)
def test_a_name_in_having_means_what_it_means_in_sql(having: str, found: int) -> None:
    """A key before a figure of the same name, a figure before a column of rows."""
    text = ASKED.format(having)
    with engine() as connection:
        fill(connection, ROWS)
        ((told,),) = connection.execute(text).fetchall()
        ((answered,),) = connection.execute(compiled(text)).fetchall()
    assert told == answered == found
