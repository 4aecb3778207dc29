"""What one value becomes: published as so much, or rejected for this reason."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors import Invalid
from privacy.catalogue import Column, Type
from tests.intake.support import (
    Register,
    new_zones,
    opened,
    published,
    take_in,
    with_fields,
)
from tre.intake import Reason


def _at(*parts: int) -> datetime:
    """A moment without a zone, as publications hold it."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc,arg-type]  # parts only


NUMBER = {"name": "x", "type": "number", "tre": {"decimals": 2}}
INTEGER = {"name": "x", "type": "integer"}
HOURS = {
    "name": "x",
    "type": "integer",
    "constraints": {"minimum": -10, "maximum": 80},
}
CLAMPED = {**HOURS, "tre": {"out_of_range": "clamp"}}
ONE_SIDED = {
    "name": "x",
    "type": "integer",
    "constraints": {"minimum": 0},
    "tre": {"out_of_range": "clamp"},
}
BOOLEAN = {"name": "x", "type": "boolean"}
YES_NO = {**BOOLEAN, "trueValues": ["Y"], "falseValues": ["N"]}
DATE = {"name": "x", "type": "date"}
COMPACT = {**DATE, "format": "%Y%m%d"}
MONTH = {"from": "month"}
MOMENT = {"name": "x", "type": "datetime"}
ENUM = {"name": "x", "constraints": {"enum": ["a", "b"]}}
CLAMPED_ENUM = {**ENUM, "tre": {"out_of_range": "clamp"}}
REQUIRED_ENUM = {
    "name": "x",
    "constraints": {"enum": ["a", "b"], "required": True},
    "tre": {"out_of_range": "clamp"},
}
LISTED = {"name": "x", "type": "integer", "constraints": {"enum": [1, 5]}}
CLAMPED_LISTED = {**LISTED, "tre": {"out_of_range": "clamp"}}
TEXT = {"name": "x"}
SMALL = {
    "name": "x",
    "type": "number",
    "constraints": {"minimum": 0, "maximum": 1},
}

