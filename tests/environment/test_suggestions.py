"""What a refusal suggests is accepted, whatever the question was refused for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pytest

from privacy.errors import CODES, Refused
from tests.environment.world import package, rows
from tests.language.test_spec import REFUSED, rewritten
from tre.lab import Lab

COUNTS = "SELECT COUNT(*) AS n FROM people"
MEAN = "SELECT AVG(pay) AS mean FROM people"
EVERY = ", ".join(f"COUNT_IF(age = {n}) AS n{n}" for n in range(300))
NESTED = f"SELECT SUM({'(' * 65}pay{')' * 65}) AS s FROM people"

QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "syntax": (
        "SELECT COUNT(*) FORM people",
        "SELECT COUNT(* FROM people",
        "REGRESS pay FROM people",
        "REGRESS pay ON age, age BY region FROM people",
    ),
    "one_statement": (f"{COUNTS}; {MEAN}",),
    "too_long": (f"{COUNTS} --{'x' * 2**16}",),
    "too_deep": (NESTED, f"SELECT SUM({'- ' * 70}pay) AS s FROM people"),
    "not_a_question": (
        "SELECT * FROM people",
        "SELECT region FROM people GROUP BY region",
        "DROP TABLE people",
    ),
    "not_grouped": ("SELECT region, age, COUNT(*) AS n FROM people GROUP BY region",),
    "unsupported": (
        "SELECT COUNT(*) AS n FROM people AS a CROSS JOIN people AS b",
        "SELECT COUNT(*) > 5 AS many FROM people",
        "SELECT region, MEDIAN(pay) AS m FROM people GROUP BY ROLLUP (region)",
        "SELECT CASE WHEN COUNT(*) > 5 THEN 'a' ELSE 'b' END AS x FROM people",
        "LOGISTIC pay > 5 ON age BY region FROM people",
        "SELECT SUM(pay) OVER (PARTITION BY regionn) AS s FROM people",
    ),
    "unknown_table": ("SELECT payy, COUNT(*) AS n FROM peeple GROUP BY regionn",),
    "unknown_column": (
        "SELECT SUM(payy) AS s, AVG(agee) AS a FROM people",
        "REGRESS pai ON age FROM people",
        "REGRESS pay ON agee BY regionn FROM people",
        "SELECT COUNT(*) AS n FROM people WHERE surname = 'x'",
    ),
    "ambiguous_column": (
        "SELECT SUM(pay) AS s FROM people AS a JOIN people AS b USING (person_id)",
    ),
    "join": (
        "SELECT COUNT(*) AS n FROM people AS a JOIN people AS b ON a.age = b.age",
    ),
    "type_mismatch": (
        "SELECT SUM(region) AS s FROM people",
        "LOGISTIC pay BY region FROM people",
        "REGRESS employer ON age BY region FROM people",
    ),
    "invalid_value": ("SELECT QUANTILE_CONT(pay, 7) AS q FROM people",),
    "unbounded": (
        "SELECT SUM(debt) AS s FROM people",
        "SELECT debt, AVG(debt) AS a, MEDIAN(debt) AS m FROM people GROUP BY debt",
        "REGRESS debt ON age FROM people",
        "REGRESS pay ON age, debt FROM people",
    ),
    "overflow": (
        "SELECT SUM(huge) AS s, COUNT(*) AS n FROM people GROUP BY region",
        "SELECT AVG(huge + 1) AS a FROM people",
        "SELECT VAR_POP(huge) AS v FROM people",
    ),
    "not_public_key": (
        "SELECT pay, COUNT(*) AS n FROM people GROUP BY pay",
        "REGRESS pay ON age BY employer FROM people",
    ),
    "too_many_keys": (
        "SELECT MEDIAN(pay) AS m FROM people"
        " GROUP BY age, region, pay > 5, pay > 6, pay > 7, pay > 8",
        "SELECT COUNT(*) AS n FROM people GROUP BY age, age + 1, age + 2, age + 3",
        "LOGISTIC pay > 5 BY region, age FROM people",
    ),
    "too_many_columns": (f"SELECT {EVERY} FROM people",),
    "reserved_name": ("SELECT COUNT(*) AS n_low FROM people",),
    "person_id": ("SELECT person_id, COUNT(*) AS n FROM people GROUP BY person_id",),
}
"""Questions that are refused under either measure, by code."""

AMOUNTS: Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]] = {
    "spending": (
        (MEAN, {"margin": 5, "rho": 1}),
        (MEAN, {"margin": 5, "share": 0.2}),
        (COUNTS, {"epsilon": 1, "share": 0.2}),
        (COUNTS, {"epsilon": "much"}),
        (COUNTS, {"rho": "much"}),
        (COUNTS, {"share": 50}),
        (COUNTS, {"rho": 1e-30}),
        ("SELECT SUM(pay) AS s FROM people", {"epsilon": 1e-8}),
    ),
    "margin_depends_on_data": (
        (MEAN, {"margin": 5}),
        ("SELECT MEDIAN(age) AS m FROM people", {"margin": 5}),
    ),
    "budget_exhausted": (
        (COUNTS, {"epsilon": 1e8}),
        (COUNTS, {"margin": 1e-3}),
        (f"{COUNTS} GROUP BY region", {"margin": 1}),
    ),
}
"""Amounts that cannot be spent on these questions under either measure, by code."""

NO_REWRITE: Mapping[str, tuple[str, ...]] = {
    "whoever asks may not ask at all: no other text or amount lets them": (
        *("not_permitted", "not_accredited", "not_trained", "condition_unmet"),
        *("not_authenticated", "not_in_scope", "invalid_token", "rate_limited"),
        *("project_not_active", "project_expired", "dataset_withdrawn"),
        *("period_ended", "no_budget", "unknown_project", "unknown_person"),
    ),
    "the same question is asked again, later or under another key": (
        *("idempotency_conflict", "question_in_progress", "invalid_key"),
        *("data_changed", "unavailable", "in_doubt", "not_confined"),
    ),
    "it is not about a question: people, projects, files, keys and the log": (
        *("unknown_dataset", "unknown_population", "unknown_question"),
        *("organisation_exists", "unknown_organisation", "unknown_incident"),
        *("invalid_qualification", "already_approved", "approval_missing"),
        *("capacity_unclear", "criterion_blank", "reason_missing", "invalid_budget"),
        *("invalid_name", "invalid_person", "forged_request", "invalid_invitation"),
        *("invalid_password", "invalid_provider", "no_provider", "no_inbox"),
        *("unknown_layer", "not_in_log", "form", "unknown_submission"),
        *("unknown_file", "already_voted", "invalid_verdict", "not_there_yet"),
        *("outcome_missing", "period_running", "person_exists", "population_exists"),
        *("project_exists", "separation_of_duties", "unknown_release"),
        *("unknown_token", "wrong_state"),
    ),
}
"""Codes that suggest no text that could be asked instead, by why there is none."""


def tables() -> Mapping[str, pa.Table]:
    """People with a number without bounds, and one with bounds too wide for noise."""
    made = rows()
    for name in ("debt", "huge"):
        made = made.append_column(name, pa.array([1] * len(made)))
    return {"people": made}


def described() -> dict[str, Any]:
    """The package that goes with them."""
    found = package()
    wide = {"minimum": 1 - 10**18, "maximum": 10**18 - 1}
    found["resources"][0]["schema"]["fields"] += [
        {"name": "debt", "type": "integer"},
        {"name": "huge", "type": "integer", "constraints": wide},
    ]
    return found


@pytest.fixture(scope="module", params=["zcdp", "pure"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A laboratory under each measure, with little to spend."""
    with Lab(tables(), described(), epsilon=2.0, measure=request.param) as made:
        yield made


