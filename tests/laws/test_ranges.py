"""What is said of an expression holds in the engine at any ends, scales and depths."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

import duckdb
import hypothesis.strategies as st
import pytest
from hypothesis import given, note

from privacy.catalogue import Domain, Type
from privacy.checks import date_part, whole
from privacy.choices import case, clamp, coalesce, extreme, nullif, width_bucket
from privacy.compare import compare, is_in, is_null_test, like, logical
from privacy.domains import LARGEST, number, numbers
from privacy.expression import ColumnOf, Expression, Function, Literal
from privacy.finite import narrowed
from privacy.infer import call, floor, rounded_to
from privacy.literals import NULL, text_literal
from privacy.misfit import Misfit
from privacy.parts import NAMES
from privacy.render import render
from tests.laws.grammar import cell, physical
from tests.laws.oracle import unscaled

POWERS = [10**each for each in (0, 1, 2, 3, 6, 9, 12, 17, 18)]
EDGES = sorted({0, 2, 5, 999, 2**31, 2**53, 2**62, LARGEST, *POWERS})
ENDS = st.sampled_from([-each for each in EDGES] + EDGES)
SCALES = st.integers(0, 18) | st.sampled_from([0, 0, 2])
DATES = [date.min, date(1969, 12, 31), date(2000, 2, 29), date(2000, 11, 5), date.max]
TIMES = [datetime(each.year, each.month, each.day, 23, 59) for each in DATES]  # noqa: DTZ001 - values have no zone
WORDS = ["", "a", "London", "%", "\N{LATIN SMALL LETTER SHARP S}"]

ARITHMETIC = [
    *(Function.ADD, Function.SUBTRACT, Function.MULTIPLY),
    *(Function.DIVIDE, Function.MODULO),
]
COMPARISONS = [
    *(Function.EQUAL, Function.UNEQUAL, Function.LESS),
    *(Function.AT_MOST, Function.MORE, Function.AT_LEAST),
]


@pytest.fixture(scope="module")
def engine():
    """The engine that answers, in memory."""
    with duckdb.connect(config={"threads": "1"}) as connection:
        yield connection


# --------------------------------------------------------------------- columns


@st.composite
def number_domains(draw: st.DrawFn) -> Domain:
    """Numbers up to the last that 64 bits hold, one-sided, listed or without ends."""
    scale, nullable = draw(SCALES), draw(st.booleans())
    first = draw(ENDS)
    near = st.integers(0, 12).map(lambda step: min(first + step, LARGEST))
    lower, upper = sorted((first, draw(ENDS | near)))
    shape = draw(st.sampled_from(["both", "both", "low", "high", "none", "few"]))
    if shape == "few":
        found = draw(st.lists(ENDS, min_size=1, max_size=4))
        return numbers(found, scale=scale, nullable=nullable)
    return number(
        lower if shape in ("both", "low") else None,
        upper if shape in ("both", "high") else None,
        scale=scale,
        nullable=nullable,
    )


def _moments(kind: Type, ends: Sequence[date]) -> st.SearchStrategy[Domain]:
    pair = st.tuples(st.sampled_from(ends), st.sampled_from(ends)).map(sorted)
    return st.builds(
        lambda both, nullable: Domain(kind, 0, both[0], both[1], nullable),
        pair,
        st.booleans(),
    )


def _texts() -> st.SearchStrategy[Domain]:
    listed = st.lists(st.sampled_from(WORDS), min_size=1, unique=True).map(tuple)
    return st.builds(
        lambda values, nullable: Domain(Type.TEXT, nullable=nullable, values=values),
        st.none() | listed,
        st.booleans(),
    )


TRUTHS = st.booleans().map(
    lambda nullable: Domain(Type.BOOLEAN, 0, False, True, nullable, (False, True))
)
DOMAINS = {
    "n0": number_domains(),
    "n1": number_domains(),
    "n2": number_domains(),
    "t0": _texts(),
    "t1": _texts(),
    "b0": TRUTHS,
    "d0": _moments(Type.DATE, DATES),
    "m0": _moments(Type.DATETIME, TIMES),
}
COLUMNS = st.fixed_dictionaries(DOMAINS).map(
    lambda found: {name: ColumnOf("", name, each) for name, each in found.items()}
)
Columns = Mapping[str, ColumnOf]


def rows(columns: Columns) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows of their domains, ends likelier than not."""
    row = {name: _cell(each.domain) for name, each in columns.items()}
    return st.lists(st.fixed_dictionaries(row), min_size=1, max_size=6)


