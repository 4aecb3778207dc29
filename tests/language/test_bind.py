"""What is publicly known of a question before it is asked."""

import pickle
from datetime import date
from fractions import Fraction

import pytest

from privacy.bind import bind
from privacy.catalogue import Catalogue, Type
from privacy.domains import LARGEST
from privacy.expression import Call, Expression, Literal
from privacy.parse import parse
from privacy.query import AggregateRef, Constant, KeyRef, Operation, Operator, Statistic
from privacy.relation import TableOf
from tests.language.example import CATALOGUE, EARNINGS, bound_query, refusal


def expression(sql: str) -> Expression:
    """An expression over rows, bound."""
    argument = bound_query(
        f"SELECT COUNT(NULLIF({sql}, NULLIF({sql}, {sql}))) FROM earnings"
    )
    found = argument.aggregates[0].argument
    assert found is not None
    return found.arguments[0]  # type: ignore[union-attr]  # NULLIF has two


def ends(sql: str) -> tuple[object, object, int]:
    """The ends and the scale of a number."""
    domain = expression(sql).domain
    return domain.lower, domain.upper, domain.scale


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("age + 1", (1, 121, 0)),
        ("age - tax_year", (-2020, -1890, 0)),
        ("-score", (-5, 5, 0)),
        ("score * score", (0, 25, 0)),
        ("score * age", (-600, 600, 0)),
        ("pay * 2", (0, 40_000_000, 2)),
        ("pay + 0.001", (1, 200_000_001, 3)),
        ("rent * rent", (0, 2_500_000_000, 4)),
        ("age / 2", (0, 60_000_000, 6)),
        ("age / score", (-120_000_000, 120_000_000, 6)),
        ("age // 7", (0, 17, 0)),
        ("score % 3", (-2, 2, 0)),
        ("score % 100", (-5, 5, 0)),
        ("ABS(score)", (0, 5, 0)),
        ("FLOOR(rent)", (-500, 500, 0)),
        ("CEIL(pay / 100)", (0, 2_000, 0)),
        ("ROUND(rent, 1)", (-5_000, 5_000, 1)),
        ("LEAST(savings, 10)", (0, 10, 0)),
        ("GREATEST(savings, 10)", (10, None, 0)),
        ("LEAST(GREATEST(debt, 0), 9)", (0, 900, 2)),
        ("CLAMP(debt, -1, 1.5)", (-100, 150, 2)),
        ("CLAMP(age, 10, 200)", (10, 120, 0)),
        ("CLAMP(age, 300, 400)", (300, 300, 0)),
        ("COALESCE(score, 9)", (-5, 9, 0)),
        ("CASE WHEN employed THEN pay ELSE -1 END", (-100, 20_000_000, 2)),
        ("YEAR(born)", (1950, 2005, 0)),
        ("YEAR(died)", (None, None, 0)),
        ("EXTRACT(ISODOW FROM died)", (1, 7, 0)),
        ("WIDTH_BUCKET(pay, 0, 1000, 10)", (1, 11, 0)),
        ("WIDTH_BUCKET(debt, 0, 1000, 10)", (0, 11, 0)),
        ("huge", (-(2**62), 2**62, 0)),
    ],
)
def test_ranges(sql: str, expected: tuple[object, object, int]) -> None:
    """A number's ends follow from the ends of what it is computed from."""
    assert ends(sql) == expected


@pytest.mark.parametrize(
    ("key", "values", "nullable"),
    [
        ("region", ("North East", "London", "Wales"), True),
        ("employed", (False, True), True),
        ("age - age % 40", (0, 40, 80, 120), False),
        ("FLOOR(age / 50) * 50", (0, 50, 100), False),
        ("age // 50 * 50", (0, 50, 100), False),
        ("tax_year - 2010 - (tax_year - 2010)", (0,), False),
        ("WIDTH_BUCKET(pay, 0, 200000, 2) * 10", (10, 20, 30), True),
        ("CASE WHEN pay < 5 THEN 'low' ELSE 'high' END", ("low", "high"), False),
        ("CASE WHEN pay < 5 THEN 'low' END", ("low",), True),
        (
            "CASE sex WHEN 'F' THEN 'woman' WHEN 'M' THEN 'man' END",
            ("woman", "man"),
            False,
        ),
        (
            "COALESCE(region, 'nowhere')",
            ("North East", "London", "Wales", "nowhere"),
            False,
        ),
        ("NULLIF(region, 'Wales')", ("North East", "London"), True),
        ("region = 'Wales'", (False, True), True),
        ("age IS NULL", (False,), False),
        ("score > 2", (False, True), True),
        ("YEAR(born) - 1950", tuple(range(56)), True),
        ("tax_year / 4 - tax_year // 4", (0, 250_000, 500_000, 750_000), False),
        ("score / score", (1_000_000,), True),
    ],
)
def test_values_of_keys(key: str, values: tuple[object, ...], nullable: bool) -> None:
    """A key takes exactly the values that follow from public ones."""
    (found,) = bound_query(f"SELECT COUNT(*) FROM earnings GROUP BY {key}").keys
    assert found.domain.values == values
    assert found.domain.nullable is nullable


