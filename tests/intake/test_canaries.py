"""Planted values are found where they belong and nowhere else, in clear nowhere."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import pyarrow as pa
import pytest

from connectors import Invalid, TableSource
from tests.intake.support import (
    Register,
    every_file,
    opened,
    package,
    published,
    take_in,
)
from tre.intake import Options, Stage, Zones, onboard
from tre.intake.engine import Engine
from tre.intake.record import COLUMNS
from tre.manifest import load

IDENTIFIER = "CANARYIDENTIFIER"
SENSITIVE = "CANARYSENSITIVE"
REMARK = "CANARYREMARK"


def _document(name: str = "canaries") -> dict[str, Any]:
    document = package(name=name)
    resource = document["resources"][0]
    resource["name"] = "people"
    resource["tre"]["link"] = {"identifiers": ["surname", "born"]}
    resource["schema"]["fields"] = [
        {"name": "surname", "tre": {"role": "identifier", "kind": "surname"}},
        {"name": "born", "tre": {"role": "identifier", "kind": "date-of-birth"}},
        {"name": "diagnosis", "tre": {"role": "sensitive"}},
        {"name": "remark", "tre": {"role": "free-text"}},
    ]
    return document


def _table(size: int = 3_000) -> pa.Table:
    """Enough rows that nothing stays in one block."""
    return pa.table(
        {
            "surname": [f"{IDENTIFIER}{at}" for at in range(size)],
            "born": [f"1980-01-02{at}" for at in range(size)],
            "diagnosis": [f"{SENSITIVE}{at}" for at in range(size)],
            "remark": [f"{REMARK}{at}" for at in range(size)],
        }
    )


def _forms(canary: str) -> list[bytes]:
    """The canary as text, lower case (its compared form) and in two-byte letters."""
    return [
        canary.encode(),
        canary.lower().encode(),
        canary.encode("utf-16-le"),
    ]


def _found(zones: Zones) -> list[str]:
    forms = [form for c in (IDENTIFIER, SENSITIVE, REMARK) for form in _forms(c)]
    return [
        name
        for name, content in every_file(zones.home).items()
        if any(form in content for form in forms)
    ]


def test_no_file_holds_a_value_in_clear(zones: Zones, register: Register) -> None:
    """At every stage, and afterwards, no file under the home shows a canary."""
    stages: list[Stage] = []

    def progress(stage: Stage, *_: object) -> None:
        stages.append(stage)
        assert _found(zones) == []

    onboard(
        load(_document(), zones.home),
        zones,
        register,
        sources={"people": TableSource("people", _table())},
        progress=progress,
        options=Options(memory_mib=64),
    )
    assert set(stages) == set(Stage) - {Stage.MATCH}  # which is for corrections
    assert _found(zones) == []


def test_the_canaries_would_be_seen(zones: Zones) -> None:
    """The search finds a canary that is in clear."""
    zones.prepare()
    (zones.folder("landing") / "oops").write_text(f"x{SENSITIVE}1")
    assert _found(zones) == ["zones/landing/oops"]


def test_research_has_attributes_and_no_identifiers(
    zones: Zones, register: Register
) -> None:
    """Decrypted, a version holds the sensitive column, no identifier, no free text."""
    publication = take_in(zones, register, _document(), _table())
    text = str(published(zones, publication).to_pydict())
    assert SENSITIVE in text
    assert IDENTIFIER not in text
    assert IDENTIFIER.lower() not in text
    assert REMARK not in text


def test_linkage_has_no_attributes(zones: Zones, register: Register) -> None:
    """Decrypted, the spine holds identifiers, keyed tokens and numbers alone."""
    take_in(zones, register, _document(), _table())
    file = zones.spine("residents")
    with opened(zones, file, zones.key_name(file)) as connection:
        tables = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns()"
            " WHERE database_name = 'f'"
        ).fetchall()
        text = "".join(
            str(connection.execute(f"FROM f.{table}").fetchall())
            for table in sorted({table for table, _ in tables})
        )
    assert {column for table, column in tables if table == "record"} == {
        *("record", "person", "epoch"),
        *COLUMNS,
    }
    kept = {"record", "token", "joined", "doubt", "decision", "objection"}
    about_them = {"seen", "whose", "scheme", "applied", "signing"}
    assert {table for table, _ in tables} == kept | about_them
    assert SENSITIVE not in text
    assert REMARK not in text


def test_zones_see_only_what_is_theirs(
    zones: Zones, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When linking starts, landing is gone; what is left shares only row numbers."""
    engines: list[Engine] = []
    opened_by = Engine.open

    def remember(*arguments: Any, **named: Any) -> Engine:
        engines.append(opened_by(*arguments, **named))
        return engines[-1]

    monkeypatch.setattr(Engine, "open", remember)
    seen: dict[Stage, dict[str, set[str]]] = {}

    def progress(stage: Stage, *_: object) -> None:
        if engines and stage is not Stage.LAND:  # while landing, the engine is busy
            found = engines[-1].run(
                "SELECT database_name, column_name FROM duckdb_columns()"
                " WHERE NOT internal"
            )
            zones_now: dict[str, set[str]] = {}
            for zone, name in found:
                zones_now.setdefault(zone, set()).add(name)
            seen[stage] = zones_now

    onboard(
        load(_document(), zones.home),
        zones,
        register,
        sources={"people": TableSource("people", _table(10))},
        progress=progress,
    )
    apart = seen[Stage.PSEUDONYMISE]
    assert "landing" not in apart
    assert apart["linkage"] == {"_row", "i0", "i1"}
    assert apart["staging"] == {"_row", "_order", "c0"}
    assert seen[Stage.LINK]["linkage"] == {"_row", "record", "rank", "token", *COLUMNS}
    assert "linkage" not in seen[Stage.PUBLISH]
    staged = {"_row", "_order", "c0", "person", "record"}
    assert seen[Stage.PUBLISH]["staging"] == staged


