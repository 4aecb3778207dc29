"""Bind an expression over rows: every name, type and range settled, or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Type
from privacy.checks import Build, date_part, needs_numbers, repeatable, repeated, whole
from privacy.choices import (
    case,
    clamp,
    coalesce,
    extreme,
    nullif,
    width_bucket,
)
from privacy.compare import compare, condition, is_in, is_null_test, like, logical
from privacy.errors import Refused
from privacy.expression import Expression, Function, Literal
from privacy.infer import call, floor, rounded_to
from privacy.literals import (
    NULL,
    boolean_literal,
    date_literal,
    datetime_literal,
    is_null,
    negated,
    number_literal,
    text_literal,
)
from privacy.misfit import Misfit
from privacy.parts import NAMES
from privacy.query import Statistic
from privacy.quote import quote
from privacy.refusals import listed, refuse
from privacy.scope import Scope, column, refusal

SPREAD_OF: Final[Mapping[type[exp.Expr], Statistic]] = MappingProxyType(
    {
        exp.VariancePop: Statistic.VAR_POP,
        exp.Variance: Statistic.VAR_SAMP,
        exp.StddevPop: Statistic.STDDEV_POP,
        exp.Stddev: Statistic.STDDEV_SAMP,
        exp.StddevSamp: Statistic.STDDEV_SAMP,
        exp.CovarPop: Statistic.COVAR_POP,
        exp.CovarSamp: Statistic.COVAR_SAMP,
        exp.Corr: Statistic.CORR,
        exp.RegrSlope: Statistic.REGR_SLOPE,
        exp.RegrIntercept: Statistic.REGR_INTERCEPT,
    }
)
"""Aggregates about spread, by the parser's node."""

ORDERED: Final[tuple[type[exp.Expr], ...]] = (
    *(exp.Median, exp.PercentileCont, exp.PercentileDisc, exp.Quantile),
    *(exp.WithinGroup, exp.Min, exp.Max),
)
"""Aggregates that are one of the values, by the parser's node."""

AGGREGATES: Final[tuple[type[exp.Expr], ...]] = (
    *(exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Filter),
    *SPREAD_OF,
    *ORDERED,
)


def bind_row(node: exp.Expr, scope: Scope) -> Expression:
    """Bind one expression over the rows of the table asked.

    Raises Refused with the clause quoted. The result is total: no row can make
    the engine fail on it.
    """
    bind = _BINDERS.get(type(node))
    if bind is None:
        raise _misplaced(node, scope)
    return bind(node, scope)


def bind_condition(node: exp.Expr, scope: Scope) -> Expression:
    """Bind an expression that has to be true or false."""
    bound = bind_row(node, scope)
    return _fit(condition, [bound], node, [node], scope)


def _fit(
    build: Build,
    arguments: list[Expression],
    node: exp.Expr,
    parts: list[exp.Expr],
    scope: Scope,
) -> Expression:
    """Build an expression, or refuse in the words of the node it was read from."""
    try:
        return build(*arguments)
    except Misfit as misfit:
        raise refusal(misfit, node, parts, scope) from None


def _built(
    build: Build, node: exp.Expr, parts: list[exp.Expr], scope: Scope
) -> Expression:
    return _fit(build, [bind_row(each, scope) for each in parts], node, parts, scope)


def _misplaced(node: exp.Expr, scope: Scope) -> Exception:
    clause = quote(node, scope.text)
    if isinstance(node, AGGREGATES):
        return refuse(
            "unsupported",
            "An aggregate cannot stand here: not in WHERE (use HAVING), "
            "not in GROUP BY, and not inside another aggregate.",
            clause=clause,
        )
    return refuse(
        "unsupported", f"{clause or 'This'} cannot stand here.", clause=clause
    )


# -------------------------------------------------------------------- constants


def _column(node: exp.Expr, scope: Scope) -> Expression:
    if not isinstance(node, exp.Column):
        raise TypeError(node)
    return column(scope, node)


def _literal(node: exp.Expr, scope: Scope) -> Expression:
    if node.args["is_string"]:
        return text_literal(str(node.this))
    try:
        return number_literal(str(node.this))
    except Misfit as misfit:
        raise refusal(misfit, node, [], scope) from None


def _cast(node: exp.Expr, scope: Scope) -> Expression:
    """DATE '…' and TIMESTAMP '…', which the parser reads as casts of text."""
    readers = {"DATE": date_literal, "TIMESTAMP": datetime_literal}
    kind = node.args["to"]
    name = str(kind.sql(dialect="duckdb")).upper()
    text = node.this
    written = isinstance(text, exp.Literal) and text.is_string
    if name not in readers or not written:
        raise refuse(
            "unsupported",
            "CAST is not part of the language; there are only constants such as "
            "DATE '2020-12-31' and TIMESTAMP '2020-12-31 23:59:59'.",
            clause=quote(node, scope.text),
        )
    try:
        return readers[name](str(text.this))
    except Misfit as misfit:
        raise refusal(misfit, node, [], scope) from None


