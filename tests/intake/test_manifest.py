from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors import Invalid
from privacy.catalogue import Domain, Type, Unit
from tests.intake.support import fields_of, package, with_fields
from tre.manifest import Manifest, load, public_tables

CONTRACT = """
name: earnings
title: Annual earnings
version: "2026.1"
tre:
  controller: Department of Examples
  legal_basis: Digital Economy Act 2017, section 64
  population: residents
  retention: 2031-12-31
  budget: {epsilon: 4.0, delta: 1.0e-6}
resources:
  - name: earnings
    path: earnings.csv
    tre:
      privacy_unit: person
      rows_per_person: 8
      link: {identifiers: [nino, forename, surname, date_of_birth, postcode]}
    schema:
      missingValues: ["", "NA"]
      fields:
        - name: nino
          type: string
          tre: {role: identifier, kind: national-insurance-number}
        - {name: forename, type: string, tre: {role: identifier, kind: forename}}
        - {name: surname, type: string, tre: {role: identifier, kind: surname}}
        - name: date_of_birth
          type: date
          tre:
            role: identifier
            kind: date-of-birth
            derive: {birth_year: {from: year, minimum: 1900, maximum: 2020}}
        - {name: postcode, type: string, tre: {role: identifier, kind: postcode}}
        - name: tax_year
          type: integer
          constraints: {required: true, minimum: 2010, maximum: 2020}
        - name: region
          type: string
          constraints: {enum: [North East, North West, London, Wales]}
        - {name: employer, type: string, tre: {role: quasi-identifier}}
        - name: pay
          type: number
          constraints: {minimum: 0, maximum: 200000}
          tre: {decimals: 2, out_of_range: clamp}
"""


@pytest.fixture
def contract(tmp_path: Path) -> Manifest:
    """The manifest of the contract."""
    file = tmp_path / "datapackage.yaml"
    file.write_text(CONTRACT)
    return load(file)


def test_public_facts_of_the_contracts_manifest(contract: Manifest) -> None:
    """Researchers see attributes and derived columns, with exact domains."""
    (table,) = public_tables(contract)
    assert (table.name, table.dataset) == ("earnings", "earnings")
    assert (table.unit, table.rows_per_person) == (Unit.PERSON, 8)
    years = tuple(range(1900, 2021))
    regions = ("North East", "North West", "London", "Wales")
    assert {column.name: column.domain for column in table.columns} == {
        "birth_year": Domain(Type.NUMBER, 0, 1900, 2020, True, years),
        "tax_year": Domain(Type.NUMBER, 0, 2010, 2020, False, tuple(range(2010, 2021))),
        "region": Domain(Type.TEXT, 0, "London", "Wales", True, regions),
        "employer": Domain(Type.TEXT),
        "pay": Domain(Type.NUMBER, 2, 0, 20_000_000),
    }
    assert table.granted == {column.name for column in table.columns}


def test_the_manifest_keeps_what_governance_needs(contract: Manifest) -> None:
    """Controller, retention, budget and base folder are there to be asked for."""
    extension = contract.package.tre
    assert extension.retention == date(2031, 12, 31)
    assert extension.budget is not None
    assert extension.budget.epsilon == 4.0
    assert contract.population == "residents"
    assert contract.base.name != "datapackage.yaml"


def test_yaml_json_and_mappings_are_alike(tmp_path: Path) -> None:
    """The same descriptor means the same in every way it can be written."""
    document = package()
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(document))
    (tmp_path / "a.json").write_text(json.dumps(document))
    loaded = [load(tmp_path / "a.yaml"), load(str(tmp_path / "a.json"))]
    loaded.append(load(document, tmp_path))
    assert all(one == loaded[0] for one in loaded)


