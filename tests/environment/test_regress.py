"""Regressions are fitted to what was noised, and charged like any question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from privacy.errors import Refused
from tre.lab import Lab

PEOPLE = 6_000
LINEAR = "REGRESS pay ON age, hours BY sex, education FROM adult"
LOGISTIC = "LOGISTIC high BY sex, education FROM adult"
EDUCATION = ["School", "College", "University"]


def adult() -> pa.Table:
    """People like those of the census extract, with pay and with who is paid well."""
    drawn = np.random.default_rng(5)
    age = drawn.integers(17, 90, PEOPLE)
    hours = np.clip(drawn.normal(40, 12, PEOPLE).round(), 1, 99).astype(int)
    sex = drawn.choice(["Female", "Male"], PEOPLE, p=[0.33, 0.67])
    education = drawn.choice(EDUCATION, PEOPLE, p=[0.6, 0.3995, 0.0005])
    mean = 200 + 3 * age + 4 * hours + 80 * (sex == "Male")
    pay = np.clip(mean + drawn.normal(0, 100, PEOPLE), 0, 2000).round(2)
    odds = -1 + 0.8 * (sex == "Male") + 0.5 * (education == "College")
    return pa.table(
        {
            "id": np.arange(PEOPLE),
            "age": age,
            "hours": pa.array(hours, mask=drawn.random(PEOPLE) < 0.02),
            "sex": sex,
            "education": education,
            "pay": pay,
            "high": drawn.random(PEOPLE) < 1 / (1 + np.exp(-odds)),
            "employer": [f"E{place % 3}" for place in range(PEOPLE)],
            "born": np.full(PEOPLE, "1980-01-01", "datetime64[D]"),
        }
    )


def field(name: str, kind: str, **constraints: Any) -> dict[str, Any]:
    """A column of the manifest."""
    return {"name": name, "type": kind, "constraints": constraints}


PACKAGE = {
    "name": "adult",
    "tre": {"controller": "Lab", "legal_basis": "None", "population": "residents"},
    "resources": [
        {
            "name": "adult",
            "tre": {"privacy_unit": "person", "rows_per_person": 1},
            "schema": {
                "fields": [
                    {
                        "name": "id",
                        "type": "integer",
                        "tre": {"role": "identifier", "kind": "local-id"},
                    },
                    field("age", "integer", minimum=17, maximum=90),
                    field("hours", "integer", minimum=1, maximum=99),
                    field("sex", "string", enum=["Female", "Male"], required=True),
                    field("education", "string", enum=EDUCATION, required=True),
                    field("pay", "number", minimum=0, maximum=2000)
                    | {"tre": {"decimals": 2}},
                    field("high", "boolean", required=True),
                    field("employer", "string"),
                    field("born", "date"),
                ]
            },
        }
    ],
}


@pytest.fixture(scope="module")
def table() -> pa.Table:
    """The people."""
    return adult()


@pytest.fixture(scope="module")
def lab(table: pa.Table) -> Iterator[Lab]:
    """A laboratory of them under the gateway's policy."""
    with Lab({"adult": table}, PACKAGE, epsilon=1e7) as opened:
        yield opened


def least_squares(table: pa.Table) -> dict[str, float]:
    """The estimate anybody who has the rows would make."""
    frame = table.to_pandas().dropna()
    columns = {
        "(intercept)": np.ones(len(frame)),
        "sex = Male": frame.sex == "Male",
        "education = College": frame.education == "College",
        "education = University": frame.education == "University",
        "age": frame.age,
        "hours": frame.hours,
    }
    design = np.column_stack([np.asarray(each, float) for each in columns.values()])
    found = np.linalg.lstsq(design, frame.pay.to_numpy(float), rcond=None)[0]
    return dict(zip(columns, found.tolist(), strict=True))


def test_a_precise_regression_is_least_squares(lab: Lab, table: pa.Table) -> None:
    """With next to no noise the coefficients are those of the rows themselves."""
    shown = lab.ask(LINEAR, epsilon=5_000).to_pandas().set_index("term")
    for term, expected in least_squares(table).items():
        if term == "education = University":
            continue
        assert shown.coefficient[term] == pytest.approx(expected, rel=0.01, abs=0.5)
        assert shown.coefficient_status[term] != "suppressed:frequency"


