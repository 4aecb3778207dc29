"""A release reads the same in every format, with its receipt."""

import io
import json
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from privacy.accounting import Loss
from tre.gateway.formats import (
    ARROW,
    CSV,
    ENVELOPE,
    JSON,
    PARQUET,
    WRITERS,
    negotiate,
)
from tre.gateway.problems import Problem
from tre.gateway.wire import plain, release_document
from tre.intake import Stage
from tre.release import Release

TABLE = pa.table(
    {
        "region": pa.array(["London", None]),
        "pay": pa.array([Decimal("1.50"), None], type=pa.decimal128(38, 2)),
        "mean": pa.array([0.1, float("nan")]),
    }
)
RELEASE = Release("r1", TABLE, {"format": "x"}, Loss(0.01, 0.5, 5e-7), charged=True)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/*", CSV),
        ("text/csv;header=present;q=0.5, application/json;q=0.1", CSV),
        (f"{PARQUET}, */*;q=0.1", PARQUET),
        (f"application/*;q=0.2, {JSON};q=0", ARROW),
        ("TEXT/CSV", CSV),
    ],
)
def test_the_best_liked_format_is_sent(accept: str | None, kind: str) -> None:
    """Weights decide, the more specific range first; JSON where all are alike."""
    assert negotiate(accept) == kind


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "*/*;q=much"])
def test_what_cannot_be_sent_is_said_before_anything_is_charged(accept: str) -> None:
    """An Accept that nothing meets is status 406 and names what there is."""
    with pytest.raises(Problem, match="application/json, text/csv") as refused:
        negotiate(accept)
    assert refused.value.status == 406


def test_json_has_exact_decimals_and_only_valid_numbers() -> None:
    """Decimals are text, NULL and NaN are null, and every column says its type."""
    document = json.loads(WRITERS[JSON](RELEASE))
    assert document["rows"] == [
        {"region": "London", "pay": "1.50", "mean": 0.1},
        {"region": None, "pay": None, "mean": None},
    ]
    assert [each["type"] for each in document["columns"]] == [
        "string",
        "decimal",
        "number",
    ]
    assert document["loss"] == {"rho": 0.01, "epsilon": 0.5, "delta": 5e-7}


def test_csv_is_the_table_alone() -> None:
    """A header and rows; NULL is an empty field."""
    lines = WRITERS[CSV](RELEASE).decode().splitlines()
    assert lines[:2] == ['"region","pay","mean"', '"London",1.50,0.1']


@pytest.mark.parametrize("kind", [ARROW, PARQUET])
def test_files_carry_their_receipt(kind: str) -> None:
    """Arrow and Parquet keep every type, and the receipt in their metadata."""
    data = WRITERS[kind](RELEASE)
    read = parquet.read_table if kind == PARQUET else _read_stream
    table = read(io.BytesIO(data))
    assert table.schema.types == TABLE.schema.types
    assert table.slice(0, 1).equals(TABLE.slice(0, 1))
    assert json.loads(table.schema.metadata[ENVELOPE])["receipt"] == {"format": "x"}


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (Stage.LAND, "land"),
        (Fraction(1, 4), 0.25),
        (float("inf"), None),
        (date(2030, 1, 2), "2030-01-02"),
        (Decimal("1.50"), "1.50"),
        (Path("a/b"), "a/b"),
        ({"b", "a"}, ["a", "b"]),
        ((1, True, None), [1, True, None]),
        ({1: Loss(0.1, 0.2, 0.0)}, {"1": {"rho": 0.1, "epsilon": 0.2, "delta": 0.0}}),
    ],
)
def test_results_are_plain_json(value: object, form: object) -> None:
    """Enumerations, fractions, dates, paths, sets and records have one JSON form."""
    assert plain(value) == form


def test_columns_say_their_types() -> None:
    """Each type of a release has the name the manual gives it."""
    table = pa.table(
        {
            "b": [True],
            "d": [date(2030, 1, 2)],
            "t": [datetime(2030, 1, 2)],  # noqa: DTZ001 - data has no time zone
            "n": [1],
        }
    )
    document = release_document(Release("r", table, {}, RELEASE.loss, charged=True))
    types = [each["type"] for each in document["columns"]]
    assert types == ["boolean", "date", "datetime", "integer"]
    assert document["rows"][0]["t"] == "2030-01-02T00:00:00"


def test_what_has_no_json_form_is_an_error() -> None:
    """An unknown type never leaves as its repr."""
    with pytest.raises(TypeError, match="object has no JSON form"):
        plain({"inside": [object()]})


def _read_stream(source: io.BytesIO) -> pa.Table:
    return pa.ipc.open_stream(source).read_all()