def _constant_number(node: exp.Expr, scope: Scope, *, of: str) -> Literal:
    bound = bind_row(node, scope)
    if isinstance(bound, Literal) and bound.domain.type is Type.NUMBER:
        return bound
    raise refuse(
        "unsupported",
        f"{of} takes numbers of the question here, not {quote(node, scope.text)}.",
        clause=quote(node, scope.text),
    )


# -------------------------------------------------------------------- operators


def _arithmetic(function: Function) -> Callable[[exp.Expr, Scope], Expression]:
    build = needs_numbers(function, lambda *each: call(function, *each))

    def bind(node: exp.Expr, scope: Scope) -> Expression:
        parts = (
            [node.this, node.expression] if "expression" in node.args else [node.this]
        )
        return _built(build, node, parts, scope)

    return bind


def _whole_division(node: exp.Expr, scope: Scope) -> Expression:
    build = needs_numbers(Function.DIVIDE, whole)
    return _built(build, node, [node.this, node.expression], scope)


def _negation(node: exp.Expr, scope: Scope) -> Expression:
    bound = bind_row(node.this, scope)
    if isinstance(bound, Literal) and bound.domain.type is Type.NUMBER:
        return bound if bound.value is None else negated(bound)
    build = needs_numbers(Function.NEGATE, lambda each: call(Function.NEGATE, each))
    return _fit(build, [bound], node, [node.this], scope)


def _floor(node: exp.Expr, scope: Scope) -> Expression:
    return _built(needs_numbers(Function.FLOOR, floor), node, [node.this], scope)


def _rounding(node: exp.Expr, scope: Scope) -> Expression:
    places = node.args.get("decimals")
    digits = 0
    if places is not None:
        found = _constant_number(places, scope, of="ROUND")
        digits = found.value if isinstance(found.value, int) else -1
        if found.domain.scale or not 0 <= digits <= 18:  # noqa: PLR2004
            raise refuse(
                "invalid_value",
                "ROUND takes 0 to 18 decimals. For thousands write "
                "FLOOR(x / 1000) * 1000.",
                clause=quote(node, scope.text),
            )
    build = needs_numbers(Function.ROUND, lambda each: rounded_to(digits, each))
    return _built(build, node, [node.this], scope)


def _comparison(function: Function) -> Callable[[exp.Expr, Scope], Expression]:
    def bind(node: exp.Expr, scope: Scope) -> Expression:
        parts = [node.this, node.expression]
        return _built(
            lambda left, right: compare(function, left, right), node, parts, scope
        )

    return bind


def chain(node: exp.Expr) -> list[exp.Expr]:
    """The members of a chain of ANDs or of ORs, in order."""
    members: list[exp.Expr] = []
    waiting = [node]
    while waiting:
        each = waiting.pop()
        inside = each.unnest()
        if type(inside) is type(node):
            waiting += [inside.expression, inside.this]
        else:
            members.append(each)
    return members


def _logic(function: Function) -> Callable[[exp.Expr, Scope], Expression]:
    def bind(node: exp.Expr, scope: Scope) -> Expression:
        members = [bind_condition(each, scope) for each in chain(node)]
        return logical(function, members)

    return bind


def _not(node: exp.Expr, scope: Scope) -> Expression:
    return logical(Function.NOT, [bind_condition(node.this, scope)])


def _between(node: exp.Expr, scope: Scope) -> Expression:
    parts = [node.this, node.args["low"], node.args["high"]]

    def build(value: Expression, low: Expression, high: Expression) -> Expression:
        repeatable(value, 2)
        ends = [compare(Function.AT_LEAST, value, low)]
        try:
            ends.append(compare(Function.AT_MOST, value, high))
        except Misfit as misfit:
            message = misfit.message.replace("{1}", "{2}")
            raise Misfit(misfit.code, message) from None
        return logical(Function.AND, ends)

    return _built(build, node, parts, scope)


def _in(node: exp.Expr, scope: Scope) -> Expression:
    if node.args.get("query"):
        raise _buried(node, scope)
    listed_parts = node.args.get("expressions") or []
    candidates = [_candidate(each, scope) for each in listed_parts]
    value = bind_row(node.this, scope)
    return _fit(
        lambda first, *rest: is_in(first, rest),
        [value, *candidates],
        node,
        [node.this, *listed_parts[:1]],
        scope,
    )