def test_a_category_of_few_people_is_hidden(lab: Lab) -> None:
    """Its coefficient would be theirs."""
    shown = lab.ask(LINEAR, epsilon=5_000).to_pandas().set_index("term")
    row = shown.loc["education = University"]
    assert row.coefficient_status == "suppressed:frequency"
    assert np.isnan(row.coefficient)


RARE = "CASE WHEN education = 'University' THEN '1' ELSE 'other' END"


@pytest.mark.parametrize("family", ["REGRESS pay", "LOGISTIC high"])
def test_a_first_category_of_few_people_is_hidden(lab: Lab, family: str) -> None:
    """The intercept is theirs, and each contrast to them gives it away."""
    shown = lab.ask(f"{family} BY {RARE}, sex FROM adult", epsilon=5_000).to_pandas()
    status = shown.set_index("term").coefficient_status
    assert status[f"{RARE} = other"] == "suppressed:frequency"
    assert status["(intercept)"] == "suppressed:frequency"
    assert status["sex = Male"] != "suppressed:frequency"


@pytest.mark.parametrize(
    "text", ["REGRESS pay ON {0}, hours", "REGRESS {0} ON pay", "REGRESS hours ON {1}"]
)
def test_a_number_that_few_people_have_hides_the_fit(lab: Lab, text: str) -> None:
    """An indicator as a number is a category all the same, both sides of it."""
    few = "CASE WHEN education = 'University' THEN {} ELSE {} END"
    for yes, no in ((1, 0), (0, 1)):
        asked = text.format(few.format(yes, no), few.format("pay", 0)) + " FROM adult"
        shown = lab.ask(asked, epsilon=5_000).to_pandas()
        assert set(shown.coefficient_status) == {"suppressed:frequency"}
    many = text.format("CASE WHEN sex = 'Male' THEN 1 ELSE 0 END", "age")
    shown = lab.ask(many + " FROM adult", epsilon=5_000).to_pandas()
    assert "suppressed:frequency" not in set(shown.coefficient_status)


@pytest.mark.parametrize("epsilon", [1.0, 4.0])
def test_intervals_hold_the_estimate_without_noise(
    lab: Lab, table: pa.Table, epsilon: float
) -> None:
    """Standard errors have the noise in them: 95% is exceeded, as the sample is too.

    Of forty draws so few are inside once in ten million times.
    """
    drawn = lab.draws(LINEAR, epsilon=epsilon, times=40).to_pandas()
    for term, expected in least_squares(table).items():
        rows = drawn[(drawn.term == term) & drawn.coefficient.notna()]
        if len(rows) < 40:
            continue
        inside = rows.coefficient_low.le(expected) & rows.coefficient_high.ge(expected)
        assert inside.mean() >= 0.7, term
        assert rows.coefficient.std() <= 1.7 * rows.standard_error.mean(), term


def test_more_noise_is_in_the_standard_errors(lab: Lab) -> None:
    """Spending less makes them larger."""
    errors = [
        lab.ask(LINEAR, epsilon=epsilon).to_pandas().standard_error.iloc[0]
        for epsilon in (0.5, 50.0)
    ]
    assert errors[0] > 2 * errors[1]


def test_where_noise_drowns_the_predictors_nothing_is_called_reliable(lab: Lab) -> None:
    """The expansion the errors rest on would not hold."""
    shown = lab.ask(LINEAR, epsilon=0.001).to_pandas()
    assert "ok" not in set(shown.coefficient_status)


def likeliest(table: pa.Table) -> dict[str, float]:
    """Maximum likelihood on the rows, by Newton's method."""
    frame = table.to_pandas()
    design = np.column_stack(
        [
            np.ones(len(frame)),
            frame.sex == "Male",
            frame.education == "College",
            frame.education == "University",
        ]
    ).astype(float)
    found = np.zeros(4)
    for _ in range(30):
        share = 1 / (1 + np.exp(-design @ found))
        curve = design.T @ (design * (share * (1 - share))[:, None])
        found = found + np.linalg.solve(curve, design.T @ (frame.high - share))
    names = ["(intercept)", "sex = Male", "education = College"]
    return dict(zip(names, found.tolist(), strict=False))