def test_names_of_outputs() -> None:
    """Keys keep their column's name, others go by their function, and none twice."""
    bound = bound_query(
        "SELECT Region, YEAR(born), COUNT(*), SUM(pay), SUM(rent), "
        "COUNT(pay) AS sum_2, AVG(age) / 2, CASE WHEN employed THEN 1 END "
        "FROM earnings "
        "GROUP BY region, YEAR(born), CASE WHEN employed THEN 1 END"
    )
    assert [each.name for each in bound.outputs] == [
        *("region", "year", "count", "sum", "sum_3", "sum_2"),
        *("expression", "case"),
    ]


def test_outputs_refer_to_keys_and_aggregates() -> None:
    """What is shown is a key, an aggregate, or computed from them."""
    bound = bound_query(
        "SELECT region, COUNT(*) AS n, ROUND(SUM(pay) / 2.5, 1) AS part FROM earnings "
        "GROUP BY region HAVING n > 3 AND region IN ('Wales') ORDER BY 3 DESC, region"
    )
    assert [each.statistic for each in bound.aggregates] == [
        Statistic.ROWS,
        Statistic.SUM,
    ]
    key, count, part = (each.value for each in bound.outputs)
    assert (key, count) == (KeyRef(0), AggregateRef(0))
    assert isinstance(part, Operation)
    assert part.operator is Operator.ROUND
    assert [each.descending for each in bound.ordering] == [True, False]
    assert bound.ordering[0].value == part
    assert isinstance(bound.having, Operation)


def test_aggregates_are_asked_once() -> None:
    """An aggregate that appears several times is one aggregate."""
    bound = bound_query(
        "SELECT COUNT(*) AS a, COUNT(1) AS b, COUNT(age) AS c, SUM(pay) FROM earnings "
        "HAVING COUNT(*) > 1 ORDER BY SUM(PAY)"
    )
    assert len(bound.aggregates) == 2


def test_constants_are_compared_at_the_columns_scale() -> None:
    """A constant between two units of a column is moved to where nothing changes."""
    texts = {
        "age > 2.5": "age > 2",
        "age >= 2.5": "age > 2",
        "age < 2.5": "age <= 2",
        "age < 2.0": "age < 2",
        "2.5 < age": "age > 2",
        "age > -0.5": "age > -1",
        "seen < DATE '2020-01-01'": "seen < TIMESTAMP '2020-01-01 00:00:00'",
        "age IN (1, 2.5, 1.0)": "age IN (1)",
    }
    for first, second in texts.items():
        sql = "SELECT COUNT(*) FROM earnings WHERE {}"
        assert (
            bound_query(sql.format(first)).where
            == bound_query(sql.format(second)).where
        )


def test_constants_after_release_are_exact() -> None:
    """Numbers beside aggregates are fractions, folded where all are known."""
    bound = bound_query("SELECT COUNT(*) * (1 / 3 + 0.1) AS x FROM earnings")
    found = bound.outputs[0].value
    assert isinstance(found, Operation)
    assert found.arguments[1] == Constant(Fraction(13, 30))


@pytest.mark.parametrize(
    "sql", ["born >= '2000-01-01'", "'2000-01-01' <= born", "born >= DATE '2000-01-01'"]
)
def test_dates_may_be_text(sql: str) -> None:
    """ISO text beside a date is a date, on either side."""
    where = bound_query(f"SELECT COUNT(*) FROM earnings WHERE {sql}").where
    assert isinstance(where, Call)
    literal = where.arguments[1]
    assert isinstance(literal, Literal)
    assert (literal.domain.type, literal.value) == (Type.DATE, date(2000, 1, 1))


def test_names_fold_case() -> None:
    """Tables, aliases and columns are found whatever their case."""
    first = bound_query("SELECT SUM(e.PAY) AS n FROM EARNINGS AS e WHERE E.Age > 1")
    second = bound_query("SELECT SUM(e.pay) AS n FROM earnings AS e WHERE age > 1")
    assert (first.aggregates, first.where) == (second.aggregates, second.where)


def test_every_number_on_the_way_fits_64_bits() -> None:
    """Just inside is accepted, just outside is refused."""
    half = LARGEST // 2
    inside = f"SELECT COUNT(NULLIF(score, 1) * 1 + {half}) FROM earnings"
    outside = f"SELECT COUNT(huge * 2 + {half}) FROM earnings"
    assert refusal(inside) is None
    refused = refusal(outside)
    assert refused is not None
    assert refused.code == "overflow"


def test_an_empty_catalogue_has_no_tables() -> None:
    """A population without tables refuses every question."""
    with pytest.raises(Exception, match="No table earnings"):
        bind(parse("SELECT COUNT(*) FROM earnings"), Catalogue("nobody", {}))


def test_a_refusal_depends_on_grants_only_by_name() -> None:
    """A column that was not granted is refused as such, not as unknown."""
    refused = refusal("SELECT SUM(secret) FROM earnings")
    assert refused is not None
    assert refused.code == "not_granted"
    assert "secret" not in refused.message.split("It was granted")[1]


def test_refusals_survive_a_process_boundary() -> None:
    """Every field of a refusal arrives on the other side."""
    refused = refusal("SELECT SUM(debt) FROM earnings")
    again = pickle.loads(pickle.dumps(refused))  # noqa: S301 - our own bytes
    assert (again.code, again.clause, again.suggestion) == (
        "unbounded",
        "SUM(debt)",
        "SUM(CLAMP(debt, 0, 100000))",
    )


def test_bound_questions_know_their_table() -> None:
    """The table asked travels with the question."""
    assert bound_query("SELECT COUNT(*) FROM earnings").relation == TableOf(
        "", EARNINGS
    )
    assert CATALOGUE.tables["earnings"] is EARNINGS
