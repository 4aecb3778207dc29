"""Bind GROUP BY: keys that take finitely many public values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Final

import sqlglot.expressions as exp

from privacy.aggregate_kinds import AGGREGATES
from privacy.aggregates import weighed
from privacy.catalogue import Domain, Type
from privacy.domains import ends
from privacy.errors import Refused
from privacy.expression import Expression
from privacy.finite import columns_of, narrowed
from privacy.grouping import (
    MOST_SET_KEYS,
    KeySet,
    grouping_sets,
    has_sets,
    too_many,
)
from privacy.literals import written
from privacy.query import Key
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.rows import bind_row
from privacy.scope import Scope, has_column

MOST_CELLS: Final = 10**6
MOST_KEYS: Final = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys in order, each distinct; `positions` finds one by how it was bound.

    `sets` are the grouping sets, by position; none where all keys are one.
    """

    keys: tuple[Key, ...]
    positions: Mapping[Expression, int]
    sets: tuple[KeySet, ...] = ()


def bind_keys(select: exp.Select, scope: Scope) -> Keys:
    """Bind the GROUP BY of a question; no keys where it has none."""
    found = _Found(scope)
    group = select.args.get("group")
    if group is None or not has_sets(group):
        for node in key_nodes(select, scope):
            found.position(node)
        return Keys(tuple(found.keys), found.positions)
    sets = grouping_sets(
        group, lambda node: found.position(_meant(node, select, scope)), scope.text
    )
    if len(found.keys) > MOST_SET_KEYS:
        raise too_many(group, scope.text)
    if sum(prod(found.sizes[each][1] for each in kept) for kept in sets) > MOST_CELLS:
        raise too_many(group, scope.text)
    return Keys(tuple(found.keys), found.positions, sets)


@dataclass(slots=True)
class _Found:
    """Keys found so far, and how many values each has."""

    scope: Scope
    positions: dict[Expression, int] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=list)
    sizes: list[tuple[str, int]] = field(default_factory=list)

    def position(self, node: exp.Expr) -> int:
        """Where a key is, adding it where it is new."""
        bound = weighed(bind_row(node, self.scope))
        if bound not in self.positions:
            key = _key(bound, node, self.scope)
            self.positions[bound] = len(self.keys)
            self.keys.append(key)
            listed = key.domain.values
            size = 1 if listed is None else len(listed) + key.domain.nullable
            self.sizes.append((_name(node), size))
            _check_sizes(self.sizes)
        return self.positions[bound]


def _check_sizes(sizes: list[tuple[str, int]]) -> None:
    """Refuse as soon as the keys so far have too many combinations."""
    if len(sizes) > MOST_KEYS:
        raise refuse("too_many_keys", f"A question may have {MOST_KEYS} keys at most.")
    cells = prod(size for _, size in sizes)
    if cells > MOST_CELLS:
        named = " × ".join(f"{name} ({size:,})" for name, size in sizes)
        raise refuse(
            "too_many_keys",
            f"These keys have {cells:,} combinations, of {MOST_CELLS:,} there may be: "
            f"{named}. Group by fewer, or by coarser ones.",
        )


def key_nodes(select: exp.Select, scope: Scope) -> list[exp.Expr]:
    """What GROUP BY means: its expressions, with positions and names looked up."""
    group = select.args.get("group")
    if group is None:
        return []
    if group.args.get("all"):
        items = [each.unalias() for each in select.expressions]
        return [each for each in items if not _aggregated(each)]
    return [_meant(each, select, scope) for each in group.expressions]


def _aggregated(node: exp.Expr) -> bool:
    return any(isinstance(each, AGGREGATES) for each in node.walk())


def _meant(node: exp.Expr, select: exp.Select, scope: Scope) -> exp.Expr:
    """A key may be a position, a column, an output's name, or an expression."""
    if isinstance(node, exp.Literal) and not node.is_string:
        return _at(node, select, scope)
    if isinstance(node, exp.Column) and not node.table and not has_column(scope, node):
        folded = node.name.casefold()
        for each in select.expressions:
            if isinstance(each, exp.Alias) and each.alias.casefold() == folded:
                return _not_aggregate(each.this, scope)
    return node


def _at(node: exp.Literal, select: exp.Select, scope: Scope) -> exp.Expr:
    items = select.expressions
    text = str(node.this)
    position = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0  # noqa: PLR2004 - fits
    if not 1 <= position <= len(items):
        raise refuse(
            "invalid_value",
            f"A position is a number from 1 to {len(items)}, the columns selected.",
            clause=quote(node, scope.text),
        )
    return _not_aggregate(items[position - 1].unalias(), scope)


def _not_aggregate(node: exp.Expr, scope: Scope) -> exp.Expr:
    if _aggregated(node):
        clause = quote(node, scope.text)
        raise refuse(
            "unsupported", f"GROUP BY cannot use the aggregate {clause}.", clause=clause
        )
    return node


def _key(bound: Expression, node: exp.Expr, scope: Scope) -> Key:
    """A key of public values, or one whose values come out past a threshold."""
    if columns_of(bound) == []:
        raise refuse(
            "unsupported",
            "A constant is not a key.",
            clause=quote(node, scope.text),
        )
    key = Key(narrowed(bound))
    if key.domain.values is None and not _may_emerge(key.domain):
        raise _not_public(bound, node, scope)
    return key


def _may_emerge(domain: Domain) -> bool:
    """Whether many people may share a value: of text, whole numbers and days."""
    return domain.scale == 0 and domain.type in (Type.TEXT, Type.NUMBER, Type.DATE)


def _not_public(bound: Expression, node: exp.Expr, scope: Scope) -> Refused:
    clause = quote(node, scope.text)
    return refuse(
        "not_public_key",
        f"{clause} does not have a list of values that everybody knows, so a group of "
        "its own could give a person away, and hardly any would have enough people. "
        "Keys are text, true or false, whole numbers, days and parts of dates, and "
        "what is computed from them.",
        clause=clause,
        suggestion=coarser(bound.domain, clause),
    )


def coarser(domain: Domain, clause: str) -> str:
    """A key that says less about the same thing, as SQL."""
    if domain.type is Type.NUMBER:
        found = ends(domain)
        lower, upper = found if found else (0, 100 * 10**domain.scale)
        bounds = f"{written(lower, domain.scale)}, {written(upper, domain.scale)}"
        return f"WIDTH_BUCKET({clause}, {bounds}, 10)" if lower < upper else ""
    if domain.type is Type.TEXT:
        return f"CASE WHEN {clause} = 'A' THEN 'A' ELSE 'other' END"
    years = domain.lower is not None and domain.upper is not None
    return f"YEAR({clause})" if years else f"MONTH({clause})"


def _name(node: exp.Expr) -> str:
    return str(node.sql(dialect="duckdb"))[:40]