def test_a_logistic_regression_is_that_of_the_rows(lab: Lab, table: pa.Table) -> None:
    """Within its own intervals, give or take, and near where there is little noise."""
    shown = lab.ask(LOGISTIC, epsilon=5_000).to_pandas().set_index("term")
    for term, expected in likeliest(table).items():
        assert shown.coefficient[term] == pytest.approx(expected, abs=0.02)
    noisy = lab.ask(LOGISTIC, epsilon=1.0).to_pandas().set_index("term")
    for term, expected in likeliest(table).items():
        off = abs(noisy.coefficient[term] - expected)
        assert off < 6 * noisy.standard_error[term]
        assert noisy.standard_error[term] > shown.standard_error[term] * 0.8


def test_a_regression_is_charged_once_and_apart_from_its_question(lab: Lab) -> None:
    """A repeat is free, and no release of the sums it was fitted to."""
    before = lab.remaining().rho
    first = lab.regress("pay", on=["age"], source="adult WHERE age > 20", epsilon=0.5)
    assert lab.remaining().rho < before
    again = lab.regress("pay", on=["age"], source="adult WHERE age > 20", epsilon=0.5)
    assert first.charged
    assert not again.charged
    assert again.to_arrow().equals(first.to_arrow())


REFUSED = {
    "a number in a logistic one": (
        "LOGISTIC high ON age BY sex FROM adult",
        "unsupported",
    ),
    "nothing to explain by": ("REGRESS pay FROM adult", "syntax"),
    "no table": ("REGRESS pay ON age", "syntax"),
    "the outcome itself": ("REGRESS pay ON pay FROM adult", "syntax"),
    "no number": ("REGRESS sex ON age FROM adult", "type_mismatch"),
    "no column": ("REGRESS pay ON aged FROM adult", "unknown_column"),
    "a person": ("REGRESS pay ON person_id FROM adult", "person_id"),
    "people as categories": ("REGRESS pay BY person_id FROM adult", "person_id"),
    "too fine categories": ("REGRESS pay BY age, hours FROM adult", "too_many_keys"),
    "categories nobody knows": (
        "REGRESS pay BY sex, employer FROM adult",
        "not_public_key",
    ),
    "odds by them": ("LOGISTIC high BY employer FROM adult", "not_public_key"),
    "days nobody knows": ("REGRESS pay BY born FROM adult", "not_public_key"),
    "margins of categories": ("REGRESS pay BY ROLLUP (sex) FROM adult", "syntax"),
    "a category twice": ("REGRESS pay BY sex, sex FROM adult", "syntax"),
    "groups of its own": (
        "REGRESS pay ON age FROM adult WHERE TRUE) GROUP BY sex HAVING (TRUE",
        "syntax",
    ),
    "two at once": (
        "REGRESS pay ON age FROM adult; DROP TABLE x",
        "one_statement",
    ),
}


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_outside_is_refused_at_no_cost(lab: Lab, text: str, code: str) -> None:
    """By name, before data is read."""
    before = lab.remaining()
    with pytest.raises(Refused) as caught:
        lab.ask(text, epsilon=1.0)
    assert caught.value.code == code
    assert lab.remaining() == before


@pytest.mark.parametrize("text", ["LOGISTIC high BY {}", "REGRESS pay BY sex, {}"])
@pytest.mark.parametrize("category", ["employer", "born"])
def test_a_category_nobody_knows_is_named_with_what_would_do(
    lab: Lab, text: str, category: str
) -> None:
    """What the refusal suggests in its place is accepted."""
    with pytest.raises(Refused) as caught:
        lab.ask(text.format(category) + " FROM adult", epsilon=1.0)
    assert caught.value.clause == category
    lab.explain(text.format(caught.value.suggestion) + " FROM adult", epsilon=1.0)


