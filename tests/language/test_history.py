"""How a question differs from earlier ones is read off both, and rightly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.expression import ColumnOf
from privacy.extent import groups
from privacy.finite import evaluated
from privacy.history import LITTLE, Difference, Kind, difference, together
from privacy.kept import kept
from privacy.ordinal import ordinal
from privacy.spans import NOTHING, Spans, spans
from tests.language.example import EARNINGS, bound_query
from tests.language.steps import at_once
from tests.language.test_spec import ACCEPTED

COUNT = "SELECT COUNT(*) AS n FROM earnings"
BINS = (
    "SELECT WIDTH_BUCKET(age, {}, {}, {}) AS b, COUNT(*) AS n FROM earnings GROUP BY b"
)
YOUNG = BINS.format(0, 120, "{}").replace("GROUP", "WHERE age < 120 GROUP")
JOINED = "SELECT COUNT(*) AS n FROM earnings AS e JOIN jobs AS j ON e.person_id = "
BY = "SELECT {0}, COUNT(*) AS n FROM earnings GROUP BY {0}"


def compared(earlier: str, now: str) -> Difference | None:
    """How the second question differs from the first; the same either way round."""
    first, second = groups(bound_query(earlier)), groups(bound_query(now))
    told = difference(first, second)
    assert told == difference(second, first)
    return told


@pytest.mark.parametrize(
    ("earlier", "now", "columns"),
    [
        (COUNT, f"{COUNT} WHERE age <> 35", "age"),
        (
            COUNT,
            f"{COUNT} WHERE NOT (age = 35 AND sex = 'F' AND region = 'Wales')",
            "age region sex",
        ),
        (
            COUNT,
            f"{COUNT} WHERE age <> 35 OR sex <> 'F' OR region <> 'Wales'",
            "age region sex",
        ),
        (f"{COUNT} WHERE age < 66", f"{COUNT} WHERE age <= 64", "age"),
        (
            f"{COUNT} WHERE region = 'Wales' AND age BETWEEN 30 AND 39",
            f"{COUNT} WHERE region = 'Wales' AND age BETWEEN 31 AND 40",
            "age",
        ),
        (BINS.format(0, 100, 10), BINS.format(1, 101, 10), "age"),
        (f"{COUNT} WHERE employer <> 'Mill'", COUNT, "employer"),
        (f"{COUNT} WHERE pay > 1000", f"{COUNT} WHERE pay > 1000.5", "pay"),
        (COUNT, f"{COUNT} WHERE born <> DATE '1970-01-01' OR born IS NULL", "born"),
        (
            "SELECT AVG(rent) AS n FROM earnings",
            "SELECT SUM(rent) AS n FROM earnings WHERE age <> 35",
            "age",
        ),
        (
            COUNT,
            "SELECT age, COUNT(*) AS n FROM earnings WHERE age <> 35 GROUP BY age",
            "age",
        ),
        (
            f"{JOINED}j.person_id WHERE j.hours <> 12",
            f"{JOINED}j.person_id WHERE j.hours <> 12 AND j.hours <> 13",
            "hours",
        ),
        (
            f"{COUNT} WHERE person_id IN (SELECT person_id FROM jobs)",
            f"{COUNT} WHERE person_id IN"
            " (SELECT person_id FROM jobs WHERE hours IS NULL OR hours <> 12)",
            "hours",
        ),
    ],
)
def test_groups_that_differ_by_few_values_are_told(
    earlier: str, now: str, columns: str
) -> None:
    """A predicate more, a narrow range or bins that are shifted, and where."""
    assert compared(earlier, now) == Difference(Kind.LITTLE, tuple(columns.split()))


@pytest.mark.parametrize(
    ("earlier", "now"),
    [
        (COUNT, COUNT),
        (f"{COUNT} WHERE age < 65", f"{COUNT} WHERE NOT age >= 65"),
        (f"{COUNT} WHERE age < 65", f"{COUNT} WHERE age * 2 <= 129"),
        (
            f"{COUNT} WHERE pay > 1 AND pay <= 2",
            f"{COUNT} WHERE NOT (pay <= 1 OR pay > 2)",
        ),
        (
            f"{COUNT} WHERE age > 17 AND sex = 'F'",
            "SELECT COUNT(*) AS n FROM"
            " (SELECT age AS a, sex FROM earnings WHERE age > 17) AS t WHERE sex = 'F'",
        ),
        (
            f"{COUNT} WHERE sex = 'F'",
            "SELECT COUNT(*) FILTER (WHERE sex = 'F') AS n FROM earnings",
        ),
        (
            f"{COUNT} WHERE sex = 'F'",
            "SELECT SUM(CASE WHEN sex = 'F' THEN 1 ELSE 0 END) AS n FROM earnings",
        ),
        (f"{COUNT} WHERE region = 'Wales'", BY.format("region")),
        (
            BY.format("region"),
            "SELECT region, sex, COUNT(*) AS n FROM earnings"
            " GROUP BY ROLLUP (region, sex)",
        ),
        (
            f"{COUNT} WHERE region IN ('Wales', 'London')",
            f"{COUNT} WHERE region = 'London' OR region = 'Wales'",
        ),
    ],
)
def test_what_means_the_same_is_told_however_it_is_written(
    earlier: str, now: str
) -> None:
    """A rewrite is another draw of the same figure, which averages the noise away."""
    told = compared(earlier, now)
    assert told is not None
    assert told.kind is Kind.SAME


@pytest.mark.parametrize(
    ("earlier", "now", "columns"),
    [
        (COUNT, BY.format("region"), "region"),
        (
            COUNT,
            "SELECT region, sex, COUNT(*) AS n FROM earnings GROUP BY region, sex",
            "region sex",
        ),
        (f"{COUNT} WHERE sex = 'F'", f"{COUNT} WHERE sex = 'M'", "sex"),
        (f"{COUNT} WHERE region <> 'Wales'", BY.format("region"), "region"),
        (
            "SELECT SUM(rent) AS n FROM earnings",
            "SELECT region, AVG(rent) AS n FROM earnings GROUP BY region",
            "region",
        ),
        (YOUNG.format(12), YOUNG.format(24), "age"),
    ],
)
def test_a_whole_beside_its_parts_is_told(earlier: str, now: str, columns: str) -> None:
    """A total beside a table, complements, and bins that are parts of others."""
    told = compared(earlier, now)
    assert told == Difference(Kind.PARTS, tuple(columns.split()))


@pytest.mark.parametrize(
    ("earlier", "now"),
    [
        (COUNT, f"{COUNT} WHERE age <= 64"),
        (f"{COUNT} WHERE sex = 'F'", COUNT),
        (f"{COUNT} WHERE age = 35", f"{COUNT} WHERE age = 36"),
        (f"{COUNT} WHERE sex = 'F'", "SELECT SUM(rent) AS n FROM earnings"),
        (COUNT, "SELECT COUNT(*) AS n FROM jobs"),
        (COUNT, f"{COUNT} WHERE employer = 'Mill'"),
        (BY.format("region"), BY.format("sex")),
        (
            f"{COUNT} WHERE age < 65 AND sex = 'F'",
            f"{COUNT} WHERE age < 66 AND sex = 'M'",
        ),
        (COUNT, f"{COUNT} WHERE employer LIKE 'M%'"),
    ],
)
def test_what_is_far_apart_is_not_told(earlier: str, now: str) -> None:
    """A warning at every question would be none."""
    assert compared(earlier, now) is None


def test_several_questions_that_add_up_are_told() -> None:
    """A total less all but one of its parts is that one."""
    regions = [f"{COUNT} WHERE region = '{one}'" for one in ("Wales", "London")]
    ages = [f"{COUNT} WHERE age = {age}" for age in range(121) if age != 35]

    def told(earlier: list[str], now: str) -> Difference | None:
        known = [each for one in earlier for each in groups(bound_query(one))]
        return together(known, groups(bound_query(now)))

    assert told(ages, COUNT) == Difference(Kind.LITTLE, ("age",))
    both = f"{COUNT} WHERE region IN ('Wales', 'London')"
    assert told(regions, both) == Difference(Kind.PARTS, ("region",))
    assert told(regions, COUNT) is None
    assert told(regions[:1], both) is None


SIMPLE = st.sampled_from(
    [
        *("sex = 'F'", "region = 'Wales'", "region <> 'London'", "region IS NULL"),
        *("employed", "NOT employed", "employed IS NULL"),
        *("score > 4", "score < -4", "score <> 0", "score = 2", "score % 3 = 1"),
        *("score IS NOT NULL", "score BETWEEN -4 AND 5", "score IN (1, 2)"),
    ]
)
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(" AND ".join).map("({})".format),
        st.tuples(inner, inner).map(" OR ".join).map("({})".format),
        inner.map("(NOT {})".format),
    ),
    max_leaves=4,
)
COLUMNS = {each.name: each for each in EARNINGS.columns}


def universe() -> Iterator[dict[ColumnOf, object]]:
    """A row for each combination of public values, and of NULL."""
    named = [COLUMNS[name] for name in ("sex", "region", "employed", "score")]
    keys = [ColumnOf("", each.name, each.domain) for each in named]
    listed = [
        [*(each.domain.values or ()), *([None] if each.domain.nullable else [])]
        for each in named
    ]
    for row in product(*listed):
        yield dict(zip(keys, row, strict=True))


ROWS = list(universe())


@given(CONDITIONS, CONDITIONS)
def test_what_is_told_is_so(first: str, second: str) -> None:
    """Groups said to be the same are; those said to differ by little do, and overlap.

    Where nothing at all differs in the rows they keep, one of the two is said, but
    where conditions about several columns are written in different ways.
    """
    queries = [bound_query(f"{COUNT} WHERE {each}") for each in (first, second)]
    kept_rows = [
        {n for n, row in enumerate(ROWS) if evaluated(query.where, row) is True}  # type: ignore[arg-type]
        for query in queries
    ]
    told = difference(groups(queries[0]), groups(queries[1]))
    apart = len(kept_rows[0] ^ kept_rows[1])
    plain = all(not each.box.other for query in queries for each in groups(query))
    if told is not None and told.kind is Kind.SAME:
        assert apart == 0
    if told is not None and told.kind is Kind.LITTLE and plain:
        assert kept_rows[0] & kept_rows[1]
        assert apart > 0
    if plain and not apart and kept_rows[0]:
        assert told is not None
        assert told.kind is Kind.SAME


@given(st.integers(-5, 5), st.integers(0, 11), st.integers(-5, 5), st.integers(0, 11))
def test_ranges_of_one_column_are_told_exactly(a: int, b: int, c: int, d: int) -> None:
    """They differ by little where a twentieth of the column's values lies between."""
    ages = [
        set(range(65 + low, min(121, 65 + low + 5 * long)))
        for low, long in ((a, b), (c, d))
    ]
    asked = [
        f"{COUNT} WHERE age >= {65 + low} AND age < {65 + low + 5 * long}"
        for low, long in ((a, b), (c, d))
    ]
    met, apart = len(ages[0] & ages[1]), len(ages[0] ^ ages[1])
    told = compared(*asked)
    near = 0 < 2 * apart <= met and Fraction(apart, 121) <= LITTLE
    assert (told is not None and told.kind is Kind.LITTLE) == bool(near)
    assert (told is not None and told.kind is Kind.SAME) == (not apart)


