"""Every source of files is reached from a manifest, and publishes the same rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from connectors import Invalid
from tests.connectors.declaring import NAMES, ROWS, package
from tests.connectors.reading import CANARY, refused
from tests.connectors.sas import write_sas7bcat, write_sas7bdat
from tests.intake.support import Register, new_zones, published
from tre.gateway.inbox import opened_inbox
from tre.intake import onboard
from tre.manifest import load
from tre.manifest.source import BUILT_IN, known_kinds

SOURCE = "resources[0].tre.source"


def _json_lines(folder: Path) -> dict[str, Any]:
    lines = (json.dumps(dict(zip(NAMES, row, strict=True))) for row in ROWS)
    (folder / "t.jsonl").write_text("\n".join(lines))
    return {"path": "t.jsonl"}


def _fixed_width(folder: Path) -> dict[str, Any]:
    (folder / "t.txt").write_text(
        "".join(
            f"{n:<3}{year}{region or '':<6}{pay:>6}\n" for n, year, region, pay in ROWS
        )
    )
    widths = [("nr", 1, 3), ("tax_year", 4, 4), ("region", 8, 6), ("pay", 14, 6)]
    columns = [{"name": n, "start": s, "width": w} for n, s, w in widths]
    return {"source": {"kind": "fixed-width", "path": "t.txt", "columns": columns}}


def _excel(folder: Path) -> dict[str, Any]:
    workbook = openpyxl.Workbook()
    workbook.active.append(["not this sheet"])
    sheet = workbook.create_sheet("People")
    for row in (NAMES, *ROWS):
        sheet.append(row)
    workbook.save(folder / "t.xlsx")
    return {"source": {"kind": "excel", "path": "t.xlsx", "sheet": "People"}}


def _statistics(folder: Path) -> dict[str, Any]:
    table = pd.DataFrame(ROWS, columns=list(NAMES))
    table["region"] = table["region"].map({"North": 1, "South": 2})
    labels: Any = {"region": {1: "North", 2: "South"}}
    pyreadstat.write_sav(table, folder / "t.sav", variable_value_labels=labels)
    return {"source": {"kind": "statistics", "path": "t.sav", "values": "labels"}}


def _sqlite(folder: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(folder / "t.db")) as connection:
        connection.execute(f"CREATE TABLE people ({', '.join(NAMES)})")
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", ROWS)
        connection.commit()
    return {"source": {"kind": "sqlite", "path": "t.db", "table": "people"}}


def _sas(folder: Path) -> dict[str, Any]:
    forms = dict(zip(NAMES, ("$8", "BEST12", "REGION", "BEST12"), strict=True))
    codes = {"North": 1, "South": 2, None: None}
    coded = [(nr, year, codes[region], pay) for nr, year, region, pay in ROWS]
    write_sas7bdat(folder / "t.sas7bdat", forms, coded)
    write_sas7bcat(folder / "f.sas7bcat", {"REGION": {1: "North", 2: "South"}})
    labels = {"values": "labels", "catalogue": "f.sas7bcat"}
    return {"source": {"kind": "statistics", "path": "t.sas7bdat", **labels}}


@pytest.mark.parametrize(
    "made", [_json_lines, _fixed_width, _excel, _statistics, _sas, _sqlite]
)
def test_a_source_publishes_its_rows(
    tmp_path: Path, made: Callable[[Path], dict[str, Any]]
) -> None:
    """The same three rows are published whatever kind of file holds them."""
    manifest = load(package(**made(tmp_path)), tmp_path)
    zones = new_zones(tmp_path / "home")
    publication = onboard(manifest, zones, Register())
    (counts,) = publication.counts
    assert (counts.landed, counts.rejected, counts.people) == (3, 0, 2)
    stored = published(zones, publication)
    assert sorted(stored["pay"].to_pylist()) == [100, 725, 1250]
    assert set(stored["region"].to_pylist()) == {"North", "South", None}


def test_an_unknown_kind_names_the_known_ones() -> None:
    """A kind that is not there, or not said, is refused with those that are."""
    said = f"expected kind, one of {', '.join(known_kinds())}"
    for source in ({"kind": CANARY}, {"path": "x"}, {"kind": ["excel"]}):
        refused(partial(load, package(source=source)), SOURCE, said)


@pytest.mark.parametrize(
    ("source", "path", "message"),
    [
        ({"kind": "sqlite", "path": "t.db"}, ".table", "required"),
        ({"kind": "sqlite", "path": "../t", "table": "t"}, ".path", "own folder"),
        ({"kind": "sqlite", "path": ["/t"], "table": "t"}, ".path", "own folder"),
        (
            {
                "kind": "postgresql",
                "host": "h",
                "database": "d",
                "table": "t",
                "credentials": f"me:{CANARY}",
            },
            ".credentials",
            "the name of credentials",
        ),
        ({"kind": "excel", "path": "t", "tab": "t"}, ".tab", "unknown key"),
        ({"kind": "statistics", "path": "t", "values": "x"}, ".values", "one of"),
        (
            {"kind": "statistics", "path": "t.sas7bdat", "values": "labels"},
            "",
            "expected catalogue",
        ),
        (
            {"kind": "statistics", "path": "t.sas7bdat", "catalogue": "f"},
            "",
            "values: labels",
        ),
        (
            {
                "kind": "statistics",
                "path": ["t.sas7bdat", "t.sav"],
                "values": "labels",
                "catalogue": "f",
            },
            "",
            ".sas7bdat files alone",
        ),
        (
            {
                "kind": "statistics",
                "path": "t.sas7bdat",
                "values": "labels",
                "catalogue": "../f",
            },
            ".catalogue",
            "own folder",
        ),
        ({"kind": "fixed-width", "path": "t", "columns": []}, ".columns", "at least"),
        (
            {
                "kind": "fixed-width",
                "path": "t",
                "columns": [{"name": "a", "start": 0, "width": 1}],
            },
            ".columns[0].start",
            "expected",
        ),
        (
            {
                "kind": "fixed-width",
                "path": "t",
                "columns": [{"name": "a", "start": 1, "width": 1}] * 2,
            },
            ".columns[1].name",
            "each name once",
        ),
    ],
)
def test_a_wrong_source_names_its_place(
    source: Mapping[str, Any], path: str, message: str
) -> None:
    """What is wrong in a source has its path in the manifest, without inner names."""
    refused(lambda: load(package(source=source)), SOURCE + path, message)


def test_a_table_has_one_place() -> None:
    """A path beside a source is one too many."""
    source = {"kind": "sqlite", "path": "t.db", "table": "t"}
    document = package(source=source, path="t.csv")
    refused(lambda: load(document), "resources[0].path", "not both")


SECRETS = [
    {"password": CANARY},
    {"Password": CANARY},
    {"db_password": CANARY},
    {"secret_access_key": CANARY},
    {"access-key-id": CANARY},
    {"api_key": CANARY},
    {"token": CANARY},
    {"options": {"connection_string": CANARY}},
    {"table": f"postgresql://me:{CANARY}@host/db"},
    {"table": f"host=h password={CANARY}"},
    {"table": "AKIAIOSFODNN7EXAMPLE"},
    {"table": f"https://x/y?X-Amz-Signature={CANARY}"},
    {"table": f"-----BEGIN RSA PRIVATE KEY-----{CANARY}"},
]


@pytest.mark.parametrize("secret", SECRETS, ids=str)
def test_a_credential_in_a_manifest_is_refused(secret: dict[str, Any]) -> None:
    """What looks like a credential is refused at its place and never shown."""
    said = {"kind": "sqlite", "path": "t.db", "table": "t", **secret}
    (key, value) = next(iter(secret.items()))
    inner = f".{next(iter(value))}" if isinstance(value, dict) else ""
    place = f"{SOURCE}.{key}{inner}"
    refused(lambda: load(package(source=said)), place, "looks like a credential")


@pytest.mark.parametrize("sign", ["*", "!"])
def test_a_password_that_yaml_cannot_read_is_not_told(
    tmp_path: Path, sign: str
) -> None:
    """What YAML takes for an alias or a tag of its own is not quoted."""
    file = tmp_path / "p.yaml"
    file.write_text(f"name: a\nsource:\n  password: {sign}{CANARY}\n")
    refused(lambda: load(file), f"{file}:3:13", "expected YAML")


def test_columns_may_be_called_as_they_are() -> None:
    """Names of columns and texts of descriptions are not taken for credentials."""
    document = package(path="t.csv", description="The token system; pass key stage 2.")
    document["resources"][0]["schema"]["fields"].append({"name": "password"})
    assert load(document).name == "earnings"


def test_what_is_sent_by_http_reads_the_inbox_only(tmp_path: Path) -> None:
    """A manifest sent to a server names files of its inbox and no other place."""
    inside = package(source={"kind": "sqlite", "path": "t.db", "table": "t"})
    assert opened_inbox(tmp_path, inside) == tmp_path
    (tmp_path / "out").symlink_to(tmp_path.parent)
    for path in ("../t.db", "out/t.db", ["t.db", "/etc/passwd"]):
        outside = package(source={"kind": "sqlite", "path": path, "table": "t"})
        with pytest.raises(Invalid, match="inside the controller's folder"):
            opened_inbox(tmp_path, outside)
    said = {"kind": "statistics", "path": "t.sas7bdat", "catalogue": "out/f"}
    with pytest.raises(Invalid, match="inside the controller's folder"):
        opened_inbox(tmp_path, package(source=said))


def test_what_is_sent_by_http_runs_no_installed_connector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kind that a package adds may reach anywhere, so it is not for a server."""
    folder = tmp_path / "far-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: far\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[tre.connectors]\nfar = far:Source\n")
    monkeypatch.syspath_prepend(tmp_path)
    document = package(source={"kind": "far", "path": "t"})
    assert load(document).name == "earnings"
    refused(lambda: opened_inbox(tmp_path, document), f"{SOURCE}.kind", "by HTTP")


def test_every_kind_is_in_the_manual() -> None:
    """The manual has a section for every kind that is built in."""
    manual = Path(__file__).parents[2] / "docs" / "reference" / "connectors.md"
    text = manual.read_text(encoding="utf-8")
    assert not [kind for kind in BUILT_IN if f"kind: {kind}" not in text]