def _column(field: dict[str, Any]) -> Domain:
    (table,) = public_tables(load(with_fields(field)))
    return table.columns[0].domain


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (
            {"type": "boolean"},
            Domain(Type.BOOLEAN, 0, False, True, True, (False, True)),
        ),
        ({"type": "integer"}, Domain(Type.NUMBER)),
        (
            {"type": "integer", "constraints": {"minimum": 1, "maximum": 1001}},
            Domain(Type.NUMBER, 0, 1, 1001),
        ),
        (
            {"type": "integer", "constraints": {"enum": [5, 1, 3]}},
            Domain(Type.NUMBER, 0, 1, 5, True, (1, 3, 5)),
        ),
        (
            {"type": "number", "constraints": {"minimum": 0, "maximum": 200000}},
            Domain(Type.NUMBER, 0, 0, 200000),
        ),
        (
            {"type": "number", "constraints": {"minimum": -9.5, "maximum": 9.5}},
            Domain(Type.NUMBER, 5, -950_000, 950_000),
        ),
        (
            {"type": "number", "constraints": {"minimum": 0, "maximum": 99999.99}},
            Domain(Type.NUMBER, 1, 0, 1_000_000),
        ),
        (
            {"type": "number", "constraints": {"maximum": 0.1}, "tre": {"decimals": 1}},
            Domain(Type.NUMBER, 1, None, 1),
        ),
        ({"type": "number", "tre": {"decimals": 3}}, Domain(Type.NUMBER, 3)),
        (
            {"type": "date", "constraints": {"minimum": date(1900, 1, 1)}},
            Domain(Type.DATE, 0, date(1900, 1, 1)),
        ),
        (
            {"type": "datetime", "constraints": {"maximum": "2020-01-01T00:00:00"}},
            Domain(
                Type.DATETIME,
                0,
                None,
                datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None),
            ),
        ),
        (
            {"type": "string", "constraints": {"required": True}},
            Domain(Type.TEXT, nullable=False),
        ),
    ],
)
def test_domains(field: dict[str, Any], expected: Domain) -> None:
    """Bounds are unscaled integers; short spans and lists are spelled out."""
    domain = _column({"name": "x", **field})
    assert domain == expected or domain == _listed(expected)


def _listed(domain: Domain) -> Domain:
    lower, upper = domain.lower, domain.upper
    if domain.scale or domain.values:
        return domain
    if not isinstance(lower, int) or not isinstance(upper, int):
        return domain
    values = tuple(range(lower, upper + 1))
    return Domain(domain.type, 0, domain.lower, domain.upper, domain.nullable, values)


def test_a_thousand_and_one_values_are_not_keys() -> None:
    """A span of 1,000 whole numbers is listed, one more is not."""

    def span(top: int) -> Domain:
        bounds = {"minimum": 1, "maximum": top}
        return _column({"name": "x", "type": "integer", "constraints": bounds})

    assert span(1000).values is not None
    assert span(1001).values is None


def test_derived_years_take_their_parents_bounds() -> None:
    """A year without bounds of its own spans those of its date."""
    bounds = {"minimum": "1950-06-01", "maximum": "1960-01-01"}
    field = {
        "name": "when",
        "type": "date",
        "constraints": bounds,
        "tre": {"derive": {"y": {"from": "year"}, "q": {"from": "quarter"}}},
    }
    (table,) = public_tables(load(with_fields(field)))
    assert [column.name for column in table.columns] == ["when", "y", "q"]
    assert table.columns[1].domain.values == tuple(range(1950, 1961))
    assert table.columns[2].domain.values == (1, 2, 3, 4)


def _set(path: str, value: object):
    """A change to a document: `resources.0.tre.link` to `value`, or its removal."""

    def change(document: dict[str, Any]) -> None:
        place: Any = document
        *steps, last = path.split(".")
        for step in steps:
            place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
        if value is ...:
            del place[last]
        else:
            place[int(last) if last.isdigit() else last] = value

    return change


FIELDS = "resources.0.schema.fields"
DERIVE = {"derive": {"y": {"from": "year"}}}

