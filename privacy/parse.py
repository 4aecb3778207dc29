"""Read a question's text as one SELECT of a shape the language has."""

from __future__ import annotations

import re
import sys
from typing import Final

import sqlglot
import sqlglot.expressions as exp
from sqlglot.errors import ParseError, SqlglotError

from privacy.errors import Refused
from privacy.grammar import check_grammar
from privacy.query import Query
from privacy.refusals import refuse
from privacy.scan import scan

FRAMES: Final = 6_000
"""What 64 levels take the parser, with room for whoever calls."""

# Only ever raised, so that whether a question is read does not depend on how deep
# in its stack the caller is. Python's own frames do not use the machine's stack.
sys.setrecursionlimit(max(FRAMES, sys.getrecursionlimit()))

_FIRST_WORD: Final = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*(\w*)", re.DOTALL)
_OPENERS: Final = frozenset({"SELECT", "FROM", "WITH", ""})


def parse(sql: str) -> Query:
    """Parse the text of one question, or refuse it. Knows no table and no column.

    Raises Refused and nothing else, for any text, within a second: `syntax`,
    `one_statement`, `too_long`, `too_deep`, `not_a_question`, or `unsupported`
    naming the clause or function.
    """
    scan(sql)
    tree = _only_select(_statements(sql))
    check_grammar(tree, sql)
    return Query(sql, tree)


def _statements(text: str) -> list[exp.Expr]:
    first = _FIRST_WORD.match(text)
    word = first.group(1).upper() if first else ""
    if word not in _OPENERS:
        raise _not_select(word)
    try:
        found = sqlglot.parse(text, dialect="duckdb")
    except RecursionError:
        raise refuse("too_deep", "The text is nested too deeply to be read.") from None
    except SqlglotError as error:
        raise _syntax(error) from None
    except (ValueError, TypeError, AttributeError, IndexError, KeyError):
        # The parser has defects of its own; to the researcher they are one thing.
        raise refuse("syntax", "This text cannot be read as SQL.") from None
    return [
        each for each in found if each is not None and type(each) is not exp.Semicolon
    ]


def _only_select(statements: list[exp.Expr]) -> exp.Select:
    if not statements:
        raise refuse("syntax", "There is no question here. Ask a SELECT.")
    if len(statements) > 1:
        raise refuse("one_statement", "Ask one SELECT at a time.")
    (tree,) = statements
    if isinstance(tree, exp.SetOperation):
        raise refuse(
            "unsupported",
            "UNION ALL stacks rows in a subquery, of which a question is then asked: "
            "FROM (SELECT … UNION ALL SELECT …).",
        )
    if isinstance(tree, exp.Subquery):
        raise refuse("unsupported", "Write the SELECT without brackets around it.")
    if type(tree) is not exp.Select:
        raise _not_select(tree.key.upper())
    return tree


def _not_select(word: str) -> Refused:
    return refuse(
        "not_a_question",
        f"A question is a SELECT of aggregates; it cannot be {word[:32]}.",
    )


def _syntax(error: SqlglotError) -> Refused:
    """Where the text stops being SQL. Never the parser's own dump."""
    details = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
    line, column, near = (
        details.get("line"),
        details.get("col"),
        details.get("highlight"),
    )
    place = f"line {line}, column {column}" if line and column else ""
    said = f" at {place}" if place else ""
    refused = refuse(
        "syntax", f"The text stops being SQL{said}.", clause=str(near or "")[:100]
    )
    refused.position = place
    return refused
