"""Small changes to a question's tree that may make it pass, the least first.

Each takes a node, changes the tree it stands in and says whether it did. None knows
whether the outcome is accepted: whoever tries them finds out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlglot.expressions as exp

from privacy.grammar import SETS
from privacy.scope import PERSON_ID

Change = Callable[[exp.Expr], bool]

_SECTIONS: Final = (
    *(exp.Order, exp.Limit, exp.Offset, exp.Having, exp.Qualify, exp.Where),
    *(exp.TableSample, exp.Group, exp.Distinct),
)
_LISTS: Final = (exp.Select, exp.Group, exp.Order, exp.With, exp.Tuple, exp.In)


def left_join(node: exp.Expr) -> bool:
    """FULL JOIN, or RIGHT JOIN of several, as LEFT JOIN."""
    if not isinstance(node, exp.Join) or str(node.side).upper() not in {
        "FULL",
        "RIGHT",
    }:
        return False
    node.set("side", "LEFT")
    return True


def by_person(node: exp.Expr) -> bool:
    """Any other join as one of equal people."""
    if not isinstance(node, exp.Join):
        return False
    for name in ("on", "kind", "method"):
        node.set(name, None)
    node.set("using", [exp.to_identifier(PERSON_ID)])
    return True


def beside_person(node: exp.Expr) -> bool:
    """Equal people demanded beside what a join or an EXISTS demands."""
    where = node.this.args.get("where") if isinstance(node, exp.Exists) else None
    source = node.this.args.get("from_") if isinstance(node, exp.Exists) else None
    outer = node.parent_select
    if source is None or outer is None or not source.this.alias_or_name:
        return False
    there = exp.column(PERSON_ID, table=source.this.alias_or_name)
    here = exp.column(PERSON_ID, table=outer.args["from_"].this.alias_or_name)
    equal = exp.EQ(this=there, expression=here)
    whole = equal if where is None else exp.And(this=equal, expression=where.this)
    node.this.set("where", exp.Where(this=whole))
    return True


def selects_one(node: exp.Expr) -> bool:
    """EXISTS of rows, whatever they select."""
    select = node.this if isinstance(node, exp.Exists) else None
    one = [exp.Literal.number(1)]
    if not isinstance(select, exp.Select) or select.expressions == one:
        return False
    select.set("expressions", one)
    return True


def person_there(node: exp.Expr) -> bool:
    """IN (SELECT …) as a look-up of people."""
    query = node.args.get("query") if isinstance(node, exp.In) else None
    if query is None or not isinstance(query.this, exp.Select):
        return False
    node.set("this", exp.column(PERSON_ID))
    query.this.set("expressions", [exp.column(PERSON_ID)])
    return True


def named(node: exp.Expr) -> bool:
    """A name for a table or subquery of FROM, or another one."""
    if not isinstance(node, exp.Subquery | exp.Table) or node.alias:
        return False
    node.set("alias", exp.TableAlias(this=exp.to_identifier("other")))
    return True


def renamed(node: exp.Expr) -> bool:
    """Another name for a column."""
    if not isinstance(node, exp.Alias):
        return False
    node.set("alias", exp.to_identifier(f"{node.alias}_2"))
    return True


def first_table(node: exp.Expr) -> bool:
    """A column of the first table of FROM."""
    select = node.parent_select
    if not isinstance(node, exp.Column) or node.table or select is None:
        return False
    source = select.args.get("from_")
    if source is None or not source.this.alias_or_name:
        return False
    node.set("table", exp.to_identifier(source.this.alias_or_name))
    return True


def all_rows(node: exp.Expr) -> bool:
    """UNION as UNION ALL."""
    if not isinstance(node, exp.Union) or not node.args.get("distinct"):
        return False
    node.set("distinct", None)
    return True


def plain_keys(node: exp.Expr) -> bool:
    """ROLLUP, CUBE or GROUPING SETS as one grouping, by the most keys that one has."""
    if not isinstance(node, SETS) or not isinstance(node.parent, exp.Group):
        return False
    keys = node.expressions
    if isinstance(node, exp.GroupingSets):
        members = (each.expressions or [each] for each in node.expressions)
        keys = max(members, key=len, default=[])
    others = [each for each in node.parent.expressions if each is not node]
    node.parent.set("expressions", [each.copy() for each in (*others, *keys)])
    return True


def unwrapped(node: exp.Expr) -> bool:
    """What a function, a window, a cast or a DISTINCT is of, by itself."""
    inside = node.args.get("this")
    if isinstance(node, exp.Distinct) and node.expressions:
        people = isinstance(node.parent, exp.Count)
        inside = exp.Star() if people else node.expressions[0]
    wraps = isinstance(node, exp.Func | exp.Window | exp.Filter | exp.Distinct)
    wraps = wraps and not isinstance(node, exp.And | exp.Or)
    if not wraps or not isinstance(inside, exp.Expr) or node.parent is None:
        return False
    node.replace(inside.copy())
    return True


def clamped(node: exp.Expr) -> bool:
    """What is summed up, within bounds."""
    inside = node.args.get("this")
    if not isinstance(node, exp.Sum | exp.Avg) or not isinstance(inside, exp.Expr):
        return False
    ends = [exp.Literal.number(0), exp.Literal.number(10**5)]
    node.set("this", exp.Anonymous(this="CLAMP", expressions=[inside.copy(), *ends]))
    return True


def counted(node: exp.Expr) -> bool:
    """A column of the answer as COUNT(*)."""
    whole = isinstance(node.parent, exp.Select) and node.parent.parent is None
    is_item = whole and node.arg_key == "expressions"
    if not is_item or isinstance(node.unalias(), exp.Count):
        return False
    node.replace(exp.alias_(exp.Count(this=exp.Star()), "n"))
    return True


def condition_dropped(node: exp.Expr) -> bool:
    """One condition of several less."""
    parent = node.parent
    if not isinstance(parent, exp.And | exp.Or):
        return False
    kept = parent.expression if node is parent.this else parent.this
    parent.replace(kept.copy())
    return True


def item_dropped(node: exp.Expr) -> bool:
    """One column, key, join or subquery less."""
    parent = node.parent
    if not isinstance(parent, _LISTS) or node.index is None:
        return False
    listed = parent.args.get(node.arg_key or "")
    if not isinstance(node, exp.Join) and len(listed or ()) <= 1:
        return False
    node.pop()
    return True


def section_dropped(node: exp.Expr) -> bool:
    """One clause less."""
    if not isinstance(node, _SECTIONS) or node.parent is None:
        return False
    node.pop()
    return True


def first_member(node: exp.Expr) -> bool:
    """The first SELECT of a union, or of what cannot be stacked."""
    if not isinstance(node, exp.SetOperation) or not isinstance(node.this, exp.Select):
        return False
    if node.parent is None:
        return False
    node.replace(node.this.copy())
    return True


def not_recursive(node: exp.Expr) -> bool:
    """WITH without RECURSIVE."""
    if not isinstance(node, exp.With) or not node.args.get("recursive"):
        return False
    node.set("recursive", None)
    return True


CHANGES: Final[tuple[Change, ...]] = (
    *(selects_one, left_join, first_table, beside_person, person_there, named),
    *(renamed, all_rows, not_recursive, plain_keys, clamped, unwrapped),
    *(
        by_person,
        condition_dropped,
        section_dropped,
        item_dropped,
        counted,
        first_member,
    ),
)