WRONG: list[tuple[str, object, str, str]] = [
    ("name", ..., "name", "required"),
    ("name", "Not A Name", "name", "expected lower-case letters"),
    ("version", 2026.1, "version", "expected text (in quotes"),
    ("extra", 1, "extra", "unknown key"),
    ("resources", [], "resources", "at least one"),
    ("resources", {}, "resources", "expected a list"),
    ("tre.controller", ..., "tre.controller", "required"),
    ("tre.populaton", "x", "tre.populaton", "unknown key: is it population?"),
    (
        "tre.budget",
        {"epsilon": 0, "delta": 1e-6},
        "tre.budget.epsilon",
        "greater than 0",
    ),
    ("tre.budget", {"epsilon": 1, "delta": 1}, "tre.budget.delta", "less than 1"),
    ("tre.budget", {"epsilon": True, "delta": 1e-6}, "tre.budget.epsilon", "not true"),
    (
        "tre.budget",
        {"epsilon": float("inf"), "delta": 0.1},
        "tre.budget.epsilon",
        "finite",
    ),
    ("tre.retention", "soon", "tre.retention", "expected a date such as 2031-12-31"),
    ("resources.0.name", "_x", "resources[0].name", "expected a letter"),
    ("resources.0.path", "/etc/passwd", "resources[0].path", "own folder"),
    ("resources.0.path", "../x.csv", "resources[0].path", "own folder"),
    (
        "resources.0.path",
        ["a.csv", "https://x/y.csv"],
        "resources[0].path",
        "own folder",
    ),
    ("resources.0.encoding", "utf-99", "resources[0].encoding", "text encoding"),
    ("resources.0.transform", [], "resources[0].transform", "unknown key"),
    (
        "resources.0.tre.source",
        {"kind": "oracle"},
        "resources[0].tre.source",
        "expected kind, one of",
    ),
    (
        "resources.0.tre.privacy_unit",
        "household",
        "resources[0].tre.privacy_unit",
        "one of",
    ),
    (
        "resources.0.tre.rows_per_person",
        ...,
        "resources[0].tre.rows_per_person",
        "whole number",
    ),
    (
        "resources.0.tre.rows_per_person",
        "8",
        "resources[0].tre.rows_per_person",
        "whole number",
    ),
    (
        "resources.0.tre.rows_per_person",
        0,
        "resources[0].tre.rows_per_person",
        "greater than",
    ),
    (
        "resources.0.tre.privacy_unit",
        "row",
        "resources[0].tre.rows_per_person",
        "is for",
    ),
    (
        "resources.0.tre.link",
        {"identifiers": ["region"]},
        "resources[0].tre.link.identifiers[0]",
        "role identifier",
    ),
    (
        "resources.0.tre.link",
        {"identifiers": ["nr", "nr"]},
        "resources[0].tre.link.identifiers[1]",
        "once",
    ),
    *(
        (
            "resources.0.tre.link",
            {"identifiers": ["nr"], "by": by},
            f"resources[0].tre.link.by{place}",
            expected,
        )
        for by, place, expected in (
            (["nowhere"], "[0]", "list of at most 100 values"),
            (["region", "pay"], "[1]", "list of at most 100 values"),
            (["nr"], "[0]", "published column"),
            (["region", "region"], "[1]", "once"),
            ([f"c{number}" for number in range(9)], "", "at most 8"),
        )
    ),
    (
        "resources.0.dialect",
        {"delimiter": ",,"},
        "resources[0].dialect.delimiter",
        "at most 1",
    ),
    (f"{FIELDS}.0.tre.kind", ..., f"{FIELDS}.0.tre.kind", "kind of identifier"),
    (f"{FIELDS}.0.tre.kind", "surname", "resources[0].tre.link", "local-id"),
    (f"{FIELDS}.1.tre", {"kind": "surname"}, f"{FIELDS}.1.tre.kind", "role identifier"),
    (f"{FIELDS}.1.name", "NR", f"{FIELDS}.1.name", "once"),
    (f"{FIELDS}.1.name", "person_id", f"{FIELDS}.1.name", "only for an identifier"),
    (f"{FIELDS}.1.name", "_rank", f"{FIELDS}.1.name", "expected a letter"),
    (f"{FIELDS}.1.name", 'x"; DROP', f"{FIELDS}.1.name", "expected a letter"),
    (f"{FIELDS}.1.type", "object", f"{FIELDS}.1.type", "one of"),
    (
        f"{FIELDS}.1.constraints.minimum",
        2021,
        f"{FIELDS}.1.constraints.minimum",
        "at most the maximum",
    ),
    (
        f"{FIELDS}.1.constraints.minimum",
        "low",
        f"{FIELDS}.1.constraints.minimum",
        "finite number",
    ),
    (
        f"{FIELDS}.1.constraints.minimum",
        2010.5,
        f"{FIELDS}.1.constraints.minimum",
        "0 decimals",
    ),
    (
        f"{FIELDS}.1.constraints.maximum",
        10**30,
        f"{FIELDS}.1.constraints.maximum",
        "too large",
    ),
    (
        f"{FIELDS}.1.constraints.pattern",
        "x",
        f"{FIELDS}.1.constraints.pattern",
        "unknown key",
    ),
    (f"{FIELDS}.1.tre", {"decimals": 2}, f"{FIELDS}.1.tre.decimals", "not integer"),
    (f"{FIELDS}.1.format", "%Y", f"{FIELDS}.1.format", "default"),
    (f"{FIELDS}.1.tre", DERIVE, f"{FIELDS}.1.tre.derive.y", "date"),
    (
        f"{FIELDS}.2.constraints.enum",
        ["a", "a"],
        f"{FIELDS}.2.constraints.enum",
        "once",
    ),
    (
        f"{FIELDS}.2.constraints.enum",
        [True, "No"],
        f"{FIELDS}.2.constraints.enum.0",
        "in quotes",
    ),
    (
        f"{FIELDS}.2.constraints.enum",
        [],
        f"{FIELDS}.2.constraints.enum",
        "at least one",
    ),
    (
        f"{FIELDS}.2.constraints.minimum",
        1,
        f"{FIELDS}.2.constraints.minimum",
        "nor for type",
    ),
    (f"{FIELDS}.3.constraints", {}, f"{FIELDS}.3.constraints", ""),
    (
        f"{FIELDS}.3.tre.decimals",
        19,
        f"{FIELDS}.3.tre.decimals",
        "less than or equal to 18",
    ),
    (
        f"{FIELDS}.3.tre.out_of_range",
        "ignore",
        f"{FIELDS}.3.tre.out_of_range",
        "one of",
    ),
]


