"""What reaches the engine, and what does not."""

import pytest

from privacy.compile import Statement, canonical
from tests.language.example import bound_query, compiled

COUNTED = "SELECT COUNT(*) FROM earnings WHERE {}"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "SELECT region, COUNT(*) AS n, SUM(pay) AS t FROM earnings GROUP BY region",
            'SELECT "region" AS k0, COUNT(*) AS c0, SUM("pay") AS c1 '
            'FROM "memory"."earnings" GROUP BY 1',
        ),
        (
            "SELECT SUM(CLAMP(rent, -1000, 1000)) FROM earnings",
            'SELECT SUM("rent") AS c0 FROM "memory"."earnings"',
        ),
        (
            "SELECT SUM(CLAMP(rent, 0, 1000)) FROM earnings",
            'SELECT SUM(GREATEST("rent", 0)) AS c0 FROM "memory"."earnings"',
        ),
        (
            "SELECT SUM(COALESCE(age, 0)) FROM earnings",
            'SELECT SUM("age") AS c0 FROM "memory"."earnings"',
        ),
        (
            "SELECT COUNT(DISTINCT person_id) FROM people",
            'SELECT COUNT(*) AS c0 FROM "memory"."people"',
        ),
        (
            "SELECT COUNT(*) FROM earnings WHERE region = 'Wales' AND age >= 17.5",
            'SELECT COUNT(*) AS c0 FROM "memory"."earnings" '
            'WHERE ("region" = \'Wales\') AND ("age" > 17)',
        ),
    ],
)
def test_plain_questions_stay_plain(sql: str, expected: str) -> None:
    """Nothing is cast, clamped or replaced where public facts make it idle."""
    assert compiled(sql) == expected


def test_text_never_reaches_the_engine_as_it_was_written() -> None:
    """Quotation marks in names and constants are the compiler's own."""
    sql = compiled(
        "SELECT COUNT(*) FROM earnings WHERE employer = '''; DROP TABLE x --'"
    )
    assert sql.endswith("WHERE \"employer\" = '''; DROP TABLE x --'")


def test_comments_never_reach_the_engine() -> None:
    """What a researcher notes beside the question stays there."""
    sql = compiled("SELECT /* secret note */ COUNT(*) -- more\nFROM earnings")
    assert "note" not in sql
    assert "more" not in sql


def test_a_statement_keeps_its_constants_out_of_logs() -> None:
    """The text of a statement is not in its representation."""
    assert "Wales" not in repr(Statement("SELECT 'Wales'"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("age > 3 AND pay < 5", "pay<5 and (AGE > 3.0)"),
        ("age > 3 OR pay < 5 OR sex = 'F'", "(sex = 'F' OR age > 3) OR pay < 5"),
        ("age IN (1, 2)", "age IN (2, 1, 1)"),
        ("age + rent > 0", "0 < rent + age"),
        ("e.age = 3", "age = 3 -- said otherwise"),
        ("age BETWEEN 1 AND 2", "age <= 2 AND age >= 1"),
        ("NOT age IN (1)", "age NOT IN (1)"),
    ],
)
def test_equal_meanings_are_equal_texts(first: str, second: str) -> None:
    """How a question is written makes no difference to what it is."""
    one = bound_query(f"SELECT COUNT(*) AS n FROM earnings e WHERE {first}")
    other = bound_query(f"select count( * ) n from EARNINGS AS e where {second}")
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("COUNT(*) AS n FROM earnings", "COUNT(*) AS m FROM earnings"),
        ("COUNT(*) AS n FROM earnings", "COUNT(*) AS n FROM people"),
        ("COUNT(*) AS n FROM earnings", "COUNT(*) AS n FROM earnings LIMIT 1"),
        ("COUNT(*) AS n FROM earnings", "COUNT(pay) AS n FROM earnings"),
        ("SUM(pay) AS n FROM earnings", "AVG(pay) AS n FROM earnings"),
        ("SUM(age - 1) AS n FROM earnings", "SUM(1 - age) AS n FROM earnings"),
        (
            "COUNT(*) AS n FROM earnings WHERE employer = '1'",
            "COUNT(*) AS n FROM earnings WHERE age = 1",
        ),
        (
            "COUNT(*) AS n FROM earnings WHERE pay > 1",
            "COUNT(*) AS n FROM earnings WHERE pay > 0.01",
        ),
        (
            "COUNT(*) AS n FROM earnings HAVING n > 1",
            "COUNT(*) AS n FROM earnings HAVING n > 2",
        ),
        (
            "region, COUNT(*) AS n FROM earnings GROUP BY region ORDER BY n",
            "region, COUNT(*) AS n FROM earnings GROUP BY region ORDER BY n DESC",
        ),
    ],
)
def test_other_meanings_are_other_texts(first: str, second: str) -> None:
    """Whatever changes an answer changes the text."""
    one, other = bound_query(f"SELECT {first}"), bound_query(f"SELECT {second}")
    assert canonical(one) != canonical(other)