def _buried(node: exp.Expr, scope: Scope) -> Refused:
    """A semi join where it is not a condition of WHERE by itself (`semi`)."""
    return refuse(
        "unsupported",
        "IN (SELECT …) and EXISTS stand in WHERE, by themselves or between ANDs, and "
        "not in OR, CASE or an aggregate. LEFT JOIN, and IS NULL, can be used there.",
        clause=quote(node, scope.text),
    )


def _exists(node: exp.Expr, scope: Scope) -> Expression:
    raise _buried(node, scope)


def _candidate(node: exp.Expr, scope: Scope) -> Literal:
    bound = bind_row(node, scope)
    if not isinstance(bound, Literal):
        message = "IN takes a list of constants."
    elif is_null(bound):
        message = "NULL in an IN list never matches; write IS NULL beside it."
    else:
        return bound
    raise refuse("unsupported", message, clause=quote(node, scope.text))


def _is(node: exp.Expr, scope: Scope) -> Expression:
    value = bind_row(node.this, scope)
    if isinstance(node.expression, exp.Null):
        return _fit(is_null_test, [value], node, [node.this], scope)
    if not isinstance(node.expression, exp.Boolean):
        raise refuse(
            "unsupported",
            "IS is followed by NULL, TRUE or FALSE.",
            clause=quote(node, scope.text),
        )
    tested = _fit(condition, [value], node, [node.this], scope)
    if not node.expression.this:
        tested = logical(Function.NOT, [tested])
    return coalesce([tested, boolean_literal(False)])  # noqa: FBT003


def _like(function: Function) -> Callable[[exp.Expr, Scope], Expression]:
    def bind(node: exp.Expr, scope: Scope) -> Expression:
        parts = [node.this, node.expression]
        found = _built(lambda *each: like(function, *each), node, parts, scope)
        return logical(Function.NOT, [found]) if node.args.get("negate") else found

    return bind


# -------------------------------------------------------------------- functions


def _case(node: exp.Expr, scope: Scope) -> Expression:
    operand = None if node.this is None else bind_row(node.this, scope)
    if operand is not None:
        parts = [node.this]
        _fit(repeated(len(node.args["ifs"])), [operand], node.this, parts, scope)
    branches = [_branch(each, node.this, operand, scope) for each in node.args["ifs"]]
    otherwise = node.args.get("default")
    default = None if otherwise is None else bind_row(otherwise, scope)
    parts = [each.args["true"] for each in node.args["ifs"]]
    parts += [] if otherwise is None else [otherwise]
    return _fit(lambda: case(branches, default), [], node, parts, scope)


def _branch(
    node: exp.Expr, subject: exp.Expr | None, operand: Expression | None, scope: Scope
) -> tuple[Expression, Expression]:
    value = bind_row(node.args["true"], scope)
    if operand is None or subject is None:
        return bind_condition(node.this, scope), value
    found = _fit(
        lambda left, right: compare(Function.EQUAL, left, right),
        [operand, bind_row(node.this, scope)],
        node.this,
        [subject, node.this],
        scope,
    )
    return found, value


def _if(node: exp.Expr, scope: Scope) -> Expression:
    branch = _branch(node, None, None, scope)
    otherwise = node.args.get("false")
    default = None if otherwise is None else bind_row(otherwise, scope)
    parts = [node.args["true"]] + ([] if otherwise is None else [otherwise])
    return _fit(lambda: case([branch], default), [], node, parts, scope)


def _coalesce(node: exp.Expr, scope: Scope) -> Expression:
    parts = [node.this, *node.expressions]
    return _built(lambda *each: coalesce(each), node, parts, scope)


def _nullif(node: exp.Expr, scope: Scope) -> Expression:
    return _built(nullif, node, [node.this, node.expression], scope)


def _extreme(function: Function) -> Callable[[exp.Expr, Scope], Expression]:
    def bind(node: exp.Expr, scope: Scope) -> Expression:
        parts = [node.this, *node.expressions]
        return _built(lambda *each: extreme(function, each), node, parts, scope)

    return bind


def _anonymous(node: exp.Expr, scope: Scope) -> Expression:
    if node.name.lower() == "clamp":
        return _clamp(node, scope)
    arguments = node.expressions
    if len(arguments) != 2 or not isinstance(arguments[0], exp.Literal):  # noqa: PLR2004
        raise refuse(
            "unsupported",
            "DATE_PART takes the name of a part in quotation marks, and a date.",
            clause=quote(node, scope.text),
        )
    return _part(str(arguments[0].this), arguments[1], node, scope)