@pytest.mark.parametrize(("where", "value", "path", "message"), WRONG)
def test_a_wrong_manifest_names_its_place(
    where: str, value: object, path: str, message: str
) -> None:
    """The error has the path of the key at fault and says what was expected."""
    document = package()
    _set(where, value)(document)
    if where.endswith("3.constraints"):
        del fields_of(document)[3]["tre"]
    with pytest.raises(Invalid) as caught:
        load(document)
    assert caught.value.path == _bracketed(path)
    assert message in caught.value.message


def _bracketed(path: str) -> str:
    steps = [f"[{step}]" if step.isdigit() else f".{step}" for step in path.split(".")]
    return "".join(steps).lstrip(".")


@pytest.mark.parametrize(
    ("field", "path", "message"),
    [
        (
            {"name": "d", "type": "date", "tre": DERIVE},
            "tre.derive.y.minimum",
            "a year",
        ),
        (
            {"name": "d", "type": "date", "format": "%Y'; DROP"},
            "format",
            "pattern such as",
        ),
        (
            {"name": "d", "type": "date", "constraints": {"minimum": "2020-13-01"}},
            "constraints.minimum",
            "ISO date",
        ),
        (
            {"name": "b", "type": "boolean", "constraints": {"enum": [True]}},
            "constraints.enum",
            "boolean",
        ),
        (
            {
                "name": "d",
                "type": "date",
                "tre": {"derive": {"d": {"from": "month"}}},
            },
            "tre.derive.d",
            "no other column",
        ),
        (
            {
                "name": "d",
                "type": "date",
                "tre": {"derive": {"m": {"from": "month", "minimum": 13}}},
            },
            "tre.derive.m.minimum",
            "at most the maximum",
        ),
    ],
)
def test_a_wrong_field_names_its_place(field, path: str, message: str) -> None:
    """Rules between the keys of one field name the key at fault."""
    with pytest.raises(Invalid) as caught:
        load(with_fields(field))
    assert caught.value.path == f"resources[0].schema.fields[0].{path}"
    assert message in caught.value.message


