"""No text does anything but be read, or be refused, at once."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from privacy.errors import CODES, Refused
from privacy.parse import parse
from privacy.scan import MAX_BYTES, MAX_DEPTH, MAX_WORDS
from tests.language.example import bound_query, compiled, refusal
from tests.language.steps import at_once
from tests.language.test_spec import EXAMPLES

SPELLED = """
SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT OFFSET ALL AS DISTINCT COUNT SUM AVG
earnings age pay region born person_id seen employed debt * , ( ) + - / // % = <> < >=
AND OR NOT IS NULL TRUE IN BETWEEN LIKE ILIKE CASE WHEN THEN ELSE END CLAMP COALESCE
NULLIF ABS LEAST GREATEST EXTRACT YEAR WIDTH_BUCKET ROUND FLOOR 1 0 2.5 1e9 1e999 'a'
'Wales' '2020-01-01' DATE TIMESTAMP [ ] { } :: . ; $1 ? @ # ` " ' -- /* */ JOIN ON
USING UNION WITH RECURSIVE VALUES OVER PARTITION QUALIFY FILTER WINDOW PIVOT UNPIVOT
SAMPLE LATERAL EXISTS ANY INTERVAL CAST TRY_CAST STRUCT MAP LAMBDA -> ->> || ^ ~ !~ & |
<< >> ! ATTACH COPY PRAGMA SET INSTALL LOAD EXPLAIN DESCRIBE SHOW CALL CREATE INSERT
UPDATE DELETE DROP read_csv getenv glob nul
"""
UNUSUAL = ["\u00e9", "\u202e", "\x00", "\ud800", "\U0001f600"]
WORDS = st.sampled_from([*SPELLED.split(), *UNUSUAL])


def outcome(text: str) -> str:
    """The code a text is refused with, `accepted` where it is not."""
    refused = refused_for(text)
    if refused is None:
        return "accepted"
    said = (refused.message, refused.clause, refused.suggestion)
    assert refused.code in CODES
    assert all(isinstance(each, str) for each in said)
    assert len(refused.message) + len(refused.clause) < 2_000
    return refused.code


def refused_for(text: str) -> Refused | None:
    """Why a text does not become a statement."""
    try:
        compiled(text)
    except Refused as refused:
        return refused
    return None


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No characters make the language fail."""
    outcome(text)
    outcome(f"SELECT COUNT(*) FROM earnings WHERE {text}")


@given(st.lists(WORDS, max_size=30))
def test_any_words_are_read_or_refused(words: list[str]) -> None:
    """No order of SQL's own words makes the language fail."""
    outcome(" ".join(words))
    outcome(f"SELECT SUM({' '.join(words)}) FROM earnings")
    outcome(f"SELECT region, COUNT(*) FROM earnings {' '.join(words)}")


