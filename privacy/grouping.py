"""Read GROUPING SETS, ROLLUP and CUBE as the sets of keys they stand for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from math import prod
from typing import Final, TypeAlias

import sqlglot.expressions as exp

from privacy.grammar import SETS
from privacy.quote import quote
from privacy.refusals import refuse

MOST_SETS: Final = 64
MOST_SET_KEYS: Final = 8

KeySet: TypeAlias = tuple[int, ...]
Find: TypeAlias = Callable[[exp.Expr], int]
"""The position of a key, by how it was written; adds it where it is new."""


def has_sets(group: exp.Expr) -> bool:
    """Whether a GROUP BY asks for several groupings at once."""
    return any(map(is_sets, group.expressions))


def is_sets(node: exp.Expr) -> bool:
    """Whether a member of GROUP BY is ROLLUP, CUBE or GROUPING SETS."""
    return isinstance(node, SETS)


def grouping_sets(group: exp.Expr, find: Find, text: str) -> tuple[KeySet, ...]:
    """The sets a GROUP BY stands for, each once, in the order written.

    Plain keys are in every set; of several ROLLUPs and CUBEs every combination is
    taken, as in SQL. ROLLUP goes from all keys to none, CUBE from all to none too.
    """
    parts = [_sets(each, find, text) for each in group.expressions]
    if prod(map(len, parts)) > MOST_SETS:
        raise too_many(group, text)
    every = (_joined(*chosen) for chosen in product(*parts))
    return tuple(dict.fromkeys(every))


def _sets(node: exp.Expr, find: Find, text: str) -> list[KeySet]:
    if not isinstance(node, SETS):
        return [_member(node, find)]
    members = node.expressions
    if len(members) > MOST_SETS:
        raise too_many(node, text)
    if isinstance(node, exp.GroupingSets):
        return [found for each in members for found in _sets(each, find, text)]
    if len(members) > MOST_SET_KEYS:
        raise too_many(node, text)
    keys = [_member(each, find) for each in members]
    sizes = range(len(keys), -1, -1)
    if isinstance(node, exp.Rollup):
        return [_joined(*keys[:size]) for size in sizes]
    return [_joined(*kept) for size in sizes for kept in combinations(keys, size)]


def _member(node: exp.Expr, find: Find) -> KeySet:
    """One key, or several in brackets that come and go together."""
    nodes = node.expressions if isinstance(node, exp.Tuple) else [node.unnest()]
    return _joined(tuple(find(each) for each in nodes))


def _joined(*sets: KeySet) -> KeySet:
    return tuple(sorted({each for found in sets for each in found}))


def too_many(node: exp.Expr, text: str) -> Exception:
    """The refusal of more sets, or keys in sets, than one question may have."""
    return refuse(
        "too_many_keys",
        f"One question has {MOST_SETS} grouping sets at most, of {MOST_SET_KEYS} keys "
        "together. Name the sets you need: GROUPING SETS ((a, b), (a), ()).",
        clause=quote(node, text),
    )
