"""Whatever is sent is read or refused, at once, in words, and with a way on."""

import re

import hypothesis.strategies as st
import pytest
import sqlglot
from hypothesis import HealthCheck, example, given, settings

from privacy.errors import CODES, Refused
from privacy.parse import parse
from privacy.teach import MOST_SAID, understand
from tests.language.example import CATALOGUE
from tests.language.steps import at_once
from tests.language.test_spec import ACCEPTED, REFUSED

WORDS = [
    *("SELECT", "FROM", "WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT", "WITH"),
    *("UNION ALL", "EXISTS", "IN", "NOT", "AND", "OR", "CASE", "WHEN", "THEN", "END"),
    *("JOIN", "LEFT JOIN", "USING", "ON", "AS", "DISTINCT", "ROLLUP", "CUBE", "("),
    *(")", ",", ";", "--", "/*", "*/", "*", "+", "-", "/", "=", "<", "::", "[", "]"),
    *("{", "}", "'", '"', "$1", "?", ":x", "person_id", "earnings", "jobs", "pay"),
    *("region", "COUNT(*)", "SUM(pay)", "MEDIAN(pay)", "NULL", "1e400", "0x1F"),
    *(
        "DATE '2020-01-01'",
        "CLAMP(pay, 0, 1)",
        "GROUPING(region)",
        "é",
        "人",
        "\U0001d4b3",
    ),
]

EVERY = [*ACCEPTED, *(sql for _, sql in REFUSED)]


def read(text: str) -> Refused | None:
    """The refusal of a text; anything else that is raised is a defect."""
    try:
        with at_once():
            understand(text, CATALOGUE)
    except Refused as refused:
        return refused
    return None


def taught(refused: Refused) -> None:
    """A refusal is made of strings that say something, and names its place."""
    assert refused.code in CODES
    assert refused.message.strip()
    for each in (refused.clause, refused.suggestion, refused.position):
        assert isinstance(each, str)
        assert len(each) <= MOST_SAID
    assert "Traceback" not in refused.message
    assert "sqlglot" not in refused.message.lower()
    if refused.position:
        assert re.fullmatch(r"line \d+, column \d+", refused.position)


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
@example("SELECT COUNT(*) FROM earnings GROUP BY GROUPING SETS ((), ())")
@example("SELECT GROUPING() FROM earnings GROUP BY ROLLUP (region)")
@example("SELECT COUNT(*) FROM earnings WHERE person_id IN (SELECT * FROM jobs)")
@example("SELECT COUNT(*) FROM (SELECT * FROM earnings UNION ALL SELECT * FROM jobs)")
def test_words_of_the_language_in_any_order_are_read_or_refused(text: str) -> None:
    """No order of words makes the reader fail, or think for long."""
    refused = read(text)
    if refused is not None:
        taught(refused)


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(st.sampled_from(EVERY), st.data())
def test_questions_with_pieces_changed_are_read_or_refused(
    sql: str, data: st.DataObject
) -> None:
    """Nor does a piece of a question cut out, doubled or replaced."""
    start = data.draw(st.integers(0, len(sql)))
    end = data.draw(st.integers(start, min(len(sql), start + 20)))
    piece = data.draw(st.sampled_from(["", sql[start:end] * 2, *WORDS]))
    refused = read(sql[:start] + piece + sql[end:])
    if refused is not None:
        taught(refused)


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_refused_in_words(text: str) -> None:
    """Whatever characters it has."""
    refused = read(text)
    if refused is not None:
        taught(refused)


