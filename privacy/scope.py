"""What the names in a question mean: the relation asked, and the text for quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from re import Match
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
from privacy.refusals import listed, nearest, refuse

PERSON_ID: Final = "person_id"
_PLAIN: Final = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACE: Final = pattern(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class Scope:
    """The table asked, the name it goes by, and its columns by folded name."""

    text: str
    table: Table
    alias: str
    columns: Mapping[str, Column]


def scope_of(text: str, table: Table, alias: str) -> Scope:
    """Open a scope over one table. Names are found whatever their case."""
    columns = {column.name.casefold(): column for column in table.columns}
    return Scope(text, table, alias, columns)


def has_column(scope: Scope, node: exp.Column) -> bool:
    """Whether a name is a column of the table, granted or not."""
    return node.name.casefold() in scope.columns and _belongs(scope, node)


def column(scope: Scope, node: exp.Column) -> ColumnOf:
    """The column a name means, or a refusal that says why it means none."""
    name = node.name.casefold()
    if name == PERSON_ID:
        raise _person_id(scope, node)
    found = scope.columns.get(name) if _belongs(scope, node) else None
    if found is None:
        raise unknown_column(scope, node)
    if found.name not in scope.table.granted:
        raise _not_granted(scope, node, found)
    return ColumnOf(scope.alias, found.name, found.domain)


def unknown_column(
    scope: Scope, node: exp.Column, others: Sequence[str] = ()
) -> Refused:
    """A refusal for a name that is no column, with the nearest name that is one."""
    clause = quote(node, scope.text)
    if not _belongs(scope, node):
        return refuse(
            "unknown_column",
            f"{node.table} is not the table asked; it goes by {scope.alias}.",
            clause=clause,
            suggestion=quoted_name(node.name),
        )
    names = [*others, *_granted(scope)]
    near = nearest(node.name, names)
    return refuse(
        "unknown_column",
        f"{scope.table.name} has no column {node.name[:64]}. "
        f"There are: {listed(_granted(scope))}.",
        clause=clause,
        suggestion=quoted_name(near) if near else "",
    )


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


def _belongs(scope: Scope, node: exp.Column) -> bool:
    return not node.table or node.table.casefold() == scope.alias.casefold()


def _granted(scope: Scope) -> list[str]:
    granted = scope.table.granted
    return [each.name for each in scope.table.columns if each.name in granted]


def _not_granted(scope: Scope, node: exp.Column, found: Column) -> Refused:
    return refuse(
        "not_granted",
        f"The project was not granted the column {found.name} of {scope.table.name}. "
        f"It was granted: {listed(_granted(scope))}.",
        clause=quote(node, scope.text),
    )


def _person_id(scope: Scope, node: exp.Column) -> Refused:
    return refuse(
        "person_id",
        "person_id stands for a person and is only counted: "
        "COUNT(DISTINCT person_id). It is never shown, compared or computed with.",
        clause=quote(node, scope.text),
    )