def test_errors_name_places_and_no_values(
    zones: Zones, register: Register, caplog: pytest.LogCaptureFixture
) -> None:
    """A rejected source's error, its whole traceback and the log show no value."""
    document = _document()
    fields = document["resources"][0]["schema"]["fields"]
    fields[2] = {"name": "diagnosis", "type": "integer"}
    with caplog.at_level(logging.DEBUG), pytest.raises(Invalid) as caught:
        take_in(zones, register, document, _table(20))
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "diagnosis type 20" in shown
    assert "CANARY" not in shown.upper()


def test_an_engines_error_is_not_passed_on(tmp_path) -> None:
    """DuckDB quotes values in its errors; what leaves the engine is only the kind."""
    engine = Engine.open(tmp_path, memory_mib=64, threads=1)
    with pytest.raises(Invalid) as caught:
        engine.run(f"SELECT CAST('{SENSITIVE}' AS INTEGER)")
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert str(caught.value) == "the engine could not go on (ConversionException)"
    engine.close()


def test_a_sources_error_is_not_passed_on(zones: Zones, register: Register) -> None:
    """Arrow quotes values in its errors too; the error names the source alone."""

    class Broken(TableSource):
        __slots__ = ()

        def select(self, columns) -> Broken:  # noqa: ARG002 - it only breaks
            return self

        def batches(self, rejects):  # noqa: ARG002 - it only breaks
            pa.array([SENSITIVE]).cast(pa.int64())
            yield

    source = Broken("people", _table(5))
    with pytest.raises(Invalid) as caught:
        onboard(
            load(_document(), zones.home), zones, register, sources={"people": source}
        )
    shown = "".join(traceback.format_exception(caught.value))
    assert caught.value.path == "people"
    assert SENSITIVE not in shown


def test_what_intake_returns_shows_no_value(zones: Zones, register: Register) -> None:
    """The repr of a publication, its counts and the zones holds no value and no key."""
    publication = take_in(zones, register, _document(), _table(10))
    shown = f"{publication!r} {zones!r} {TableSource('people', _table(10))!r}"
    assert "CANARY" not in shown.upper()
    secrets = [zones.keystore.key(name) for name in zones.keystore.names()]
    assert not any(key.hex() in shown or repr(key) in shown for key in secrets)