CASES: list[tuple[dict[str, Any], str, object]] = [
    (NUMBER, "1.5", 150),
    (NUMBER, " 1.5 ", 150),
    (NUMBER, "-0", 0),
    (NUMBER, "+.5", 50),
    (NUMBER, "1e2", 10_000),
    (NUMBER, "1.005", 101),
    (NUMBER, "-1.005", -101),
    (NUMBER, "NaN", Reason.NOT_FINITE),
    (NUMBER, "-Infinity", Reason.NOT_FINITE),
    (NUMBER, "inf", Reason.NOT_FINITE),
    (NUMBER, "1_000", Reason.TYPE),
    (NUMBER, "1,000", Reason.TYPE),
    (NUMBER, "0x1F", Reason.TYPE),
    (NUMBER, "twelve", Reason.TYPE),
    (NUMBER, "1e300", Reason.RANGE),
    (NUMBER, "1e999", Reason.RANGE),
    (NUMBER, "99999999999999999999", Reason.RANGE),
    (INTEGER, "12", 12),
    (INTEGER, "012", 12),
    (INTEGER, "12.0", 12),
    (INTEGER, "1e3", 1000),
    (INTEGER, "1.5", Reason.TYPE),
    (INTEGER, "1.50e1", 15),
    (INTEGER, "120e-1", 12),
    (INTEGER, "0.0000000001", Reason.TYPE),
    (INTEGER, "-4e-10", Reason.TYPE),
    (INTEGER, "1e-5", Reason.TYPE),
    (INTEGER, "7.0000000000000000000001", Reason.TYPE),
    (INTEGER, "1e-99999999999999999999", Reason.TYPE),
    (INTEGER, "1_000", Reason.TYPE),
    (INTEGER, "0x1F", Reason.TYPE),
    (INTEGER, "nan", Reason.NOT_FINITE),
    (INTEGER, "9223372036854775807", Reason.RANGE),
    (INTEGER, "9" * 40, Reason.RANGE),
    (HOURS, "80", 80),
    (HOURS, "81", Reason.RANGE),
    (HOURS, "-11", Reason.RANGE),
    (CLAMPED, "81", 80),
    (CLAMPED, "-1e30", -10),
    (CLAMPED, "9" * 40, 80),
    (CLAMPED, "900000000000000000000e-1", 80),
    (CLAMPED, "-900000000000000000000e-1", -10),
    (CLAMPED, " -9e+40", -10),
    (CLAMPED, "inf", Reason.NOT_FINITE),
    (ONE_SIDED, "-5", 0),
    (ONE_SIDED, "9" * 40, Reason.RANGE),
    (SMALL, "1.0000001", 100_000),
    (SMALL, "1.1", Reason.RANGE),
    (BOOLEAN, "true", True),
    (BOOLEAN, "0", False),
    (BOOLEAN, "yes", Reason.TYPE),
    (YES_NO, "Y", True),
    (YES_NO, "true", Reason.TYPE),
    (DATE, "2020-02-29", date(2020, 2, 29)),
    (DATE, "2021-02-29", Reason.TYPE),
    (DATE, "2020/02/01", Reason.TYPE),
    (DATE, "20200201", Reason.TYPE),
    (DATE, "infinity", Reason.TYPE),
    (DATE, "epoch", Reason.TYPE),
    (COMPACT, "20200201", date(2020, 2, 1)),
    (COMPACT, "20201301", Reason.TYPE),
    (COMPACT, "infinity", Reason.TYPE),
    (COMPACT, "-Infinity", Reason.TYPE),
    (COMPACT, " epoch", Reason.TYPE),
    (MOMENT, "2020-02-01T10:11:12Z", _at(2020, 2, 1, 10, 11, 12)),
    (MOMENT, "2020-02-01 10:11", _at(2020, 2, 1, 10, 11)),
    (MOMENT, "2020-02-01T10:11:12+02:00", Reason.TYPE),
    (ENUM, "a", "a"),
    (ENUM, "A", Reason.RANGE),
    (CLAMPED_ENUM, "c", None),
    (REQUIRED_ENUM, "c", Reason.RANGE),
    (LISTED, "5", 5),
    (LISTED, "3", Reason.RANGE),
    (CLAMPED_LISTED, "3", None),
    (TEXT, "it's; DROP TABLE x --", "it's; DROP TABLE x --"),
    (TEXT, "NA", None),
    (NUMBER, "", None),
]


def _outcome(tmp_path, field: dict[str, Any], column: pa.Array):
    """What becomes of the first of two rows; the second is always missing."""
    zones = new_zones(tmp_path)
    table = pa.table({"x": column, "n": pa.array([1] * len(column))})
    document = with_fields(field, {"name": "n", "type": "integer"})
    publication = take_in(zones, Register(), document, table, fewest_rows=0)
    values = published(zones, publication)["x"].to_pylist()
    return tuple(values), tuple(publication.counts[0].rejects)


@pytest.mark.parametrize("field", [NUMBER, HOURS, CLAMPED, DATE, ENUM, LISTED])
def test_missing_is_null(tmp_path, field: dict[str, Any]) -> None:
    """A missing value of any type is published as NULL where it may be missing."""
    values, rejects = _outcome(tmp_path, field, pa.array([None], pa.string()))
    assert values == (None,)
    assert rejects == ()


def _cases_by_field() -> list[tuple[dict[str, Any], list[tuple[str, object]]]]:
    grouped: list[tuple[dict[str, Any], list[tuple[str, object]]]] = []
    for field, raw, expected in CASES:
        if not grouped or grouped[-1][0] is not field:
            grouped.append((field, []))
        grouped[-1][1].append((raw, expected))
    return grouped