LARGE = {
    "a megabyte": (
        "SELECT COUNT(*) FROM earnings WHERE pay > 1" + " " * 2**20,
        "too_long",
    ),
    "a megabyte that is no SQL": ("SELECT " + "))'" * 350_000, "too_long"),
    "a megabyte of brackets": ("(" * 2**20, "too_long"),
    "64 KiB and one": ("SELECT COUNT(*) FROM earnings --" + "x" * 2**16, "too_long"),
    "nested 65 deep": (
        f"SELECT SUM({'(' * 65}pay{')' * 65}) FROM earnings",
        "too_deep",
    ),
    "nested without end": ("SELECT " + "(" * 10_000, "too_deep"),
    "thousands of columns": (
        f"SELECT {', '.join(f'COUNT(*) AS n{n}' for n in range(600))} FROM earnings",
        "too_many_columns",
    ),
    "nested 65 deep and no SQL": ("SELECT " + "(" * 65 + " FROM FROM )", "too_deep"),
    "NOTs without end": (
        "SELECT COUNT(*) FROM earnings WHERE " + "NOT " * 65 + "employed",
        "too_deep",
    ),
    "CASEs without end": ("SELECT " + "CASE WHEN employed THEN " * 65, "too_deep"),
    "subqueries without end": (
        "SELECT COUNT(*) FROM " + "(SELECT * FROM " * 65 + "earnings" + ")" * 65,
        "too_deep",
    ),
    "thousands of columns of a subquery": (
        "SELECT COUNT(*) AS n FROM (SELECT"
        f" {', '.join(f'age AS a{n}' for n in range(2_000))} FROM earnings)",
        "too_long",
    ),
    "recursion": (
        "WITH RECURSIVE r AS (SELECT * FROM earnings UNION ALL SELECT * FROM r)"
        " SELECT COUNT(*) FROM r",
        "unsupported",
    ),
    "a subquery of itself": (
        "WITH r AS (SELECT * FROM r) SELECT COUNT(*) FROM r",
        "unknown_table",
    ),
    "stacked": ("SELECT COUNT(*) FROM earnings; DROP TABLE earnings", "one_statement"),
    "stacked in a comment": (
        "SELECT COUNT(*) FROM earnings /* ; */; SELECT 1",
        "one_statement",
    ),
    "another alphabet": ("SELECT COUNT(*) FROM \u0435arnings", "unknown_table"),
    "an invisible turn": ("SELECT COUNT(*) FROM \u202eearnings", "syntax"),
    "an invisible space": ("SELECT COUNT(*) FROM earn\u200bings", "syntax"),
    "a mark of byte order": ("\ufeffSELECT COUNT(*) FROM earnings", "syntax"),
    "a name twice, composed and not": (
        "SELECT COUNT(*) AS \u00e9, SUM(pay) AS e\u0301 FROM earnings",
        "reserved_name",
    ),
    "a name of 60,000 letters": (
        f'SELECT COUNT(*) FROM "{"x" * 60_000}"',
        "unknown_table",
    ),
    "subqueries that double": (
        "WITH c0 AS (SELECT person_id FROM earnings), "
        + ", ".join(
            f"c{n} AS (SELECT a.person_id FROM c{n - 1} AS a"
            f" JOIN c{n - 1} AS b USING (person_id))"
            for n in range(1, 30)
        )
        + " SELECT COUNT(*) AS n FROM c29",
        "join",
    ),
    "a fault among many joins": (
        "SELECT COUNT(*) AS n, LN(x) FROM jobs AS j0 "
        + " ".join(f"JOIN jobs AS j{n} USING (person_id)" for n in range(1, 13)),
        "unsupported",
    ),
    "a null byte": ("SELECT COUNT(*) FROM earnings\x00", "syntax"),
    "nothing": ("", "syntax"),
    "a comment": ("-- SELECT COUNT(*) FROM earnings", "syntax"),
}


JUST_ENOUGH = {
    "64 KiB": "SELECT COUNT(*) FROM earnings --".ljust(2**16, "x"),
    "nested 64 deep": f"SELECT SUM({'(' * 63}pay{')' * 63}) FROM earnings",
    "comments of all kinds": "SELECT /*+ a */ COUNT(*) /* ; */ FROM earnings; -- b",
    "letters that are joined": "SELECT COUNT(*) AS \u0645\u06cc\u200c\u062e FROM jobs",
}


@pytest.mark.parametrize("sql", JUST_ENOUGH.values(), ids=JUST_ENOUGH)
def test_what_is_just_not_too_much_is_read(sql: str) -> None:
    """Nothing is refused before it is past what there may be."""
    assert read(sql) is None


@pytest.mark.parametrize(("sql", "code"), LARGE.values(), ids=LARGE)
def test_what_is_too_much_is_refused_by_its_code(sql: str, code: str) -> None:
    """At once, and by the rule it breaks."""
    refused = read(sql)
    assert refused is not None
    assert refused.code == code
    taught(refused)


@pytest.mark.parametrize("code", ["too_long", "too_deep"])
def test_what_is_too_much_is_never_parsed(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scan of the text refuses it, whatever the parser would have said."""

    def unread(text: str, **_: object) -> None:
        raise AssertionError(f"parsed {len(text):,} characters")

    monkeypatch.setattr(sqlglot, "parse", unread)
    for sql in (sql for sql, expected in LARGE.values() if expected == code):
        with pytest.raises(Refused) as refused:
            parse(sql)
        assert refused.value.code == code


def test_comments_and_names_of_any_alphabet_are_read() -> None:
    """What SQL allows is not refused."""
    sql = 'SELECT /* how many? */ COUNT(*) AS "人々" -- all\nFROM earnings AS é'
    assert read(sql) is None


@pytest.mark.parametrize(
    ("sql", "near"),
    [
        ("SELECT COUNT(*) FROM earings", "earnings"),
        ("SELECT SUM(paye) FROM earnings", "pay"),
        ("SELECT reg, COUNT(*) FROM earnings GROUP BY reg", "region"),
    ],
)
def test_the_nearest_name_is_suggested(sql: str, near: str) -> None:
    """A name that is nearly right is put right."""
    refused = read(sql)
    assert refused is not None
    assert refused.suggestion == near


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM e\u0430rnings",
        "SELECT region, COUNT(*) FROM earnings WHERE p\u0430y > 1 GROUP BY region",
    ],
)
def test_a_letter_that_only_looks_like_another_is_named(sql: str) -> None:
    """Who sees the right name is told why it is none."""
    refused = read(sql)
    assert refused is not None
    assert "Its \u0430 is CYRILLIC SMALL LETTER A." in refused.message
    assert refused.suggestion.isascii()
    assert refused.suggestion
