"""A question's text for the public has nothing in it that somebody put there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.catalogue import Catalogue
from privacy.masked import MASK, masked
from tests.language.example import EARNINGS, JOBS, PEOPLE, REGIONS
from tests.language.test_spec import ACCEPTED

FIRST = {"SELECT", "WITH", "FROM", "REGRESS", "LOGISTIC"}
CATALOGUE = Catalogue(
    "residents", {table.name: table for table in (EARNINGS, JOBS, PEOPLE, REGIONS)}
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SELECT COUNT(*) AS n FROM people", "SELECT COUNT(*) AS name1 FROM people"),
        (
            "SELECT region, AVG(pay) AS ann FROM earnings -- Ann O.\n GROUP BY region",
            "SELECT region, AVG(pay) AS name1 FROM earnings GROUP BY region",
        ),
        (
            "SELECT COUNT(*) AS n FROM people WHERE region = 'Ann''s'",
            f"SELECT COUNT(*) AS name1 FROM people WHERE region = '{MASK}'",
        ),
        (
            'SELECT SUM(pay) AS a, AVG(pay) AS "A" FROM jobs WHERE pay > 4711.25',
            f"SELECT SUM(pay) AS name1, AVG(pay) AS name1 FROM jobs WHERE pay > {MASK}",
        ),
        ("SELECT 'open", MASK),
        (
            'sElEcT rEgIoN, cOuNt(*) fRoM "PeOpLe" gRoUp  bY Region',
            "SELECT region, COUNT(*) FROM people GROUP BY region",
        ),
        ("", ""),
    ],
)
def test_what_is_not_public_is_masked(text: str, shown: str) -> None:
    """Constants, names and comments go; the language and the catalogue stay."""
    assert masked(text, CATALOGUE) == shown


@pytest.mark.parametrize("condition", ["region = 'London'", "age > 17", "score = -5"])
def test_a_public_value_stays(condition: str) -> None:
    """A value that anybody may read in the catalogue is shown."""
    text = f"SELECT COUNT(*) AS n FROM earnings WHERE {condition}"
    assert condition in masked(text, CATALOGUE)


@pytest.mark.parametrize("sql", ACCEPTED)
def test_the_language_itself_is_readable(sql: str) -> None:
    """No keyword or function of an accepted question is masked."""
    shown = masked(sql, CATALOGUE)
    assert shown.split()[0].upper() in FIRST
    assert " FROM " in f" {shown} "


@given(st.text(st.characters(codec="utf-8"), min_size=9, max_size=40))
def test_no_constant_comes_through(secret: str) -> None:
    """Whatever is written as a constant, a name or a comment, it is not shown."""
    secret = f"Zaphenath{secret}"
    literal = secret.replace("'", "''")
    name = secret.replace('"', '""')
    text = (
        f"SELECT COUNT(*) AS \"{name}\" FROM people WHERE region = '{literal}'"
        f" /* {secret.replace('*/', '')} */"
    )
    assert "Zaphenath" not in masked(text, CATALOGUE)


@given(st.data())
def test_no_case_of_letters_comes_through(data: st.DataObject) -> None:
    """A keyword or a name says the same in every case."""
    text = "SELECT region, AVG(pay) AS n FROM earnings WHERE age > 17 GROUP BY region"
    typed = "".join(
        data.draw(st.sampled_from([each.lower(), each.upper()])) for each in text
    )
    assert masked(typed, CATALOGUE) == masked(text, CATALOGUE)


@given(st.integers(10**6, 10**18))
def test_no_number_comes_through(number: int) -> None:
    """A number that no column lists is not shown."""
    text = f"SELECT COUNT(*) AS n FROM people WHERE age > {number} LIMIT {number}"
    assert str(number) not in masked(text, CATALOGUE)