@pytest.mark.parametrize(("field", "cases"), _cases_by_field())
def test_text_values(tmp_path, field: dict[str, Any], cases) -> None:
    """Each text is published as its value, or its row rejected for its reason."""
    column = pa.array([raw for raw, _ in cases], pa.string())
    values, rejects = _outcome(tmp_path, field, column)
    kept = [expected for _, expected in cases if not isinstance(expected, Reason)]
    assert sorted(values, key=repr) == sorted(kept, key=repr)
    reasons = [expected for _, expected in cases if isinstance(expected, Reason)]
    assert {reject.reason: reject.rows for reject in rejects} == {
        reason: reasons.count(reason) for reason in reasons
    }


@pytest.mark.parametrize(
    ("field", "column", "expected"),
    [
        (NUMBER, pa.array([1.25, float("nan"), float("inf"), 1e300]), (125,)),
        (NUMBER, pa.array([0.285, -0.0], pa.float64()), (0, 29)),
        (NUMBER, pa.array([3], pa.uint64()), (300,)),
        (NUMBER, pa.array([2**64 - 1], pa.uint64()), ()),
        (INTEGER, pa.array([3.0, 3.5]), (3,)),
        (HOURS, pa.array([5, 200], pa.int16()), (5,)),
        (BOOLEAN, pa.array([True, False]), (False, True)),
        (BOOLEAN, pa.array([1, 0, 2], pa.int8()), (False, True)),
        (DATE, pa.array([date(2020, 1, 2)]), (date(2020, 1, 2),)),
        (
            MOMENT,
            pa.array([_at(2020, 1, 2, 3)], pa.timestamp("ns", "Europe/Paris")),
            (_at(2020, 1, 2, 3),),
        ),
        (ENUM, pa.array(["a", "z"]).dictionary_encode(), ("a",)),
        (TEXT, pa.array(["q"], pa.large_string()), ("q",)),
        (TEXT, pa.nulls(1), (None,)),
        (INTEGER, pa.array(["5"], pa.string()), (5,)),
        (NUMBER, pa.array([None, 2], pa.decimal128(10, 3)), (200, None)),
    ],
)
def test_typed_values(tmp_path, field, column: pa.Array, expected) -> None:
    """Typed columns come to the same values as the text that stands for them."""
    values, _ = _outcome(tmp_path, field, column)
    assert sorted(values, key=repr) == sorted(expected, key=repr)


DAY = 86_400_000_000
DAYS = [2**31 - 1, 1 - 2**31, -(2**31), 2**31 - 2, 2_932_896, 2_932_897, -719_162]
DAYS += [-719_163, 0, 18_262, 18_293, 18_294]
MOMENTS = [2**63 - 1, 1 - 2**63, 2**63 - 2, *(day * DAY for day in DAYS[4:])]
HOSTILE = {
    "date": pa.array(DAYS, pa.int32()).cast(pa.date32()),
    "datetime": pa.array(MOMENTS, pa.int64()).cast(pa.timestamp("us")),
    "zoned": pa.array(MOMENTS, pa.int64()).cast(pa.timestamp("us", "UTC")),
    "text": pa.array(["infinity", "-infinity", "epoch", "9999-12-31", "10000-01-01"]),
}
"""Both infinities of the engine, dates of five-digit years, and dates."""


@pytest.mark.parametrize("column", HOSTILE)
@pytest.mark.parametrize("out_of_range", ["reject", "clamp"])
@pytest.mark.parametrize("kind", ["date", "datetime"])
def test_every_published_date_has_its_parts(
    tmp_path, column: str, out_of_range: str, kind: str
) -> None:
    """Whatever arrives, a published date is finite, in its domain and of four digits.

    Otherwise its month would be NULL where the public domain says that none is
    missing, and one person could move a figure further than the plan says.
    """
    minimum, maximum = {"minimum": "2020-01-01"}, {"maximum": "2020-02-01"}
    choices = [{}, minimum] if column == "date" else [maximum]
    fields = [
        {
            "name": f"x{at}",
            "type": kind,
            "constraints": {**choice, "required": True},
            "tre": {"out_of_range": out_of_range, "derive": {f"m{at}": MONTH}},
        }
        for at, choice in enumerate(choices)
    ]
    for field in fields:
        zones = new_zones(tmp_path / field["name"])
        values = pa.table({field["name"]: HOSTILE[column]})
        document = with_fields(field)
        publication = take_in(zones, Register(), document, values, fewest_rows=0)
        with opened(zones, publication.file, publication.key_name) as connection:
            for known in publication.tables[0].columns:
                _check_domain(connection, known)
        counts = publication.counts[0]
        assert counts.published + counts.rejected == counts.landed == len(values)