def take(lab: Lab, sql: str, said: Mapping[str, Any], code: str) -> None:
    """Ask what is refused, do as the refusal suggests, and have it accepted."""
    with pytest.raises(Refused) as refusal:
        lab.ask(sql, **said)
    refused = refusal.value
    assert refused.code == code, refused.message
    amount = re.fullmatch(r"(epsilon|rho|margin|share)=(\S+)", refused.suggestion)
    if amount:
        said = {amount[1]: float(amount[2])}
    else:
        better = rewritten(sql, refused)
        assert better != sql, refused.message
        sql = better
    assert lab.explain(sql, **said).columns, refused.suggestion


@pytest.mark.parametrize(
    ("code", "sql"), [(code, sql) for code, each in QUESTIONS.items() for sql in each]
)
def test_the_text_suggested_is_accepted(lab: Lab, code: str, sql: str) -> None:
    """It is read, planned and priced where the question was refused."""
    take(lab, sql, {}, code)


@pytest.mark.parametrize(
    ("code", "sql", "said"),
    [(code, sql, said) for code, each in AMOUNTS.items() for sql, said in each],
)
def test_the_amount_suggested_is_accepted(lab: Lab, code: str, sql: str, said) -> None:
    """It is spent on the same question."""
    take(lab, sql, said, code)


@pytest.mark.parametrize("more", ["", "region, "])
def test_keys_past_a_threshold_have_public_ones_suggested(lab: Lab, more: str) -> None:
    """Where there is no δ for them; keys that are public already are kept."""
    sql = f"SELECT employer, {more}COUNT(*) AS n FROM people GROUP BY {more}employer"
    if lab.remaining().delta:
        assert lab.explain(sql).emerging
        return
    take(lab, sql, {}, "not_public_key")
    with pytest.raises(Refused) as refusal:
        lab.ask(sql)
    assert ("region" in refusal.value.suggestion) == bool(more)


def test_every_code_is_fed_back_or_has_no_rewrite() -> None:
    """No code is forgotten, and none is listed twice."""
    fed_back = {*QUESTIONS, *AMOUNTS, *(code for code, _ in REFUSED)}
    excused = [code for codes in NO_REWRITE.values() for code in codes]
    assert len(excused) == len(set(excused))
    assert fed_back.isdisjoint(excused)
    assert fed_back | set(excused) == set(CODES)


def test_nothing_is_suggested_where_nothing_is_left(lab: Lab) -> None:
    """No amount would pass; the message says what there is to do."""
    lab.ask(COUNTS, share=1)
    for said in ({}, {"epsilon": 0.1}, {"margin": 50}):
        with pytest.raises(Refused, match="Repeat an earlier") as refusal:
            lab.ask("SELECT SUM(age) AS s FROM people", **said)
        assert refusal.value.code == "budget_exhausted"
        assert not refusal.value.suggestion
