"""What the names in a question mean: the relation asked, and the text for quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from re import IGNORECASE, Match, escape, search
from re import compile as pattern
from typing import Final

import sqlglot
import sqlglot.expressions as exp
from sqlglot.errors import SqlglotError

from privacy.catalogue import Column, Table
from privacy.errors import Refused
from privacy.expression import ColumnOf
from privacy.misfit import Misfit
from privacy.quote import quote
from privacy.refusals import foreign, listed, nearest, refuse

PERSON_ID: Final = "person_id"
_PLAIN: Final = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACE: Final = pattern(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class Part:
    """One table, or subquery, of the relation asked.

    `alias` is what the question calls it and `name` what the statement does; its
    columns are found by folded name. `has_person` is whether `person_id` is among
    them. `optional` parts are beside rows that they need not match.
    """

    alias: str
    name: str
    table: Table
    columns: Mapping[str, Column]
    has_person: bool
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """The parts of the relation asked, and how many of its rows are one person's.

    `hidden` are columns, as folded name and part, that USING merged into an earlier
    one: only their qualified names mean them. `rows_per_person` is 0 where no rows
    are anybody's.
    """

    text: str
    parts: tuple[Part, ...]
    hidden: frozenset[tuple[str, str]]
    rows_per_person: int


def part_of(alias: str, name: str, table: Table, *, has_person: bool) -> Part:
    """Make a part. Its columns are found whatever their names' case."""
    columns = {column.name.casefold(): column for column in table.columns}
    return Part(alias, name, table, columns, has_person)


def has_column(scope: Scope, node: exp.Column) -> bool:
    """Whether a name is a column of the relation, granted or not."""
    return bool(_having(scope, node))


def find_column(scope: Scope, node: exp.Column) -> Column | None:
    """The column a name means, granted or not; the first where it means several."""
    found = _having(scope, node)
    return found[0].columns[node.name.casefold()] if found else None


def column(scope: Scope, node: exp.Column) -> ColumnOf:
    """The column a name means, or a refusal that says why it means none."""
    name = node.name.casefold()
    if name == PERSON_ID:
        raise _person_id(scope, node)
    parts = _having(scope, node)
    if not parts:
        raise unknown_column(scope, node)
    if len(parts) > 1:
        raise _ambiguous(scope, node, parts)
    part = parts[0]
    found = part.columns[name]
    if found.name not in part.table.granted:
        raise _not_granted(scope, node, part, found)
    nullable = found.domain.nullable or part.optional
    domain = replace(found.domain, nullable=nullable)
    return ColumnOf(part.name, found.name, domain, found.sensitive)


def person_of(scope: Scope, node: exp.Column) -> Part:
    """The part whose `person_id` a name means, or a refusal."""
    parts = [
        each
        for each in _called(scope, node)
        if each.has_person and not _is_hidden(scope, node, each)
    ]
    if not parts:
        raise _no_person(scope, node)
    if len(parts) > 1:
        raise _ambiguous(scope, node, parts)
    return parts[0]


def unknown_column(
    scope: Scope, node: exp.Column, others: Sequence[str] = ()
) -> Refused:
    """A refusal for a name that is no column, with the nearest name that is one."""
    clause = quote(node, scope.text)
    parts = _called(scope, node)
    if not parts:
        return _unknown_part(scope, node)
    granted = [name for each in parts for name in granted_of(each)]
    near = nearest(node.name, [*others, *granted])
    asked = " or ".join(each.table.name for each in parts)
    qualified = quoted_name(near) if near else ""
    if near and node.table:
        qualified = f"{quoted_name(node.table)}.{qualified}"
    return refuse(
        "unknown_column",
        f"{asked} has no column {node.name[:64]}.{foreign(node.name[:64])} "
        f"There are: {listed(granted)}.",
        clause=clause,
        suggestion=qualified,
    )


def granted_of(part: Part) -> list[str]:
    """The columns of a part that the project may use, in order."""
    granted = part.table.granted
    return [each.name for each in part.table.columns if each.name in granted]


def refusal(
    misfit: Misfit, node: exp.Expr, parts: Sequence[exp.Expr], scope: Scope
) -> Refused:
    """Turn a misfit of a node's parts into a refusal in the question's own words."""
    suggestion = _filled(misfit.template, parts, scope.text)
    clause = quote(node, scope.text)
    if misfit.clamps:
        suggestion = _clamped(misfit.clamps, node, parts)
    return refuse(
        misfit.code,
        _filled(misfit.message, parts, scope.text),
        clause=clause,
        suggestion=suggestion if len(suggestion) <= 2 * len(scope.text) else "",
    )