def _cell(domain: Domain) -> st.SearchStrategy[Any]:
    null = [None] if domain.nullable else []
    if domain.type is Type.NUMBER and domain.values is None:
        lower = domain.lower if isinstance(domain.lower, int) else -LARGEST
        upper = domain.upper if isinstance(domain.upper, int) else LARGEST
        inside = [each for each in (-1, 0, 1) if lower <= each <= upper]
        ends = st.sampled_from([lower, upper, *inside, *null])
        return ends | st.integers(lower, upper)
    if domain.type in (Type.DATE, Type.DATETIME):
        return st.sampled_from([domain.lower, domain.upper, *null])
    return cell(domain)


# ----------------------------------------------------------------- expressions


def built(build: Callable[..., Expression], *parts: Expression) -> Expression:
    """What a question gets: the expression, or with the bounds that a refusal names.

    The first part where neither is accepted.
    """
    try:
        return build(*parts)
    except Misfit as misfit:
        clamps = misfit.clamps
    try:
        return build(
            *(
                _clamped(part, clamps[place]) if place in clamps else part
                for place, part in enumerate(parts)
            )
        )
    except Misfit:
        return parts[0]


def _clamped(part: Expression, ends: tuple[str, str]) -> Expression:
    lower, upper = (_constant(decimal.Decimal(each)) for each in ends)
    return clamp(part, lower, upper)


def _constant(value: decimal.Decimal) -> Literal:
    scale = max(0, -int(value.as_tuple().exponent))
    return constant(int(value.scaleb(scale)), scale)


def constant(value: int, scale: int) -> Literal:
    """A number of the question."""
    return Literal(value, number(value, value, scale=scale, nullable=False))


CONSTANTS = st.builds(constant, ENDS, SCALES)


@st.composite
def numeric(draw: st.DrawFn, columns: Columns, depth: int) -> Expression:
    """A number over rows."""
    leaf = st.sampled_from([columns[each] for each in ("n0", "n1", "n2")]) | CONSTANTS
    if depth == 0:
        return draw(leaf)
    below = numeric(columns, draw(st.integers(0, depth - 1)))
    one = partial(draw, below)
    moment = columns[draw(st.sampled_from(["d0", "m0"]))]
    part = draw(st.sampled_from(sorted(NAMES.values(), key=str)))
    steps: dict[str, Callable[[], Expression]] = {
        "floor": lambda: built(floor, one()),
        "ceil": lambda: built(partial(call, Function.CEIL), one()),
        "absolute": lambda: built(partial(call, Function.ABS), one()),
        "negated": lambda: built(partial(call, Function.NEGATE), one()),
        "square": lambda: built(partial(call, Function.MULTIPLY), *[one()] * 2),
        "whole": lambda: built(whole, one(), one()),
        "rounded": lambda: built(partial(rounded_to, draw(st.integers(0, 18))), one()),
        "clamped": lambda: _between(one(), draw(CONSTANTS), draw(CONSTANTS)),
        "banded": lambda: _banded(
            one(), draw(CONSTANTS), draw(CONSTANTS), draw(st.integers(1, 100_000))
        ),
        "coalesce": lambda: built(lambda *each: coalesce(each), one(), one()),
        "nullif": lambda: built(nullif, one(), one()),
        "case": lambda: built(
            lambda then, other: case([(draw(truth(columns, depth - 1)), then)], other),
            one(),
            draw(below | st.just(NULL)),
        ),
        "part": lambda: built(date_part(part), moment) if _has(moment, part) else one(),
    }

    def of_two(build: Callable[..., Expression]) -> Expression:
        return built(build, one(), one())

    for each in ARITHMETIC:
        steps[each.name] = partial(of_two, partial(call, each))
    for each in (Function.LEAST, Function.GREATEST):
        steps[each.name] = partial(of_two, partial(_extreme, each))
    return steps[draw(st.sampled_from(sorted(steps)))]()


def _extreme(function: Function, *parts: Expression) -> Expression:
    return extreme(function, parts)


def _has(moment: ColumnOf, part: Function) -> bool:
    return part is not Function.HOUR or moment.domain.type is Type.DATETIME


def _between(value: Expression, first: Literal, second: Literal) -> Expression:
    try:
        return clamp(value, first, second)
    except Misfit:
        return built(lambda each: clamp(each, second, first), value)


