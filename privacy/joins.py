"""Bind JOIN: which rows stand beside each other, and why one person's stay few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import sqlglot.expressions as exp

from privacy.chains import chain
from privacy.compare import compare
from privacy.contribution import rows_per_person
from privacy.errors import Refused
from privacy.expression import ColumnOf, Expression, Function
from privacy.misfit import Misfit
from privacy.quote import quote
from privacy.refusals import listed, refuse
from privacy.relation import (
    UNSEEN,
    Join,
    JoinKind,
    Relation,
    about_people,
    linked,
    matches_one,
    unique_keys,
)
from privacy.rows import bind_condition
from privacy.scope import (
    PERSON_ID,
    Part,
    Scope,
    column,
    person_of,
    quoted_name,
    refusal,
)

MOST_ROWS: Final = 10_000
"""The most rows one person may have in a join; beyond, no useful noise is left."""

_KINDS: Final = {
    ("", ""): JoinKind.INNER,
    ("", "INNER"): JoinKind.INNER,
    ("LEFT", ""): JoinKind.LEFT,
    ("LEFT", "OUTER"): JoinKind.LEFT,
    ("", "SEMI"): JoinKind.SEMI,
    ("", "ANTI"): JoinKind.ANTI,
}


@dataclass(frozen=True, slots=True)
class Related:
    """A relation, and what the names in a question mean there."""

    relation: Relation
    scope: Scope


@dataclass(frozen=True, slots=True)
class _Conditions:
    """What a join demands: equal people, and conditions over both sides."""

    people: tuple[str, str] | None
    conditions: tuple[Expression, ...]
    hidden: frozenset[tuple[str, str]]


def join(node: exp.Join, left: Related, right: Related) -> Related:
    """Join one more table, or refuse.

    Two relations of people are joined on `person_id`, and one of people to a public
    one on a key that is unique there; anything else would let rows of many people
    meet, or one person's rows multiply without bound (`join`).
    """
    kind = _kind(node, left.scope)
    (added,) = right.scope.parts
    scope = replace(left.scope, parts=(*left.scope.parts, added))
    found = _conditions(node, left.scope, added, scope)
    joined = _joined(kind, left.relation, right.relation, found)
    _check(node, joined, scope)
    if kind in UNSEEN:
        return Related(joined, left.scope)
    optional = kind is JoinKind.LEFT
    parts = (*left.scope.parts, replace(added, optional=optional))
    hidden = left.scope.hidden | found.hidden
    rows = rows_per_person(joined) if about_people(joined) else 0
    if rows > MOST_ROWS:
        raise refuse(
            "join",
            f"One person could have {rows:,} rows in these joins, of {MOST_ROWS:,} "
            "there may be. Join fewer tables.",
            clause=quote(node, scope.text),
        )
    return Related(joined, Scope(scope.text, parts, hidden, rows))


def _kind(node: exp.Join, scope: Scope) -> JoinKind:
    side, word = str(node.side).upper(), str(node.kind).upper()
    kind = _KINDS.get((side, word))
    if kind is None:
        raise refuse("unsupported", _other_kind(side, word), clause=_words(node, scope))
    if not node.args.get("on") and not node.args.get("using"):
        raise refuse(
            "join",
            "Several tables need JOIN … USING (person_id), or JOIN … ON and a "
            "condition: every row beside every other would have no bound.",
            clause=_words(node, scope),
        )
    return kind


def _other_kind(side: str, word: str) -> str:
    if side == "RIGHT":
        return (
            "RIGHT JOIN stands between two tables only: of more, write the one whose "
            "rows are kept first, and LEFT JOIN the others."
        )
    name = f"{side} {word}".strip()
    if side == "FULL":
        return (
            "FULL JOIN is not part of the language: whose row it is would be one "
            "side's or the other's. Stack a LEFT JOIN and, by UNION ALL, the other "
            "table's rows that nothing matches (ANTI JOIN), with NULL for what these "
            "have not."
        )
    return (
        f"{name} JOIN is not part of the language. There are JOIN, "
        "LEFT JOIN, RIGHT JOIN, SEMI JOIN and ANTI JOIN."
    )


def _words(node: exp.Join, scope: Scope) -> str:
    return quote(node.this, scope.text)


# ------------------------------------------------------------------- conditions


def _conditions(
    node: exp.Join, before: Scope, added: Part, scope: Scope
) -> _Conditions:
    using = node.args.get("using")
    if using:
        return _using(using, before, added, scope)
    people: tuple[str, str] | None = None
    conditions: list[Expression] = []
    for each in chain(node.args["on"]) if _is_and(node) else [node.args["on"]]:
        found = _same_person(each, added, scope)
        if found is None:
            conditions.append(bind_condition(each, scope))
        elif people not in (None, found):
            raise _said_twice(each, scope)
        people = people or found
    return _Conditions(people, tuple(conditions), frozenset())


def _said_twice(node: exp.Expr, scope: Scope) -> Refused:
    return refuse(
        "join",
        "It is enough to say once whose person_id is equal.",
        clause=quote(node, scope.text),
    )


def _is_and(node: exp.Join) -> bool:
    return isinstance(node.args["on"].unnest(), exp.And)


def _same_person(node: exp.Expr, added: Part, scope: Scope) -> tuple[str, str] | None:
    """The two names of `a.person_id = b.person_id`; None where it is not that."""
    inside = node.unnest()
    if not isinstance(inside, exp.EQ):
        return None
    sides = [inside.this.unnest(), inside.expression.unnest()]
    people = [each for each in sides if isinstance(each, exp.Column)]
    if not all(each.name.casefold() == PERSON_ID for each in people) or len(people) < 2:  # noqa: PLR2004 - both sides
        return None
    parts = [person_of(scope, each) for each in people]
    names = [each.name for each in parts]
    if names.count(added.name) != 1:
        raise refuse(
            "join",
            f"A join says whose person_id of the tables before is that of "
            f"{added.alias}.",
            clause=quote(node, scope.text),
        )
    (other,) = (each for each in names if each != added.name)
    return other, added.name


def _using(
    names: Sequence[exp.Identifier], before: Scope, added: Part, scope: Scope
) -> _Conditions:
    people: tuple[str, str] | None = None
    conditions: list[Expression] = []
    hidden: set[tuple[str, str]] = set()
    alone = replace(before, parts=(added,), hidden=frozenset())
    for each in names:
        node = exp.Column(this=each.copy())
        hidden.add((each.name.casefold(), added.name))
        if each.name.casefold() == PERSON_ID:
            people = person_of(before, node).name, person_of(alone, node).name
            continue
        sides = [column(before, node), column(alone, node)]
        conditions.append(_equal(sides, each, scope))
    return _Conditions(people, tuple(conditions), frozenset(hidden))


def _equal(sides: list[ColumnOf], node: exp.Identifier, scope: Scope) -> Expression:
    try:
        return compare(Function.EQUAL, *sides)
    except Misfit as misfit:
        raise refusal(misfit, node, [node, node], scope) from None


# ------------------------------------------------------------------------ rules


def _joined(
    kind: JoinKind, left: Relation, right: Relation, found: _Conditions
) -> Join:
    """The join, with the people on its left where either side may stand there."""
    backwards = about_people(right) and not about_people(left)
    if kind is JoinKind.INNER and backwards:
        left, right = right, left
    return Join(kind, left, right, found.people, found.conditions)


def _check(node: exp.Join, joined: Join, scope: Scope) -> None:
    if joined.kind in UNSEEN:
        check_present(node, joined, scope)
    if not about_people(joined.left) and about_people(joined.right):
        raise refuse(
            "join",
            "A LEFT JOIN keeps the rows of the table before it, and a public table's "
            "rows are nobody's: they would come and go with other people's. Write "
            "the table of people first.",
            clause=_words(node, scope),
        )
    if not about_people(joined.right):
        multiplies = about_people(joined.left) and joined.kind not in UNSEEN
        if multiplies and not matches_one(joined):
            raise _not_unique(node, joined, scope)
        return
    if not (linked(joined.left) and linked(joined.right)):
        raise refuse(
            "join",
            "Every row of a table with privacy unit `row` is somebody else: who else "
            "they are is not known, so it is joined to no table of people.",
            clause=_words(node, scope),
        )
    if joined.people is None:
        raise _not_people(node, scope)


def check_present(node: exp.Join, joined: Join, scope: Scope) -> None:
    """Refuse to keep or mark a row by a person_id that may be missing."""
    if joined.people is None:
        return
    here = next(each for each in scope.parts if each.name == joined.people[0])
    if here.optional:
        raise refuse(
            "person_id",
            f"{here.alias} is the optional side of a LEFT JOIN, so its person_id may "
            "be missing. Take the other side's.",
            clause=_words(node, scope),
        )


def _not_people(node: exp.Join, scope: Scope) -> Refused:
    return refuse(
        "join",
        "Tables of people are joined on person_id, and more beside it if you like: "
        "otherwise rows of different people would stand beside each other. Write "
        "USING (person_id).",
        clause=_words(node, scope),
    )


def _not_unique(node: exp.Join, joined: Join, scope: Scope) -> Refused:
    if isinstance(joined.right, Join):
        return refuse(
            "join",
            "Write the table of people first, and join public tables one by one.",
            clause=_words(node, scope),
        )
    alias = quoted_name(scope.parts[-1].alias)
    keys = [
        listed(sorted(key)) for key in sorted(unique_keys(joined.right), key=sorted)
    ]
    known = (
        f"It is unique by {'; or by '.join(keys)}: demand that these are equal."
        if keys
        else "Whoever publishes it can declare a primaryKey, which is then enforced."
    )
    return refuse(
        "join",
        f"It is not known that a row matches one row of {alias} at most, so one "
        f"person's rows could multiply. {known}",
        clause=_words(node, scope),
    )