@given(st.data())
def test_torn_questions_are_read_or_refused(data: st.DataObject) -> None:
    """No question with a word put in, left out or repeated makes the language fail."""
    _, _, sql = data.draw(st.sampled_from(EXAMPLES))
    words = sql.split(" ")
    place = data.draw(st.integers(0, len(words)))
    width = data.draw(st.integers(0, 4))
    put = data.draw(st.lists(WORDS, max_size=2))
    outcome(" ".join([*words[:place], *put, *words[place + width :]]))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "syntax"),
        (" ;; ", "syntax"),
        ("-- nothing", "syntax"),
        ("SELECT", "not_a_question"),
        ("SELECT COUNT(*)", "not_a_question"),
        ("SELECT COUNT(*) FROM earnings WHERE", "syntax"),
        ("SELECT COUNT(*) FROM earnings\x00", "syntax"),
        ("SELECT COUNT(*) FROM earnings -- \u202e", "syntax"),
        ("SELECT COUNT(*) FROM earnings /* ", "syntax"),
        ('SELECT COUNT(*) AS "n FROM earnings', "syntax"),
        ("EXPLAIN ANALYZE SELECT COUNT(*) FROM earnings", "not_a_question"),
        ("PRAGMA database_list", "not_a_question"),
        ("COPY earnings TO 'x'", "not_a_question"),
        ("ATTACH 'x'", "not_a_question"),
        ("SET threads = 1", "not_a_question"),
        ("VALUES (1)", "not_a_question"),
        ("(SELECT COUNT(*) FROM earnings)", "unsupported"),
        ("SELECT COUNT(*) FROM earnings LIMIT ALL", "invalid_value"),
        ("SELECT COUNT(*) FROM earnings FETCH FIRST 3 ROWS ONLY", "unsupported"),
        ("SELECT COUNT(*) FROM earnings ORDER BY ALL", "unsupported"),
        ("SELECT COUNT(*) FROM earnings GROUP BY ()", "unsupported"),
        ("SELECT COUNT(*) FROM earnings AS e(a, b)", "unsupported"),
        ("SELECT COUNT(*) FROM earnings WHERE age = $1", "unsupported"),
        ("SELECT COUNT(*) FROM earnings WHERE age = 1e999", "invalid_value"),
        (
            "SELECT COUNT(*) FROM earnings WHERE age = 99999999999999999999",
            "invalid_value",
        ),
        ("SELECT earnings.* FROM earnings", "not_a_question"),
        ("SELECT *, COUNT(*) FROM earnings", "not_a_question"),
        ("SELECT COUNT(*) FROM earnings WHERE u.age = 1", "unknown_column"),
        ("SELECT COUNT(*) FROM earnings WHERE _rank = 1", "unknown_column"),
        ("SELECT COUNT(*) FROM earnings WHERE rowid = 1", "unknown_column"),
        ("SELECT COUNT(getenv('HOME')) FROM earnings", "unsupported"),
    ],
)
def test_what_is_no_question(text: str, code: str) -> None:
    """Text that is no question is refused by its kind."""
    assert outcome(text) == code


def test_a_refusal_of_syntax_says_where() -> None:
    """The place is a line and a column, and the parser's own words stay inside."""
    with pytest.raises(Refused, match="line 2, column") as caught:
        parse("SELECT COUNT(*)\nFROM earnings WHERE age = = 3")
    assert "Expr" not in caught.value.message
    assert "\x1b" not in caught.value.message + caught.value.clause