def _banded(value: Expression, low: Literal, high: Literal, count: int) -> Expression:
    buckets = constant(count, 0)
    return built(lambda each: width_bucket(each, low, high, buckets), value)


@st.composite
def truth(draw: st.DrawFn, columns: Columns, depth: int) -> Expression:
    """A condition over rows."""
    below = numeric(columns, max(depth - 1, 0))
    function = draw(st.sampled_from(COMPARISONS))
    word = text_literal(draw(st.sampled_from(WORDS)))
    text = columns[draw(st.sampled_from(["t0", "t1"]))]
    moment = columns[draw(st.sampled_from(["d0", "m0"]))]
    day = text_literal(str(draw(st.sampled_from(DATES))))
    simple: list[Callable[[], Expression]] = [
        lambda: columns["b0"],
        lambda: _or_true(columns, partial(compare, function), draw(below), draw(below)),
        lambda: is_null_test(columns[draw(st.sampled_from(sorted(columns)))]),
        lambda: compare(function, text, word),
        lambda: compare(function, columns["t0"], columns["t1"]),
        lambda: is_in(text, [word, text_literal("a")]),
        lambda: like(Function.LIKE, text, word),
        lambda: compare(function, moment, day),
        lambda: _or_true(
            columns,
            lambda first, *listed: is_in(first, listed),
            draw(below),
            *draw(st.lists(CONSTANTS, min_size=1, max_size=3)),
        ),
    ]
    chosen = draw(st.sampled_from(simple))()
    if depth == 0:
        return chosen
    other = draw(truth(columns, depth - 1))
    joined = draw(st.sampled_from([Function.AND, Function.OR, Function.NOT]))
    return logical(joined, [chosen] if joined is Function.NOT else [chosen, other])


def _or_true(
    columns: Columns, build: Callable[..., Expression], *parts: Expression
) -> Expression:
    """A condition, or a plain one where it is refused."""
    try:
        return build(*parts)
    except Misfit:
        return columns["b0"]


# ------------------------------------------------------------------------ laws


@given(st.data())
def test_values_are_what_was_said_of_them(engine, data) -> None:
    """No row fails the engine, leaves the domain, or differs from plain Python.

    Domains reach to the last number that 64 bits hold, at up to 18 decimals; what is
    computed fits 64 bits at each step, and is NULL only where that was said.
    """
    columns = data.draw(COLUMNS)
    either = numeric(columns, 3) | truth(columns, 2)
    expressions = data.draw(st.lists(either, min_size=1, max_size=4))
    stored = data.draw(rows(columns))
    answers = _answers(engine, columns, expressions, stored)
    for row, answer in zip(stored, answers, strict=True):
        for place, expression in enumerate(expressions):
            value, kind = answer[2 * place : 2 * place + 2]
            _check(expression, row, value, kind)


def _answers(
    engine: duckdb.DuckDBPyConnection,
    columns: Columns,
    expressions: Sequence[Expression],
    stored: Sequence[Mapping[str, Any]],
) -> list[tuple[Any, ...]]:
    """Value and type of each expression, row by row, from a table as published."""
    types = ", ".join(f"{name} {physical(c.domain)}" for name, c in columns.items())
    engine.execute(f"CREATE OR REPLACE TABLE stored (place INTEGER, {types})")
    marks = ", ".join("?" for _ in range(len(columns) + 1))
    values = [[place, *(row[c] for c in columns)] for place, row in enumerate(stored)]
    engine.executemany(f"INSERT INTO stored VALUES ({marks})", values)
    written = [render(each).sql(dialect="duckdb") for each in expressions]
    asked = ", ".join(f"{each}, typeof({each})" for each in written)
    note(asked)
    return engine.execute(f"SELECT {asked} FROM stored ORDER BY place").fetchall()


def _check(
    expression: Expression, row: Mapping[str, Any], value: Any, kind: str
) -> None:
    with decimal.localcontext(prec=120):
        assert value == unscaled(expression, row)
    if expression.domain.type is Type.NUMBER:
        assert kind in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
    for domain in (expression.domain, narrowed(expression).domain):
        assert domain.nullable if value is None else _inside(value, domain)


def _inside(value: Any, domain: Domain) -> bool:
    low, high = domain.lower, domain.upper
    listed = domain.values is None or value in domain.values
    return listed and (low is None or low <= value) and (high is None or value <= high)