def _clamp(node: exp.Expr, scope: Scope) -> Expression:
    arguments = node.expressions
    if len(arguments) != 3:  # noqa: PLR2004
        raise refuse(
            "unsupported",
            "CLAMP takes a value, a lower bound and an upper bound: CLAMP(x, 0, 100).",
            clause=quote(node, scope.text),
        )
    bounds = [_constant_number(each, scope, of="CLAMP") for each in arguments[1:]]
    build = needs_numbers(Function.CLAMP, clamp)
    value = bind_row(arguments[0], scope)
    return _fit(build, [value, *bounds], node, arguments, scope)


def _width_bucket(node: exp.Expr, scope: Scope) -> Expression:
    names = ("min_value", "max_value", "num_buckets")
    parts = [node.this, *(node.args.get(each) for each in names)]
    given = [each for each in parts if isinstance(each, exp.Expr)]
    if len(given) < len(parts):
        raise refuse(
            "unsupported",
            "WIDTH_BUCKET takes a value, two bounds and a number of buckets: "
            "WIDTH_BUCKET(x, 0, 100, 10).",
            clause=quote(node, scope.text),
        )
    rest = [_constant_number(each, scope, of="WIDTH_BUCKET") for each in given[1:]]
    build = needs_numbers(Function.WIDTH_BUCKET, width_bucket)
    return _fit(build, [bind_row(given[0], scope), *rest], node, given, scope)


def _extract(node: exp.Expr, scope: Scope) -> Expression:
    return _part(node.this.name, node.expression, node, scope)


def _part(name: str, subject: exp.Expr, node: exp.Expr, scope: Scope) -> Expression:
    function = NAMES.get(name.upper())
    if function is None:
        raise refuse(
            "unsupported",
            f"{name.upper()[:32]} is not a part there is of a date. "
            f"There are: {listed(NAMES)}.",
            clause=quote(node, scope.text),
        )
    return _fit(date_part(function), [bind_row(subject, scope)], node, [subject], scope)


def _part_function(function: Function) -> Callable[[exp.Expr, Scope], Expression]:
    def bind(node: exp.Expr, scope: Scope) -> Expression:
        return _built(date_part(function), node, [node.this], scope)

    return bind


_BINDERS: Final[Mapping[type[exp.Expr], Callable[[exp.Expr, Scope], Expression]]] = (
    MappingProxyType(
        {
            exp.Column: _column,
            exp.Literal: _literal,
            exp.Boolean: lambda node, _scope: boolean_literal(bool(node.this)),
            exp.Null: lambda _node, _scope: NULL,
            exp.Cast: _cast,
            exp.Paren: lambda node, scope: bind_row(node.this, scope),
            exp.Add: _arithmetic(Function.ADD),
            exp.Sub: _arithmetic(Function.SUBTRACT),
            exp.Mul: _arithmetic(Function.MULTIPLY),
            exp.Div: _arithmetic(Function.DIVIDE),
            exp.IntDiv: _whole_division,
            exp.Mod: _arithmetic(Function.MODULO),
            exp.Neg: _negation,
            exp.Abs: _arithmetic(Function.ABS),
            exp.Floor: _floor,
            exp.Ceil: _arithmetic(Function.CEIL),
            exp.Round: _rounding,
            exp.EQ: _comparison(Function.EQUAL),
            exp.NEQ: _comparison(Function.UNEQUAL),
            exp.LT: _comparison(Function.LESS),
            exp.LTE: _comparison(Function.AT_MOST),
            exp.GT: _comparison(Function.MORE),
            exp.GTE: _comparison(Function.AT_LEAST),
            exp.And: _logic(Function.AND),
            exp.Or: _logic(Function.OR),
            exp.Not: _not,
            exp.Between: _between,
            exp.In: _in,
            exp.Exists: _exists,
            exp.Is: _is,
            exp.Like: _like(Function.LIKE),
            exp.ILike: _like(Function.ILIKE),
            exp.Case: _case,
            exp.If: _if,
            exp.Coalesce: _coalesce,
            exp.Nullif: _nullif,
            exp.Least: _extreme(Function.LEAST),
            exp.Greatest: _extreme(Function.GREATEST),
            exp.Anonymous: _anonymous,
            exp.WidthBucket: _width_bucket,
            exp.Extract: _extract,
            exp.Year: _part_function(Function.YEAR),
            exp.Quarter: _part_function(Function.QUARTER),
            exp.Month: _part_function(Function.MONTH),
            exp.Day: _part_function(Function.DAY),
            exp.DayOfMonth: _part_function(Function.DAY),
            exp.DayOfWeekIso: _part_function(Function.DAY_OF_WEEK),
            exp.Hour: _part_function(Function.HOUR),
        }
    )
)