def quoted_name(name: str) -> str:
    """A name as SQL: in quotation marks only where it needs them."""
    quoted = str(exp.Identifier(this=name, quoted=True).sql(dialect="duckdb"))
    return name if _PLAIN.fullmatch(name) and _is_column(name) else quoted


def _is_column(name: str) -> bool:
    """Whether a word stands for a column where it stands alone."""
    try:
        return isinstance(sqlglot.parse_one(name, dialect="duckdb"), exp.Column)
    except SqlglotError:
        return False


def _filled(template: str, parts: Sequence[exp.Expr], text: str) -> str:
    def text_of(found: Match[str]) -> str:
        place = int(found[1])
        return quote(parts[place], text) if place < len(parts) else "it"

    return _PLACE.sub(text_of, template)


def _clamped(
    clamps: Mapping[int, tuple[str, str]], node: exp.Expr, parts: Sequence[exp.Expr]
) -> str:
    """The node written out with some of its parts put in CLAMP."""
    places = {id(each): place for place, each in enumerate(parts)}

    def clamped(each: exp.Expr) -> exp.Expr:
        place = places.get(id(each))
        if place is None or place not in clamps:
            return each
        bounds = [exp.Literal.number(bound) for bound in clamps[place]]
        return exp.Anonymous(this="CLAMP", expressions=[each.copy(), *bounds])

    if id(node) in places:
        return str(clamped(node).sql(dialect="duckdb"))
    return str(_rebuilt(node, clamped).sql(dialect="duckdb"))


def _rebuilt(node: exp.Expr, change: object) -> exp.Expr:
    """A copy of one node with its direct parts changed."""
    if not callable(change):
        raise TypeError("a change is a function")
    made = {
        name: [change(each) if isinstance(each, exp.Expr) else each for each in value]
        if isinstance(value, list)
        else change(value)
        if isinstance(value, exp.Expr)
        else value
        for name, value in node.args.items()
    }
    return type(node)(**made).copy()


def _called(scope: Scope, node: exp.Column) -> list[Part]:
    """The parts a name may belong to: those its qualifier names, if it has one."""
    alias = node.table.casefold()
    return [each for each in scope.parts if not alias or each.alias.casefold() == alias]


def _having(scope: Scope, node: exp.Column) -> list[Part]:
    name = node.name.casefold()
    return [
        each
        for each in _called(scope, node)
        if name in each.columns and not _is_hidden(scope, node, each)
    ]


def _is_hidden(scope: Scope, node: exp.Column, part: Part) -> bool:
    return not node.table and (node.name.casefold(), part.name) in scope.hidden


def _unknown_part(scope: Scope, node: exp.Column) -> Refused:
    if len(scope.parts) == 1:
        alias = scope.parts[0].alias
        said = f"{node.table} is not the table asked; it goes by {alias}."
    else:
        known = listed(each.alias for each in scope.parts)
        said = f"{node.table} is none of the tables asked; they go by {known}."
    alone = exp.column(node.name)
    plain = node.name.casefold() == PERSON_ID or len(_having(scope, alone)) == 1
    return refuse(
        "unknown_column",
        said,
        clause=quote(node, scope.text),
        suggestion=quoted_name(node.name) if plain or len(scope.parts) == 1 else "",
    )


def _ambiguous(scope: Scope, node: exp.Column, parts: Sequence[Part]) -> Refused:
    """Which table is meant; with SQL where no other name would change with it."""
    name = quoted_name(node.name)
    elsewhere = search(rf"\.\s*\"?{escape(node.name)}\b", scope.text, IGNORECASE)
    qualified = [f"{quoted_name(each.alias)}.{name}" for each in parts]
    return refuse(
        "ambiguous_column",
        f"{node.name[:64]} may be {' or '.join(qualified)}: say which.",
        clause=quote(node, scope.text),
        suggestion="" if elsewhere else qualified[0],
    )


def _not_granted(scope: Scope, node: exp.Column, part: Part, found: Column) -> Refused:
    return refuse(
        "not_granted",
        f"The project was not granted the column {found.name} of {part.table.name}. "
        f"It was granted: {listed(granted_of(part))}.",
        clause=quote(node, scope.text),
    )


def _no_person(scope: Scope, node: exp.Column) -> Refused:
    if not _called(scope, node):
        return _unknown_part(scope, node)
    named = " and ".join(each.alias for each in _called(scope, node))
    return refuse(
        "unknown_column",
        f"{named} has no person_id: it is about no people, or is a subquery that "
        "does not select person_id.",
        clause=quote(node, scope.text),
    )


def _person_id(scope: Scope, node: exp.Column) -> Refused:
    return refuse(
        "person_id",
        "person_id stands for a person: it is counted, COUNT(DISTINCT person_id), "
        "and joins tables of people, USING (person_id). It is never shown, compared "
        "or computed with otherwise.",
        clause=quote(node, scope.text),
    )
