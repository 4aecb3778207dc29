"""What may be completed in a question: words of the language, tables and columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

WORDS: Final = (
    *("SELECT", "FROM", "WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT", "AS"),
    *("JOIN", "LEFT JOIN", "USING", "ON", "AND", "OR", "NOT", "IN", "BETWEEN"),
    *("CASE", "WHEN", "THEN", "ELSE", "END", "IS NULL", "DISTINCT"),
    *("COUNT", "SUM", "AVG", "MEDIAN", "MIN", "MAX", "STDDEV_SAMP", "CORR"),
    *("COUNT_IF", "CLAMP", "QUANTILE_CONT", "REGRESS"),
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")

Facts = Sequence[Mapping[str, Any]]


def completions(facts: Facts, question: str, before: str) -> tuple[str, ...]:
    """What may stand for the last word of `before`, in the order to offer it.

    `facts` are datasets as `Client.datasets` has them, `question` the whole cell.
    After FROM and JOIN it is tables; else columns of the tables that the question
    names (of all, where it names none yet), then tables, then the language's words.
    After `table.` only that table's columns.
    """
    word = _last(before)
    tables = dict(_tables(facts))
    head = before[: len(before) - len(word)].rstrip()
    if head.endswith("."):
        owner = _last(head[:-1])
        return _fitting(word, tables.get(owner, ()))
    if re.search(r"\b(FROM|JOIN)$", head, re.IGNORECASE):
        return _fitting(word, tables)
    named = [each for each in tables if re.search(rf"\b{re.escape(each)}\b", question)]
    columns = [name for each in named or tables for name in tables[each]]
    return _fitting(word, [*dict.fromkeys([*columns, *tables, *WORDS])])


def _tables(facts: Facts) -> Iterator[tuple[str, tuple[str, ...]]]:
    for dataset in facts:
        for table in dataset["tables"]:
            columns = tuple(_quoted(each["name"]) for each in table["columns"])
            yield table["name"], columns


def _quoted(name: str) -> str:
    """A column as a question has to write it."""
    reserved = name.upper() in {"UNION", "SELECT", "FROM", "WHERE", "GROUP", "ORDER"}
    if _PLAIN.fullmatch(name) and not reserved:
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _last(text: str) -> str:
    """The name that a text ends in, or nothing."""
    found = re.search(r"[A-Za-z_][A-Za-z0-9_]*$", text)
    return found.group() if found else ""


def _fitting(word: str, offered: Sequence[str] | Mapping[str, Any]) -> tuple[str, ...]:
    begun = word.casefold()
    return tuple(
        each for each in offered if each.strip('"').casefold().startswith(begun)
    )