def test_a_regression_is_explained(lab: Lab) -> None:
    """Its price and noise are told before it is paid for."""
    told = lab.explain(LINEAR, epsilon=1.0)
    assert told.loss.epsilon == pytest.approx(1.0, rel=1e-3)
    assert [each.column for each in told.columns] == ["coefficient"]
    advised = " ".join(told.cheaper)
    assert "CLAMP" in advised
    assert "Fewer terms" in advised
    assert "person_id" not in advised


def test_a_release_has_the_columns_of_any_other(lab: Lab) -> None:
    """An interval and a status stand beside each coefficient."""
    shown = lab.ask(LINEAR, epsilon=4.0).to_pandas()
    assert list(shown.columns) == [
        "term",
        "coefficient",
        "coefficient_low",
        "coefficient_high",
        "coefficient_status",
        "standard_error",
    ]
    assert isinstance(shown, pd.DataFrame)


def test_the_laboratory_fits_the_rows_themselves(lab: Lab, table: pa.Table) -> None:
    """Least squares and maximum likelihood, as anybody who has the rows would."""
    found = lab.exact(LINEAR).to_pandas().set_index("term")
    for term, expected in least_squares(table).items():
        assert found.coefficient[term] == pytest.approx(expected, rel=1e-6, abs=1e-6)
    odds = lab.exact(LOGISTIC).to_pandas().set_index("term")
    for term, expected in likeliest(table).items():
        assert odds.coefficient[term] == pytest.approx(expected, abs=1e-6)
    released = lab.ask(LINEAR, epsilon=5_000).to_pandas().set_index("term")
    ratio = released.standard_error["hours"] / found.standard_error["hours"]
    assert ratio == pytest.approx(1, abs=0.1)


PANEL = {
    **PACKAGE,
    "resources": [
        {
            "name": "panel",
            "tre": {"privacy_unit": "person", "rows_per_person": 6},
            "schema": {
                "fields": [
                    PACKAGE["resources"][0]["schema"]["fields"][0],  # type: ignore[index] # JSON
                    field("x", "integer", minimum=0, maximum=20, required=True),
                    field("y", "integer", minimum=0, maximum=200, required=True),
                    field("low", "integer", minimum=0, maximum=200, required=True),
                    field("ill", "boolean", required=True)
                    | {"tre": {"role": "sensitive"}},
                    field("area", "string", enum=["a", "b", "c"], required=True),
                ]
            },
        }
    ],
}


def panel() -> pa.Table:
    """4,000 people with five equal rows each; few in area a, few ill, one rich in c."""
    drawn = np.random.default_rng(9)
    people = np.repeat(np.arange(4_000), 5)
    x = np.repeat(drawn.integers(0, 21, 4_000), 5)
    y = np.repeat(drawn.integers(0, 60, 4_000), 5) + 4 * x
    area = np.where(people < 3, "a", np.where(people % 2 == 0, "b", "c"))
    columns = {"id": people, "x": x, "y": y, "low": (people == 5) * 200}
    return pa.table({**columns, "ill": people < 4, "area": area})


@pytest.fixture(scope="module")
def rows_of_some() -> Iterator[Lab]:
    """A laboratory of people with several rows, under the gateway's policy."""
    with Lab({"panel": panel()}, PANEL, epsilon=1e7) as opened:
        yield opened


def test_several_rows_of_a_person_are_no_more_people(rows_of_some: Lab) -> None:
    """Standard errors are at least those clustered by person, and not by far."""
    asked = "REGRESS y ON x FROM panel"
    exact = rows_of_some.exact(asked).to_pandas().set_index("term")
    shown = rows_of_some.ask(asked, epsilon=5_000).to_pandas().set_index("term")
    for term in ("(intercept)", "x"):
        ratio = shown.standard_error[term] / exact.standard_error[term]
        assert 0.97 <= ratio <= (6 / 5) ** 0.5 * 1.03
    asked = "LOGISTIC y > 60 BY x > 10 FROM panel"
    exact = rows_of_some.exact(asked).to_pandas().set_index("term")
    shown = rows_of_some.ask(asked, epsilon=5_000).to_pandas().set_index("term")
    ratios = shown.standard_error / exact.standard_error
    # 200 replicates tell an error to a twentieth, five times over is one in a million
    assert ratios.between(0.8, 1.4).all()