def _check_domain(connection: duckdb.DuckDBPyConnection, known: Column) -> None:
    """No published value is outside what the catalogue says of its column."""
    domain, name = known.domain, f'"{known.name}"'
    wrong = [] if domain.nullable else [f"{name} IS NULL"]
    if domain.type in {Type.DATE, Type.DATETIME}:
        wrong += [f"NOT isfinite({name})", f"year({name}) NOT BETWEEN 1 AND 9999"]
    for end, comparison in ((domain.lower, "<"), (domain.upper, ">")):
        if end is not None:
            wrong.append(f"{name} {comparison} $end")
    for condition in wrong:
        query = f"SELECT count(*) FROM f.earnings WHERE {condition}"
        end = domain.lower if "<" in condition else domain.upper
        given = {"end": end} if "$end" in condition else {}
        assert connection.execute(query, given).fetchone() == (0,), condition


def test_infinite_dates_are_counted_as_not_finite(tmp_path) -> None:
    """The steward is told which rows a date without an end had cost them."""
    _, rejects = _outcome(tmp_path, DATE, HOSTILE["date"])
    reasons = {reject.reason: reject.rows for reject in rejects}
    assert reasons == {Reason.NOT_FINITE: 2, Reason.RANGE: 4}


def test_a_clock_that_would_wrap_around_is_refused(tmp_path) -> None:
    """Seconds that microseconds cannot hold do not become some other moment."""
    seconds = pa.array([2**62], pa.int64()).cast(pa.timestamp("s"))
    with pytest.raises(Invalid, match="do not fit the types it declares"):
        _outcome(tmp_path, MOMENT, seconds)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=20))
@example(["1\0", "a\0b", "2020-01-01\0", "\0"])
@settings(max_examples=10)
def test_no_text_stops_an_intake(tmp_path_factory, texts: list[str]) -> None:
    """Whatever the text, every row is published or counted, under every type."""
    fields: list[dict[str, Any]] = [NUMBER, INTEGER, CLAMPED, BOOLEAN, DATE]
    fields += [COMPACT, MOMENT, ENUM, TEXT]
    named: list[dict[str, Any]] = [
        {**field, "name": f"x{at}"} for at, field in enumerate(fields)
    ]
    column = pa.array(texts, pa.string())
    table = pa.table({field["name"]: column for field in named})
    zones = new_zones(tmp_path_factory.mktemp("home"))
    document = with_fields(*named)
    (counts,) = take_in(zones, Register(), document, table, fewest_rows=0).counts
    assert counts.published + counts.rejected == counts.landed == len(texts)


def test_dates_derive_columns(tmp_path) -> None:
    """A year comes from a date that is itself not published; a wrong date has none."""
    field = {
        "name": "born",
        "type": "date",
        "tre": {
            "role": "identifier",
            "kind": "date-of-birth",
            "derive": {
                "birth_year": {"from": "year", "minimum": 1900, "maximum": 2020},
                "birth_month": {"from": "month"},
            },
        },
    }
    zones = new_zones(tmp_path)
    table = pa.table({"born": ["1950-03-01", "1950-13-01", "1800-01-01"]})
    publication = take_in(zones, Register(), with_fields(field), table)
    stored = published(zones, publication)
    derived = ["birth_year", "birth_month"]
    assert stored.column_names == ["person_id", "_rank", *derived, "_order"]
    assert sorted(stored["birth_year"].to_pylist(), key=repr) == [1950, None]
    (reject,) = publication.counts[0].rejects
    assert (reject.column, reject.reason) == ("birth_year", Reason.RANGE)