LONG = {
    "bytes": "SELECT COUNT(*) FROM earnings --" + "x" * MAX_BYTES,
    "bytes that are not letters": "SELECT COUNT(*) FROM earnings --" + "é" * 40_000,
    "a list": f"SELECT COUNT(*) FROM earnings WHERE age IN ({'1, ' * 20_000}1)",
    "brackets": f"SELECT {'(' * 30_000}1",
    "square brackets": f"SELECT {'[' * 30_000}1",
    "picking": f"SELECT a{'[1]' * 20_000}",
    "signs": f"SELECT {'- ' * 30_000}1",
    "negations": f"SELECT {'NOT ' * 15_000}a",
    "cases": f"SELECT {'CASE WHEN a THEN ' * 3_800}1",
    "joins": f"SELECT COUNT(*) FROM a{' JOIN t' * 9_000}",
    "sum": f"SELECT SUM({'age + ' * 10_000}1) FROM earnings",
    "dots": f"SELECT {'a.' * 30_000}a",
    "casts": f"SELECT a{'::int' * 10_000}",
    "statements": "SELECT 1" + ";" * 60_000,
    "unions": "SELECT 1" + " UNION SELECT 1" * 4_000,
    "comments": "/*" * 30_000,
    "quotes": "'" * 65_001,
    "arrows": "SELECT " + "a -> " * 6_000 + "1",
    "columns": f"SELECT {', '.join(['SUM(age)'] * 7_000)} FROM earnings",
    "one megabyte": "SELECT 1 " * 120_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_long_text_is_refused_at_once(text: str) -> None:
    """Text of any length and depth is refused in few steps."""
    with at_once():
        refused = refusal(text)
    assert refused is not None


AT_THE_LIMIT = {
    "a list": "SELECT COUNT(*) FROM earnings WHERE age IN ({})".format(
        ", ".join(str(each) for each in range(2_400))
    ),
    "texts": "SELECT COUNT(*) FROM earnings WHERE region IN ({})".format(
        ", ".join(f"'{each}'" for each in range(2_400))
    ),
    "a chain of conditions": "SELECT COUNT(*) FROM earnings WHERE {}".format(
        " OR ".join(f"age % 7 = {each}" for each in range(800))
    ),
    "cases": "SELECT SUM(CASE {} END) FROM earnings".format(
        " ".join(f"WHEN age = {each} THEN {each}" for each in range(600))
    ),
    "many arguments": (
        f"SELECT SUM(COALESCE({', '.join(['pay'] * 2_400)})) FROM earnings"
    ),
    "a simple case": "SELECT SUM(CASE age % 7 {} END) FROM earnings".format(
        " ".join(f"WHEN {each} THEN {each}" for each in range(600))
    ),
    "many outputs": "SELECT {} FROM earnings".format(
        ", ".join(f"SUM(age * {each})" for each in range(500))
    ),
    "nested clamps": "SELECT SUM({}debt{}) FROM earnings".format(
        "CLAMP(" * 60, ", 0, 7)" * 60
    ),
    "nested extremes": "SELECT SUM({}score{}) FROM earnings".format(
        "LEAST(" * 60, ", pay)" * 60
    ),
    "nested ranges": "SELECT COUNT({}age{}) FROM earnings".format(
        "CASE WHEN " * 31, " BETWEEN 1 AND 2 THEN 1 END" * 31
    ),
    "nested simple cases": "SELECT SUM({}age{}) FROM earnings".format(
        "CASE " * 60, " WHEN 1 THEN 2 WHEN 2 THEN 1 END" * 60
    ),
    "squares of squares": "SELECT SUM({}score) FROM earnings".format("score * " * 100),
    "wrong in a long case": "SELECT SUM(CASE {} END) FROM earnings".format(
        " ".join(f"WHEN age = {each} THEN {each}" for each in range(500)) + " ELSE 'a'"
    ),
    "keys by name": "SELECT {}, COUNT(*) FROM earnings GROUP BY ALL".format(
        ", ".join(f"age + {each} AS k{each}" for each in range(500))
    ),
    "long key": "SELECT COUNT(*) FROM earnings GROUP BY {}".format(
        " + ".join(["age % 10"] * 100)
    ),
    "after release": "SELECT COUNT(*) FROM earnings HAVING {}".format(
        " AND ".join(f"COUNT(*) > {each}" for each in range(700))
    ),
    "constants": f"SELECT COUNT(*) {'* 9999999999' * 100} FROM earnings",
}


@pytest.mark.parametrize("text", AT_THE_LIMIT.values(), ids=AT_THE_LIMIT)
def test_the_longest_questions_are_settled_at_once(text: str) -> None:
    """What the scan lets through is compiled or refused in few steps."""
    with at_once():
        outcome(text)


def test_the_limits_are_the_documented_ones() -> None:
    """64 KiB and 64 levels."""
    assert (MAX_BYTES, MAX_DEPTH) == (65_536, 64)
    assert MAX_WORDS >= 5_000


@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH])
def test_depth_is_refused_past_its_limit_only(depth: int) -> None:
    """Brackets may be as deep as the limit, counted with those of the aggregate."""
    sql = f"SELECT SUM({'(' * depth}age{')' * depth}) FROM earnings"
    assert outcome(sql) == ("accepted" if depth < MAX_DEPTH else "too_deep")


def test_brackets_in_text_and_comments_do_not_count() -> None:
    """Only brackets of the language are counted."""
    inside = "(" * 200
    sql = f"SELECT COUNT(*) FROM earnings WHERE employer = '{inside}' -- {inside}"
    assert bound_query(sql).where is not None
