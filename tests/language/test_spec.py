"""The manual's examples: each is accepted, or refused with the code it names."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from privacy.errors import CODES, Refused
from tests.language.example import compiled, refusal

SPEC = Path(__file__).parents[1] / "spec"


def examples() -> Iterator[tuple[str, str, str]]:
    """File, code (empty where accepted) and SQL of every example."""
    for path in sorted(SPEC.glob("*.sql")):
        for block in re.split(r"\n\s*\n", path.read_text(encoding="utf-8").strip()):
            lines = block.splitlines()
            said = " ".join(
                line.lstrip("- ") for line in lines if line.startswith("--")
            )
            sql = "\n".join(line for line in lines if not line.startswith("--"))
            code = said.split(" ", 1)[0].rstrip(":")
            if sql:
                yield path.stem, code if code in CODES else "", sql


EXAMPLES = list(examples())
ACCEPTED = [sql for _, code, sql in EXAMPLES if not code]
REFUSED = [(code, sql) for _, code, sql in EXAMPLES if code]


@pytest.mark.parametrize("sql", ACCEPTED)
def test_accepted(sql: str) -> None:
    """The question is accepted, and a statement is compiled for it."""
    assert refusal(sql) is None
    assert compiled(sql).startswith("SELECT ")


@pytest.mark.parametrize(("code", "sql"), REFUSED)
def test_refused(code: str, sql: str) -> None:
    """The question is refused with the code the manual gives, and says why."""
    refused = refusal(sql)
    assert refused is not None
    assert refused.code == code
    assert refused.message.endswith(".")


@pytest.mark.parametrize("sql", [sql for _, sql in REFUSED])
def test_the_clause_is_the_questions_own_text(sql: str) -> None:
    """A refusal quotes what the researcher wrote."""
    refused = refusal(sql)
    assert refused is not None
    assert refused.clause in sql


@pytest.mark.parametrize("sql", [sql for _, sql in REFUSED])
def test_the_suggestion_passes(sql: str) -> None:
    """Putting the suggestion where the clause stood makes the question pass."""
    refused = refusal(sql)
    assert refused is not None
    better = rewritten(sql, refused)
    assert better, refused.message
    assert refusal(better) is None, (refused.suggestion, better)


def rewritten(sql: str, refused: Refused) -> str:
    """The question with its suggestion taken: the whole, or in place of the clause."""
    words = ("SELECT ", "WITH ", "REGRESS ", "LOGISTIC ")
    whole = refused.suggestion.startswith(words)
    if (whole and " FROM " in refused.suggestion) or not refused.clause:
        return refused.suggestion
    clause = rf"(?<!\w){re.escape(refused.clause)}(?!\w)"
    return re.sub(clause, lambda _: refused.suggestion, sql)


@pytest.mark.parametrize("sql", [sql for _, sql in REFUSED])
def test_the_position_is_where_the_clause_stands(sql: str) -> None:
    """Line and column lead to the clause in the researcher's own text."""
    refused = refusal(sql)
    assert refused is not None
    if not refused.clause:
        return
    found = re.fullmatch(r"line (\d+), column (\d+)", refused.position)
    assert found, refused.message
    line, column = map(int, found.groups())
    rest = "\n".join(sql.splitlines()[line - 1 :])[column - 1 :]
    shown = refused.clause.removesuffix("…").splitlines()[0]
    assert rest.startswith(shown) or refused.code == "syntax"


def test_every_code_of_the_language_has_an_example() -> None:
    """The manual shows each way in which the language refuses."""
    shown = {code for code, _ in REFUSED}
    language = list(CODES)[: list(CODES).index("person_id") + 1]
    rare = {"too_long", "too_many_columns"}
    assert set(language) - rare <= shown
