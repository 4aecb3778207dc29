"""What a manifest may have made of a value, and what it is told when it may not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot.expressions as exp
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Invalid
from privacy.catalogue import Type
from tests.intake.support import Register, new_zones, published, take_in, with_fields
from tre.gateway.inbox import opened_inbox
from tre.intake import Publication, Reason
from tre.intake.making import MULTIPLE
from tre.intake.sql import number, sql
from tre.manifest import columns, load

BORN = {"name": "x", "type": "date"}
AGE = {"from": "age-band", "at": "2026-04-05", "bands": [0, 16, 17, 65]}
POSTCODE = {"name": "x", "tre": {"role": "identifier", "kind": "postcode"}}
OUTWARD = {"from": "outward-postcode"}
SEX = {"name": "x", "type": "integer"}
CODES = {"from": "codes", "codes": {1: "Male", 2: "Female", 9: None}}
PAY = {"name": "x", "type": "number", "constraints": {"minimum": 0, "maximum": 1000}}
REGIONS = {
    "from": "lookup",
    "table": "regions.csv",
    "key": "outward",
    "value": "region",
    "form": "outward-postcode",
    "enum": ["London", "Wales"],
}


def _table(values: list[object]) -> pa.Table:
    texts = [None if value is None else str(value) for value in values]
    return pa.table({"x": pa.array(texts, pa.string())})


def _taken(
    folder: Path, field: Mapping[str, Any], values: list[object]
) -> tuple[Publication, list[object]]:
    """What becomes of the values: what is published, by the order that they had."""
    (folder / "regions.csv").write_text(
        "outward,region,note\nsw1a,London,a\nCF 10,Wales,b\nEC1A,London,c\n"
    )
    zones = new_zones(folder)
    document = with_fields(field, {"name": "nr", "type": "integer"})
    table = _table(values).append_column("nr", pa.array(range(len(values))))
    taken = take_in(zones, Register(), document, table)
    rows = published(zones, taken).to_pylist()
    (made,) = set(rows[0]) - {"person_id", "_rank", "_order", "nr"}
    kept = {row["nr"]: row[made] for row in rows}
    return taken, [kept.get(number, Reason.RANGE) for number in range(len(values))]


def _making(field: Mapping[str, Any], derivation: Mapping[str, Any]) -> dict[str, Any]:
    """The field with a column made of it, itself not published."""
    role = field.get("tre", {"drop": True})
    return {**field, "tre": {**role, "derive": {"y": dict(derivation)}}}


MADE: list[tuple[Mapping[str, Any], list[tuple[object, object]]]] = [
    (
        _making(BORN, AGE),
        [
            ("2026-04-05", "0 to 15"),
            ("2026-04-06", Reason.RANGE),
            ("2010-04-06", "0 to 15"),
            ("2010-04-05", "16"),
            ("1961-04-06", "17 to 64"),
            ("1961-04-05", "65 and over"),
            ("1066-10-14", "65 and over"),
            ("not a date", None),
            (None, None),
        ],
    ),
    (
        _making(POSTCODE, OUTWARD),
        [
            ("SW1A 1AA", "SW1A"),
            ("cf101ab", "CF10"),
            ("m1 1ae", "M1"),
            ("EC1A", "EC1A"),
            ("12345", None),
            ("", None),
        ],
    ),
    (
        _making(POSTCODE, {**OUTWARD, "enum": ["SW1A"], "out_of_range": "clamp"}),
        [("SW1A 1AA", "SW1A"), ("CF10 1AB", None), ("junk", None)],
    ),
    (
        _making(POSTCODE, REGIONS),
        [
            ("SW1A1AA", "London"),
            ("Cf10 1ab", "Wales"),
            ("B1 1AA", Reason.RANGE),
            ("none", None),
            (None, None),
        ],
    ),
    (
        _making(SEX, CODES),
        [
            ("1", "Male"),
            (" 2 ", "Female"),
            ("01", "Male"),
            ("9", None),
            ("3", Reason.RANGE),
            ("x", Reason.RANGE),
            (None, None),
        ],
    ),
    (
        {
            **PAY,
            "tre": {"decimals": 1, "generalise": {"from": "bands", "bands": [0, 9.5]}},
        },
        [
            ("0", "0 to under 9.5"),
            ("9.4", "0 to under 9.5"),
            ("9.5", "9.5 and over"),
            ("1000", "9.5 and over"),
            ("1001", Reason.RANGE),
        ],
    ),
    (
        {
            "name": "x",
            "type": "integer",
            "tre": {
                "generalise": {
                    "from": "bands",
                    "bands": [1, 10],
                    "labels": ["few", "many"],
                    "out_of_range": "clamp",
                }
            },
        },
        [("1", "few"), ("10", "many"), ("0", None), ("-5", None), (None, None)],
    ),
    (
        {
            **PAY,
            "tre": {"decimals": 0, "generalise": {"from": "step", "step": 250}},
        },
        [("0", 0), ("249", 0), ("250", 250), ("1000", 1000), ("1001", Reason.RANGE)],
    ),
    (
        {**PAY, "tre": {"decimals": 2, "top_code": 500, "bottom_code": 10}},
        [("5", 1000), ("10", 1000), ("499.99", 49999), ("501", 50000)],
    ),
    (
        {
            **PAY,
            "tre": {"decimals": 0, "top_code": 500, "out_of_range": "clamp"},
        },
        [("-7", 0), ("5000", 500), ("500", 500)],
    ),
    (
        {
            **BORN,
            "tre": {"generalise": {"from": "year", "minimum": 1900, "maximum": 2020}},
        },
        [("1980-02-03", 1980), ("1899-01-01", Reason.RANGE), (None, None)],
    ),
]


@pytest.mark.parametrize(("field", "cases"), MADE)
def test_a_value_becomes(
    tmp_path: Path, field: dict[str, Any], cases: list[tuple[object, object]]
) -> None:
    """Each value is published as its transformation says, or its row rejected."""
    _, made = _taken(tmp_path, field, [value for value, _ in cases])
    assert made == [expected for _, expected in cases]


@pytest.mark.parametrize(("field", "cases"), MADE)
def test_what_is_published_is_in_the_public_domain(
    tmp_path: Path, field: dict[str, Any], cases: list[tuple[object, object]]
) -> None:
    """Every value that is made is one that the manifest told the public of."""
    manifest = load(with_fields(field), tmp_path)
    (column,) = columns(manifest.resources[0])
    known = column.domain
    for _, made in cases:
        if made is None:
            assert known.nullable
        elif not isinstance(made, Reason) and known.values is not None:
            assert made in known.values
        elif known.type is Type.NUMBER and isinstance(made, int):
            assert known.lower <= made <= known.upper  # type: ignore[operator]  # of a number


@given(st.integers(-3000, 3000), st.integers(1, 700))
def test_a_step_rounds_down(value: int, step: int) -> None:
    """The multiple is at most the value and less than one step from it."""
    tree = exp.select(sql(MULTIPLE, x=number(value), size=number(step)))
    row = duckdb.sql(tree.sql("duckdb")).fetchone()
    assert row is not None
    assert row[0] == value // step * step


def test_a_lookup_reads_parquet_and_whole_postcodes(tmp_path: Path) -> None:
    """A table of whole postcodes is compared without blanks and case."""
    pairs = {"p": ["SW1A 1AA", "cf10 1ab"], "r": ["London", "Wales"]}
    pq.write_table(pa.table(pairs), tmp_path / "t.parquet")
    said = {
        **REGIONS,
        "table": "t.parquet",
        "key": "p",
        "value": "r",
        "form": "postcode",
    }
    values: list[object] = ["sw1a1aa", "CF10 1AB"]
    _, made = _taken(tmp_path, _making(POSTCODE, said), values)
    assert made == ["London", "Wales"]


TABLES = [
    ("outward,region\nA1,London\na1,Wales\n", "key", "comes twice"),
    ("outward,region\nA1,Paris\n", "enum", "every value"),
    ("outward,region\nA1,\n", "enum", "every value"),
    ("outward,place\nA1,London\n", "value", "no such column"),
    ("outward,region\nA1,London\nB1,Wales,x\nC1\n", "table", "2 rows of t.csv have"),
    ("outward,region\nA1,Wal\udcffes\n", "table", "t.csv:2: expected text in utf-8"),
    ("", "table", "t.csv: is empty"),
    (None, "table", "t.csv: there is no such file"),
]


@pytest.mark.parametrize(("content", "key", "message"), TABLES)
def test_a_wrong_table_is_refused(
    tmp_path: Path, content: str | None, key: str, message: str
) -> None:
    """A table that cannot give one listed value for a key ends the intake."""
    if content is not None:
        (tmp_path / "t.csv").write_text(content, errors="surrogateescape")
    field = _making(POSTCODE, {**REGIONS, "table": "t.csv"})
    with pytest.raises(Invalid, match=message) as caught:
        _taken(tmp_path, field, ["SW1A 1AA"])
    assert caught.value.path == f"resources[0].schema.fields[0].tre.derive.y.{key}"


WRONG: list[tuple[dict[str, Any], str, str]] = [
    (_making(BORN, {"from": "week"}), ".tre.derive.y", "expected from, one of year"),
    (_making(BORN, {**AGE, "bands": [16, 16]}), ".tre.derive.y.bands", "above the one"),
    (_making(BORN, {**AGE, "band": 1}), ".tre.derive.y.band", "unknown key"),
    (_making(SEX, AGE), ".tre.derive.y", "date or datetime"),
    (_making(SEX, OUTWARD), ".tre.derive.y", "fields of type string"),
    (_making(SEX, {"from": "codes", "codes": {}}), ".tre.derive.y.codes", "at least"),
    (
        _making(SEX, {"from": "codes", "codes": {1: None}}),
        ".tre.derive.y.codes",
        "label",
    ),
    (_making(PAY, {"from": "step", "step": 0}), ".tre.derive.y.step", "above 0"),
    (
        _making(POSTCODE, {**REGIONS, "table": "/etc/t.csv"}),
        ".tre.derive.y.table",
        "own",
    ),
    (
        _making(PAY, {"from": "bands", "bands": [0, 5], "labels": ["one"]}),
        ".tre.derive.y.labels",
        "as many",
    ),
    ({**PAY, "tre": {"top_code": 1, "bottom_code": 2}}, ".tre.bottom_code", "at most"),
    ({**BORN, "tre": {"top_code": 1}}, ".tre.top_code", "integer or number"),
    (
        {**POSTCODE, "tre": {**POSTCODE["tre"], "generalise": OUTWARD}},  # type: ignore[dict-item]  # a mapping
        ".tre.generalise",
        "use derive",
    ),
    (
        {**POSTCODE, "tre": {**POSTCODE["tre"], "drop": True}},  # type: ignore[dict-item]  # a mapping
        ".tre.drop",
        "would be published",
    ),
]


@pytest.mark.parametrize(("field", "path", "message"), WRONG)
def test_a_wrong_declaration_names_its_place(
    field: dict[str, Any], path: str, message: str
) -> None:
    """The error has the path of the key at fault and the rule it breaks."""
    with pytest.raises(Invalid, match=message) as caught:
        load(with_fields(field))
    assert caught.value.path == f"resources[0].schema.fields[0]{path}"


def test_a_dropped_field_is_nowhere(tmp_path: Path) -> None:
    """What is dropped is not read, not published and not in the catalogue."""
    field = {"name": "x", "tre": {"drop": True}}
    document = with_fields(field, {"name": "n", "type": "integer"})
    zones = new_zones(tmp_path)
    table = pa.table({"x": ["CANARY"], "n": ["1"]})
    taken = take_in(zones, Register(), document, table)
    assert published(zones, taken).column_names == [
        *("person_id", "_rank", "n", "_order")
    ]
    assert [column.name for column in taken.tables[0].columns] == ["n"]


def test_tables_of_a_manifest_sent_stay_in_the_inbox(tmp_path: Path) -> None:
    """A table to look up in is a file like any other: links out of the inbox end."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "out.csv").write_text("outward,region\n")
    (tmp_path / "inbox" / "t.csv").symlink_to(tmp_path / "out.csv")
    document = with_fields(_making(POSTCODE, {**REGIONS, "table": "t.csv"}))
    with pytest.raises(Invalid, match="inbox"):
        opened_inbox(tmp_path / "inbox", document)
