"""Bind FROM and WITH: the relation a question asks, and what its names mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import sqlglot.expressions as exp

from privacy.aggregates import weighed
from privacy.catalogue import Catalogue, Column, Table, Unit
from privacy.choose import check_rows, choose, not_rows
from privacy.contribution import rows_per_person
from privacy.expression import is_sensitive
from privacy.having import having_around
from privacy.joins import Related, check_present, join
from privacy.per_person import by_person, check_grouped, per_person
from privacy.quote import quote
from privacy.refusals import foreign, listed, nearest, refuse
from privacy.relation import (
    Join,
    PerPerson,
    Relation,
    Selected,
    Stacked,
    TableOf,
    about_people,
    linked,
    tables,
    unique_keys,
)
from privacy.rows import bind_condition
from privacy.scope import (
    PERSON_ID,
    Part,
    Scope,
    part_of,
    quoted_name,
)
from privacy.semi import where_of
from privacy.stack import Layer, layers_of, numbered, stack

MOST_TABLES: Final = 16
MOST_SUBQUERIES: Final = 32
_ROWS: Final = (exp.Select, exp.Union)
MOST_NARROWED: Final = 64
"""Selected columns of a question, beyond which ranges stand for lists of values."""


@dataclass(frozen=True, slots=True)
class _Named:
    """A subquery once bound, and what the public knows of its columns."""

    relation: Selected | PerPerson | Stacked
    table: Table
    has_person: bool


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """The question's text, the catalogue, and the subqueries WITH has named so far.

    `narrow` is whether there are few enough columns to try out what each can be.
    """

    text: str
    catalogue: Catalogue
    named: Mapping[str, _Named]
    narrow: bool


def relate(select: exp.Select, text: str, catalogue: Catalogue) -> Related:
    """Bind the relation of a question, or refuse it.

    What comes back is about people, and of its rows one person has as many at most
    as `rows_per_person` of its scope says.
    """
    selects = list(select.find_all(exp.Select))
    if len(selects) > MOST_SUBQUERIES + 1:
        raise refuse(
            "too_long", f"One question has {MOST_SUBQUERIES} subqueries at most."
        )
    narrow = sum(len(each.expressions) for each in selects) <= MOST_NARROWED
    found = _from(select, _Surroundings(text, catalogue, {}, narrow))
    if not about_people(found.relation):
        only = found.scope.parts[0]
        raise refuse(
            "unsupported",
            f"{only.table.name} is a public reference table: it is about no people, "
            "and is not asked on its own.",
            clause=quote(select.args["from_"].this, text),
        )
    return found


def _from(select: exp.Select, around: _Surroundings) -> Related:
    """The relation of one SELECT, and what is named in it."""
    around = _with(select, around)
    source = select.args.get("from_")
    if source is None:
        raise refuse(
            "not_a_question",
            "A question asks of a table: FROM "
            f"{listed(sorted(around.catalogue.tables))}.",
        )
    where = where_of(select, around.text)
    joins = [*(select.args.get("joins") or ()), *where.joins, *where.marks]
    found = _part(source.this, "r0" if joins else "", around)
    for place, each in enumerate(joins, start=1):
        added = _part(each.this, f"r{place}", around)
        _check_alias(added.scope.parts[0], found.scope, each)
        joined = _joined(each, found, added)
        found = _unseen(each, joined, found.scope) if each in where.marks else joined
        _check_tables(found.relation)
    return found


def _unseen(node: exp.Join, found: Related, before: Scope) -> Related:
    """A join whose columns no name means but the one that stands for its subquery."""
    if isinstance(found.relation, Join):
        check_present(node, found.relation, before)
    added = found.scope.parts[-1]
    names = {(each, added.name) for each in (PERSON_ID, *added.columns)}
    hidden = found.scope.hidden | before.hidden | names
    return replace(found, scope=replace(found.scope, hidden=hidden))


def _joined(node: exp.Join, found: Related, added: Related) -> Related:
    """RIGHT JOIN of two tables is LEFT JOIN the other way round."""
    if str(node.side).upper() != "RIGHT" or isinstance(found.relation, Join):
        return join(node, found, added)
    mirrored = node.copy()
    mirrored.set("side", "LEFT")
    joined = join(mirrored, added, found)
    kept, optional = joined.scope.parts
    return replace(joined, scope=replace(joined.scope, parts=(optional, kept)))


def _check_alias(part: Part, scope: Scope, node: exp.Expr) -> None:
    taken = {each.alias.casefold() for each in scope.parts}
    if not part.alias or "" in taken:
        raise refuse(
            "reserved_name",
            "A subquery that is joined needs a name of its own: (SELECT …) AS name.",
            clause=quote(node.this, scope.text),
        )
    if part.alias.casefold() in taken:
        raise refuse(
            "reserved_name",
            f"Two of the tables go by {part.alias}: give one another name with AS.",
            clause=quote(node.this, scope.text),
        )


def _check_tables(relation: Relation) -> None:
    if sum(1 for _ in tables(relation)) > MOST_TABLES:
        raise refuse(
            "too_many_columns",
            f"One question reads {MOST_TABLES} tables at most, each as often as it "
            "is read.",
        )


# ------------------------------------------------------------------------ parts


def _part(node: exp.Expr, name: str, around: _Surroundings) -> Related:
    """One table, or one subquery, under the name it goes by."""
    if isinstance(node, exp.Subquery) and isinstance(node.this, _ROWS):
        found = _rows_of(node.this, node.alias or "subquery", around)
        return _placed(found, node.alias, name or "r0", around)
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise refuse(
            "unsupported",
            "FROM takes the name of a table: "
            f"{listed(sorted(around.catalogue.tables))}.",
            clause=quote(node, around.text),
        )
    known = around.named.get(node.name.casefold())
    if known is not None:
        return _placed(known, node.alias or node.name, name or "r0", around)
    table = _table(node, around)
    people = table.unit is not Unit.NONE
    part = part_of(node.alias or table.name, name, table, has_person=people)
    return _alone(TableOf(name, table), part, around)


def _alone(relation: Relation, part: Part, around: _Surroundings) -> Related:
    rows = rows_per_person(relation) if about_people(relation) else 0
    return Related(relation, Scope(around.text, (part,), frozenset(), rows))


def _placed(found: _Named, alias: str, name: str, around: _Surroundings) -> Related:
    relation = replace(found.relation, name=name)
    part = part_of(alias, name, found.table, has_person=found.has_person)
    return _alone(relation, part, around)


def _table(node: exp.Table, around: _Surroundings) -> Table:
    known = around.catalogue.tables
    folded = {name.casefold(): table for name, table in known.items()}
    table = known.get(node.name) or folded.get(node.name.casefold())
    if table is None:
        named = [each.table.name for each in around.named.values()]
        near = nearest(node.name, [*known, *named])
        raise refuse(
            "unknown_table",
            f"No table {node.name[:64]} is published in "
            f"{around.catalogue.population}.{foreign(node.name[:64])} There are: "
            f"{listed(sorted(known))}.",
            clause=quote(node.this, around.text),
            suggestion=quoted_name(near) if near else "",
        )
    return table


# ------------------------------------------------------------------- subqueries


def _with(select: exp.Select, around: _Surroundings) -> _Surroundings:
    """What is around a SELECT, with what its own WITH names."""
    clause = select.args.get("with_")
    if clause is None:
        return around
    mine: dict[str, _Named] = {}
    for each in clause.expressions:
        seen = replace(around, named={**around.named, **mine})
        if each.alias.casefold() in mine:
            raise refuse("reserved_name", f"WITH names {each.alias} twice.")
        if not isinstance(each.this, _ROWS):
            raise not_rows(each.this, around.text)
        mine[each.alias.casefold()] = _rows_of(each.this, each.alias, seen)
    return replace(around, named={**around.named, **mine})


def _rows_of(node: exp.Expr, alias: str, around: _Surroundings) -> _Named:
    """Bind a SELECT of rows, or several stacked by UNION ALL."""
    if isinstance(node, exp.Select):
        return _subquery(node, alias, around)
    if not isinstance(node, exp.Union):
        raise not_rows(node, around.text)
    layers = [_layer(each, around) for each in layers_of(numbered(node))]
    found = stack(layers, around.text)
    _check_tables(found.relation)
    return _described(alias, found.relation, found.columns, has_person=found.has_person)


def _layer(node: exp.Expr, around: _Surroundings) -> Layer:
    select = node.this if isinstance(node, exp.Subquery) else node
    if not isinstance(select, exp.Select):
        raise not_rows(node, around.text)
    found = _subquery(select, "union", around)
    return Layer(select, found.relation, found.table.columns, found.has_person)


def _subquery(select: exp.Select, alias: str, around: _Surroundings) -> _Named:
    """Bind a SELECT of rows: some of them, with some columns and computed ones."""
    if select.args.get("distinct") is not None:
        select = by_person(select, around.text)
    if select.args.get("group") is not None:
        select = having_around(select)
    if select.args.get("group") is None:
        check_rows(select, around.text)
    else:
        check_grouped(select, around.text)
    found = _from(select, around)
    where = where_of(select, around.text).condition
    condition = None if where is None else weighed(bind_condition(where, found.scope))
    if select.args.get("group") is None:
        chosen = choose(select, found.scope, narrow=around.narrow)
        rows = Selected("", found.relation, condition, chosen.columns)
        columns = [
            Column(name, each.domain, sensitive=is_sensitive(each))
            for name, each in chosen.columns
        ]
        return _described(alias, rows, columns, has_person=chosen.has_person)
    people = per_person(select, found, condition, narrow=around.narrow)
    return _described(alias, people.relation, people.columns, has_person=True)


def _described(
    alias: str,
    relation: Selected | PerPerson | Stacked,
    columns: Sequence[Column],
    *,
    has_person: bool,
) -> _Named:
    """A subquery, with what the public knows of it: as much as of a table."""
    people, one_spine = about_people(relation), linked(relation)
    table = Table(
        name=alias,
        dataset="",
        unit=Unit.PERSON if one_spine else Unit.ROW if people else Unit.NONE,
        rows_per_person=rows_per_person(relation) if people else 0,
        columns=tuple(columns),
        granted=frozenset(each.name for each in columns),
        unique=tuple(tuple(sorted(key)) for key in unique_keys(relation)),
    )
    return _Named(relation, table, has_person)