PLACES = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=5)


@given(PLACES, PLACES)
def test_spans_are_sets(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    """Union, what is common, and what is left are those of the places."""

    def places(found: Spans) -> set[int]:
        return {each for low, high in found.ranges for each in range(low, high)}

    one, two = spans(first), spans(second)
    assert places(one | two) == places(one) | places(two)
    assert places(one & two) == places(one) & places(two)
    assert places(one - two) == places(one) - places(two)
    assert (one - one) == NOTHING
    assert one.size == len(places(one))


DATES = ("born < DATE '1980-01-01'", "born = DATE '1970-06-01'", "born IS NULL")
MORE = ("born <> DATE '1970-06-01'", "born >= DATE '1999-12-31'", "born IS NOT NULL")


@given(
    st.recursive(
        st.sampled_from([*DATES, *MORE]),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(" AND ".join).map("({})".format),
            st.tuples(inner, inner).map(" OR ".join).map("({})".format),
            inner.map("(NOT {})".format),
        ),
        max_leaves=5,
    ),
    st.dates(date(1950, 1, 1), date(2005, 12, 31))
    | st.just(date(1970, 6, 1))
    | st.none(),
)
def test_what_a_condition_keeps_is_what_is_true(sql: str, born: date | None) -> None:
    """Of columns whose values are not listed, too, NULL among them."""
    where = bound_query(f"{COUNT} WHERE {sql}").where
    assert where is not None
    found = kept(where)
    if found is None:  # the binder has seen that it is always so
        return
    place = 2**80 if born is None else ordinal(born)
    held = [
        any(a <= place < b for a, b in part.ranges)
        for part in (found.true, found.false)
    ]
    outcome = evaluated(where, {found.column: born})
    assert held == [outcome is True, outcome is False]


@pytest.mark.parametrize("sql", ACCEPTED)
def test_every_question_of_the_manual_is_the_same_as_itself(sql: str) -> None:
    """Whatever is asked has groups, and asked again it is told, in few steps."""
    query = bound_query(sql)
    with at_once(500_000):
        found = groups(query)
        told = difference(found, found)
    assert told is not None
    assert told.kind in (Kind.SAME, Kind.LITTLE)
