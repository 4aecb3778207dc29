"""The closed grammar: which nodes of the parser's tree a question may contain.

An allow-list of node types, and of the parts each may have. What is not named
here, tomorrow's syntax included, is refused by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import sqlglot.expressions as exp

from privacy.quote import quote
from privacy.refusals import listed, nearest, refuse

MAX_TREE_DEPTH: Final = 128

_NOTHING: Final[frozenset[str]] = frozenset()
_ONE: Final = frozenset({"this"})
_TWO: Final = frozenset({"this", "expression"})
_MANY: Final = frozenset({"this", "expressions"})
_EACH: Final = frozenset({"expressions"})

NODES: Final[Mapping[type[exp.Expr], frozenset[str]]] = MappingProxyType(
    {
        exp.Select: frozenset(
            {"expressions", "from_", "joins", "where", "group", "having"}
            | {"order", "limit", "offset", "with_", "distinct"}
        ),
        exp.With: frozenset({"expressions"}),
        exp.CTE: frozenset({"this", "alias"}),
        exp.Subquery: frozenset({"this", "alias"}),
        exp.Union: _TWO,
        exp.Exists: _ONE,
        exp.Join: frozenset({"this", "side", "kind", "on", "using"}),
        exp.From: _ONE,
        exp.Table: frozenset({"this", "alias"}),
        exp.TableAlias: _ONE,
        exp.Where: _ONE,
        exp.Group: frozenset({"expressions", "all"}),
        exp.Rollup: _EACH,
        exp.Cube: _EACH,
        exp.GroupingSets: _EACH,
        exp.Tuple: _EACH,
        exp.Grouping: _EACH,
        exp.GroupingId: _EACH,
        exp.Having: _ONE,
        exp.Order: frozenset({"expressions"}),
        exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
        exp.Limit: frozenset({"expression"}),
        exp.Offset: frozenset({"expression"}),
        exp.Alias: frozenset({"this", "alias"}),
        exp.Column: frozenset({"this", "table"}),
        exp.Identifier: frozenset({"this", "quoted"}),
        exp.Star: _NOTHING,
        exp.Literal: frozenset({"this", "is_string"}),
        exp.Boolean: _ONE,
        exp.Null: _NOTHING,
        exp.Paren: _ONE,
        exp.Cast: frozenset({"this", "to"}),
        exp.DataType: frozenset({"this", "nested"}),
        exp.Count: frozenset({"this", "big_int"}),
        exp.CountIf: _ONE,
        exp.Filter: _TWO,
        exp.Distinct: frozenset({"expressions"}),
        exp.Sum: _ONE,
        exp.Avg: _ONE,
        exp.VariancePop: _ONE,
        exp.Variance: _ONE,
        exp.StddevPop: _ONE,
        exp.Stddev: _ONE,
        exp.StddevSamp: _ONE,
        exp.CovarPop: _TWO,
        exp.CovarSamp: _TWO,
        exp.Corr: _TWO,
        exp.RegrSlope: _TWO,
        exp.RegrIntercept: _TWO,
        exp.Median: _ONE,
        exp.PercentileCont: _TWO,
        exp.PercentileDisc: _TWO,
        exp.Quantile: frozenset({"this", "quantile"}),
        exp.WithinGroup: _TWO,
        exp.Min: _ONE,
        exp.Max: _ONE,
        exp.LogicalOr: _ONE,
        exp.LogicalAnd: _ONE,
        exp.Add: _TWO,
        exp.Sub: _TWO,
        exp.Mul: _TWO,
        exp.Div: frozenset({"this", "expression", "typed", "safe"}),
        exp.IntDiv: _TWO,
        exp.Mod: _TWO,
        exp.Neg: _ONE,
        exp.Abs: _ONE,
        exp.Floor: _ONE,
        exp.Ceil: _ONE,
        exp.Round: frozenset({"this", "decimals"}),
        exp.Least: frozenset({"this", "expressions", "ignore_nulls"}),
        exp.Greatest: frozenset({"this", "expressions", "ignore_nulls"}),
        exp.EQ: _TWO,
        exp.NEQ: _TWO,
        exp.LT: _TWO,
        exp.LTE: _TWO,
        exp.GT: _TWO,
        exp.GTE: _TWO,
        exp.And: _TWO,
        exp.Or: _TWO,
        exp.Not: _ONE,
        exp.Is: _TWO,
        exp.In: frozenset({"this", "expressions", "query"}),
        exp.Between: frozenset({"this", "low", "high"}),
        exp.Like: frozenset({"this", "expression", "negate"}),
        exp.ILike: frozenset({"this", "expression", "negate"}),
        exp.Case: frozenset({"this", "ifs", "default"}),
        exp.If: frozenset({"this", "true", "false"}),
        exp.Coalesce: _MANY,
        exp.Nullif: _TWO,
        exp.Extract: _TWO,
        exp.Var: _ONE,
        exp.Year: _ONE,
        exp.Quarter: _ONE,
        exp.Month: _ONE,
        exp.Day: _ONE,
        exp.DayOfMonth: _ONE,
        exp.DayOfWeekIso: _ONE,
        exp.Hour: _ONE,
        exp.WidthBucket: frozenset({"this", "min_value", "max_value", "num_buckets"}),
        exp.Anonymous: _MANY,
    }
)

SETS: Final = (exp.Rollup, exp.Cube, exp.GroupingSets)
"""What GROUP BY may have beside keys: several groupings at once."""

ANONYMOUS: Final = frozenset({"clamp", "date_part", "datepart"})
"""Functions the parser does not know by a node of their own."""

FUNCTIONS: Final = (
    *("COUNT", "COUNT_IF", "SUM", "AVG", "VAR_POP", "VAR_SAMP", "STDDEV_POP"),
    *("STDDEV_SAMP", "COVAR_POP", "COVAR_SAMP", "CORR", "REGR_SLOPE"),
    *("REGR_INTERCEPT", "MEDIAN", "QUANTILE_CONT", "QUANTILE_DISC"),
    *("PERCENTILE_CONT", "PERCENTILE_DISC", "MIN", "MAX", "BOOL_OR", "BOOL_AND"),
    *("CLAMP", "ABS", "FLOOR", "CEIL", "ROUND"),
    *("LEAST", "GREATEST", "COALESCE", "NULLIF", "YEAR", "QUARTER", "MONTH", "DAY"),
    *("ISODOW", "HOUR", "EXTRACT", "WIDTH_BUCKET", "GROUPING"),
)
"""What a question may call, as the messages list it."""

_INSTEAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "MEAN": "Write AVG.",
        "EVERY": "Write BOOL_AND.",
        "APPROX_COUNT_DISTINCT": "Write COUNT(DISTINCT x): noise costs no time.",
        "MODE": "Ask for COUNT(*) by the values, and ORDER BY it.",
        "POW": "Write x * x.",
        "POWER": "Write x * x.",
        "DATE_TRUNC": "Group by YEAR(x), and by MONTH(x) beside it.",
        "DATEDIFF": "Subtract the YEAR of one from that of the other.",
        "DATE_DIFF": "Subtract the YEAR of one from that of the other.",
    }
)
"""What does in place of functions that are often asked for."""

_CLAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "joins": "a join in brackets",
        "method": "a NATURAL, ASOF or POSITIONAL join",
        "recursive": "WITH RECURSIVE",
        "materialized": "MATERIALIZED",
        "except_": "* EXCLUDE",
        "replace": "* REPLACE",
        "rename": "* RENAME",
        "laterals": "LATERAL",
        "qualify": "QUALIFY",
        "windows": "WINDOW",
        "sample": "SAMPLE",
        "locks": "FOR UPDATE",
        "into": "SELECT INTO",
        "hint": "an optimizer hint",
        "db": "a schema before a table's name",
        "catalog": "a database before a table's name",
        "pivots": "PIVOT",
        "columns": "a list of column names after a table's alias",
        "limit_options": "LIMIT with a percentage or ties",
        "unnest": "UNNEST",
        "escape": "ESCAPE",
        "on": "DISTINCT ON",
    }
)
_NODE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Subquery": "a subquery",
        "Select": "a subquery",
        "Except": "EXCEPT, which lets other people's rows decide about mine,",
        "Intersect": "INTERSECT, which lets other people's rows decide about mine,",
        "Window": "a window function (OVER)",
        "Fetch": "FETCH: write LIMIT",
        "DPipe": "joining text with ||",
        "Escape": "ESCAPE",
        "Bracket": "picking from a list with [ ]",
        "Array": "a list in [ ]",
        "Struct": "a structure in { }",
        "Dot": "a name of more than two parts",
        "Parameter": "a parameter",
        "Placeholder": "a parameter",
        "Interval": "INTERVAL",
        "Lambda": "a lambda",
        "NullSafeEQ": "IS NOT DISTINCT FROM",
        "NullSafeNEQ": "IS DISTINCT FROM",
        "Pow": "a power: write x * x",
        "IgnoreNulls": "IGNORE NULLS, or an aggregate that picks one row,",
        "SimilarTo": "SIMILAR TO: use LIKE",
        "RegexpLike": "a regular expression: use LIKE",
        "Collate": "COLLATE",
        "AtTimeZone": "AT TIME ZONE",
    }
)


def check_grammar(tree: exp.Select, text: str) -> None:
    """Refuse a tree that has a node or a part that is not on the allow-list.

    Takes time linear in the tree, and recurses nowhere.
    """
    waiting: list[tuple[exp.Expr, int]] = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        if node is not tree or depth > 1:
            _check_type(node, text)
        _check_place(node, text)
        _check_parts(node, text)
        _check_complete(node, text)
        if depth > MAX_TREE_DEPTH:
            raise refuse(
                "too_deep",
                "An expression nests more than "
                f"{MAX_TREE_DEPTH} deep; write it in fewer steps.",
            )
        waiting.extend((child, _depth(node, child, depth)) for child in _children(node))


def _depth(parent: exp.Expr, child: exp.Expr, depth: int) -> int:
    """A chain of ANDs or ORs is one level: it is read as one list."""
    same = isinstance(parent, exp.And | exp.Or | exp.Union) and type(child) is type(
        parent
    )
    return depth if same else depth + 1


def _children(node: exp.Expr) -> Iterator[exp.Expr]:
    for name in NODES.get(type(node), _NOTHING):
        value = node.args.get(name)
        for each in value if isinstance(value, list) else (value,):
            if isinstance(each, exp.Expr):
                yield each


def _check_type(node: exp.Expr, text: str) -> None:
    known = type(node) in NODES
    if isinstance(node, exp.Anonymous):
        known = _function_name(node) in ANONYMOUS
    if known:
        return
    clause = quote(node, text)
    if isinstance(node, exp.Func) and type(node).__name__ not in _NODE_NAMES:
        raise _no_function(node, clause)
    words = _NODE_NAMES.get(type(node).__name__, _words(type(node).__name__))
    name, instead, what = words.partition(": ")
    raise refuse(
        "unsupported",
        f"{_capital(name)} is not part of the language{instead}{what}.",
        clause=clause,
    )


def _check_place(node: exp.Expr, text: str) -> None:
    """A SELECT inside another stands for a table, and never for a value."""
    whole = exp.CTE | exp.Subquery | exp.Union | exp.Exists
    if isinstance(node, exp.Tuple) and not isinstance(node.parent, SETS):
        raise refuse(
            "unsupported",
            "A list of values in brackets is not part of the language.",
            clause=quote(node, text),
        )
    if isinstance(node, SETS) and not isinstance(node.parent, (exp.Group, *SETS)):
        raise refuse(
            "unsupported",
            "ROLLUP, CUBE and GROUPING SETS stand in GROUP BY.",
            clause=quote(node, text),
        )
    if isinstance(node, exp.Select):
        placed = node.parent is None or isinstance(node.parent, whole)
    else:
        placed = not isinstance(node, exp.Subquery) or isinstance(
            node.parent, exp.From | exp.Join | exp.In
        )
    if not placed:
        raise refuse(
            "unsupported",
            "A subquery stands in FROM, in WITH, or after IN or EXISTS: a value of "
            "other people's rows cannot stand beside one of mine.",
            clause=quote(node, text),
        )


def _no_function(node: exp.Func, clause: str) -> Exception:
    written = clause.partition("(")[0].strip().upper()
    name = written if written.isidentifier() else _function_name(node).upper()
    near = nearest(name, FUNCTIONS)
    hint = _INSTEAD.get(name) or (f"Did you mean {near}?" if near else "")
    return refuse(
        "unsupported",
        f"The function {name[:64]} is not part of the language."
        f"{hint and f' {hint}'} There are: {listed(FUNCTIONS, most=len(FUNCTIONS))}.",
        clause=clause or name[:64],
    )


def _function_name(node: exp.Func) -> str:
    if isinstance(node, exp.Anonymous):
        return str(node.name).lower()
    return str(node.sql_name()).lower()


def _check_parts(node: exp.Expr, text: str) -> None:
    allowed = NODES[type(node)]
    for name, value in node.args.items():
        if name in allowed or not _is_set(value):
            continue
        part = _CLAUSES.get(name, _words(name))
        if isinstance(node, exp.Union) and name == "distinct":
            part = "UNION without ALL, which merges rows of different people,"
        raise refuse(
            "unsupported",
            f"{_capital(part)} is not part of the language.",
            clause=_part_text(value, node, text),
        )


def _check_complete(node: exp.Expr, text: str) -> None:
    """The parser lets some operators pass without what they apply to."""
    for name, required in node.arg_types.items():
        if required and node.args.get(name) is None:
            raise refuse(
                "syntax",
                f"{_words(type(node).__name__)} lacks what it applies to.",
                clause=quote(node, text),
            )


def _part_text(value: object, node: exp.Expr, text: str) -> str:
    first: Any = value[0] if isinstance(value, list) and value else value
    return quote(first, text) if isinstance(first, exp.Expr) else quote(node, text)


def _is_set(value: object) -> bool:
    return value is not None and value is not False and value != []


def _words(name: str) -> str:
    """`GroupConcat` and `group_concat` as GROUP CONCAT."""
    spaced = "".join(f" {each}" if each.isupper() else each for each in name)
    return spaced.replace("_", " ").strip().upper()


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