BOMB = "a0: &a0 [x, x]\na1: &a1 [*a0, *a0]\n" + "".join(
    f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(2, 40)
)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.yaml", "name: [", "a.yaml:1:8: expected YAML"),
        ("a.yaml", "name: a\nname: b\n", "appears twice"),
        ("a.yaml", "- 1\n", "expected a Data Package"),
        ("a.yaml", "", "expected a Data Package"),
        ("a.yaml", "when: 2020-99-99\n", "expected YAML"),
        ("a.yaml", BOMB, "a.yaml:2:14: expected YAML: parts refer to each other"),
        ("a.yaml", "name: &a [*a]\n", "expected YAML: parts refer to each other"),
        ("a.yaml", f"x: [{'*a,' * 101}]\n&a y: 1", "expected YAML"),
        ("a.yaml", "x: " + "[" * 5_000, "expected YAML: more than 32 levels"),
        ("a.yaml", "name: " + "9" * 5_000, "expected YAML"),
        ("a.yaml", "#" * (1024 * 1024 + 1), "a.yaml: expected at most 1 MiB"),
        ("a.yaml", f"x: &a [{'1,' * 4_000}]\ny: [{'*a,' * 90}]\n", "200,000 values"),
        ("a.json", '{"x":' + "[" * 100_000, "a.json: expected JSON"),
        ("a.json", '{"x":' + "[" * 50 + "]" * 50 + "}", "at most 32 levels"),
        ("a.json", '{"name": ' + "9" * 5_000 + "}", "a.json: expected JSON"),
        ("a.json", '{"name": "\\ud800"}', "name: expected text without NUL"),
        ("a.json", '{"a": {"b\\u0000": 1}}', "a: expected text without NUL"),
        ("a.yaml", "x: !!python/object/apply:os.system [ls]\n", "expected YAML"),
        ("a.json", '{"name": }', "a.json:1:10: expected JSON"),
        ("a.json", '{"name": 1, "name": 2}', "appears twice"),
    ],
)
def test_files_that_are_no_manifest(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    """What cannot be parsed names the file, and the place where there is one."""
    (tmp_path / name).write_text(content)
    with pytest.raises(Invalid) as caught:
        load(tmp_path / name)
    assert message in str(caught.value)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    """A file that is not there, or is not text, is an error like any other."""
    with pytest.raises(Invalid, match="there is no such file"):
        load(tmp_path / "gone.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid, match="expected UTF-8 text"):
        load(tmp_path / "binary.yaml")
    with pytest.raises(Invalid, match="cannot be read"):
        load(tmp_path)


def test_reference_tables_identify_nobody() -> None:
    """A public table with an identifier is a contradiction."""
    field = {"name": "nr", "tre": {"role": "identifier", "kind": "local-id"}}
    with pytest.raises(Invalid, match="identifies nobody"):
        load(with_fields(field, {"name": "x"}, privacy_unit="none"))


def test_real_column_names_are_accepted() -> None:
    """Names as real files have them, blanks and dashes included, need no renaming."""
    names = ["marital_status", "hours-per-week", "Date of birth", "rate (%)"]
    fields = [{"name": name} for name in names]
    (table,) = public_tables(load(with_fields(*fields)))
    assert [column.name for column in table.columns] == names


@pytest.mark.parametrize("encoding", ["zlib", "base64", "undefined", "a b", "none"])
def test_an_encoding_is_one_of_text(encoding: str) -> None:
    """What Python calls a codec and is no encoding of text is refused by name."""
    document = package()
    document["resources"][0]["encoding"] = encoding
    with pytest.raises(Invalid, match=r"encoding: expected the name of a text"):
        load(document)


@pytest.mark.parametrize("bound", ["1e999999999", "1e99999", "9e-99999", 10**4000])
@pytest.mark.parametrize("kind", ["integer", "number"])
def test_a_bound_is_a_number_that_can_be_stored(bound: object, kind: str) -> None:
    """No bound makes the arithmetic overflow, however it is written."""
    document = with_fields(
        {"name": "x", "type": kind, "constraints": {"minimum": 0, "maximum": bound}}
    )
    with pytest.raises(Invalid, match=r"maximum: is too large or too small"):
        load(document)


def test_parts_may_be_written_once(tmp_path: Path) -> None:
    """A part that is referred to, and refers to nothing, may stand in many places."""
    document = yaml.safe_dump(package())
    file = tmp_path / "a.yaml"
    file.write_text(f"{document}title: &name A\ndescription: *name\n")
    assert load(file).package.description == "A"
