"""The one shape in which the linkage zone holds what people are recognised by.

Datasets have different identifiers, and each of them under a name of its own. A
record has a column for every kind, so that records of any two datasets can be
compared; kinds that a table may have several of are lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import sqlglot.expressions as exp

from tre.intake.sql import Tree, column, every, named, sql
from tre.manifest.model import Kind

SINGLE: Final = (
    Kind.LOCAL_ID,
    Kind.NHS_NUMBER,
    Kind.NATIONAL_INSURANCE_NUMBER,
    Kind.FORENAME,
    Kind.SURNAME,
    Kind.FULL_NAME,
    Kind.DATE_OF_BIRTH,
    Kind.SEX,
    Kind.POSTCODE,
    Kind.ENCODED,
)
LISTED: Final = (Kind.ADDRESS, Kind.PHONE, Kind.EMAIL, Kind.OTHER)

COMPLETE: Final = "complete"
"""Whether nothing that the dataset declares is missing from the record."""

FIRST_WORD: Final = "split_part(:name, ' ', 1)"
LAST_WORD: Final = "CASE WHEN contains(:name, ' ') THEN split_part(:name, ' ', -1) END"
JOINED: Final = "replace(:name, ' ', '')"
LIST: Final = "list_sort(list_distinct(:parts))"


def name_of(kind: Kind) -> str:
    """The column of a record that holds identifiers of this kind."""
    return kind.value.replace("-", "_")


COLUMNS: Final[Mapping[str, str]] = {
    **{name_of(kind): "VARCHAR" for kind in SINGLE},
    **{name_of(kind): "VARCHAR[]" for kind in LISTED},
    COMPLETE: "BOOLEAN",
}
"""What a record is made of, beside its number: columns, and their types."""


def shown(kinds: Iterable[Kind]) -> frozenset[Kind]:
    """The kinds that records of a table with identifiers of these kinds can have."""
    found = frozenset(kinds)
    named = {Kind.FORENAME, Kind.SURNAME} if Kind.FULL_NAME in found else set()
    return found | named


def record_columns(kinds: Sequence[Kind]) -> list[Tree]:
    """A record's columns, from identifiers of these kinds in `i0`, `i1`, … .

    A full name also gives the forename and surname, by its first and last word,
    where the table has none of its own.
    """
    values: dict[Kind, list[Tree]] = {}
    for place, kind in enumerate(kinds):
        values.setdefault(kind, []).append(column(f"i{place}"))
    single = {kind: trees[0] for kind, trees in values.items() if kind in SINGLE}
    if Kind.FULL_NAME in single:
        name = single[Kind.FULL_NAME]
        single.setdefault(Kind.FORENAME, sql(FIRST_WORD, name=name))
        single.setdefault(Kind.SURNAME, sql(LAST_WORD, name=name))
        single[Kind.FULL_NAME] = sql(JOINED, name=name)
    present = every(
        exp.Not(this=tree.is_(exp.Null()))
        for trees in values.values()
        for tree in trees
    )
    trees = {
        **{name_of(kind): single.get(kind, exp.Null()) for kind in SINGLE},
        **{name_of(kind): _list(values.get(kind, [])) for kind in LISTED},
        COMPLETE: present,
    }
    return [
        named(exp.cast(tree, COLUMNS[name], dialect="duckdb"), name)
        for name, tree in trees.items()
    ]


def _list(trees: Sequence[Tree]) -> Tree:
    """The values there are, in an order that is theirs and not the table's."""
    if not trees:
        return exp.Null()
    return sql(LIST, parts=exp.Array(expressions=list(trees)))
