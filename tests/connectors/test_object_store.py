from __future__ import annotations

import gzip
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import deltalake
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors import (
    ArrowSource,
    CsvSource,
    DeltaSource,
    ExcelSource,
    JsonLinesSource,
    ParquetSource,
)
from connectors.credential import Credential
from connectors.delta import StoredFolder
from connectors.object_store import ObjectStore, StoredObject
from connectors.retry import Patience
from tests.connectors.declaring import NAMES, ROWS, package
from tests.connectors.reading import CANARY, read, refused, rows
from tests.connectors.storing import (
    BUCKET,
    KEPT,
    PASSWORD,
    Relay,
    bucket,
    declared,
    object_store,
    store,
    taken_port,
)
from tests.intake.support import Register, new_zones, published
from tre.gateway.inbox import opened_inbox
from tre.intake import onboard
from tre.manifest import load

TABLE = pa.table({"n": [1, 2, 3], "region": ["North", None, "South"]})
SOURCE = "resources[0].tre.source"
AT_ONCE = Patience(())


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server that holds files of every format and a Delta table."""
    with object_store(tmp_path_factory.mktemp("store")) as port:
        yield port


def _put(port: int, key: str, content: bytes) -> StoredObject:
    with bucket(port).open_output_stream(f"{BUCKET}/{key}", compression=None) as file:
        file.write(content)
    return StoredObject(store(port, patience=AT_ONCE), key)


def _arrow(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue())


def test_every_streamed_format_is_read_from_a_store(port: int, tmp_path: Path) -> None:
    """CSV (compressed too), Parquet, Arrow, JSON lines and Excel give their rows."""
    text = "n,region\n1,North\n2,\n3,South\n"
    lines = '{"n": 1, "region": "North"}\n{"n": 2}\n{"n": 3, "region": "South"}\n'
    workbook = openpyxl.Workbook()
    for row in (("n", "region"), (1, "North"), (2, None), (3, "South")):
        workbook.active.append(row)
    workbook.save(tmp_path / "t.xlsx")
    sources: list[Any] = [
        CsvSource(_put(port, "t.csv", text.encode())),
        CsvSource(_put(port, "deep/t.csv.gz", gzip.compress(text.encode()))),
        JsonLinesSource(_put(port, "t.jsonl", lines.encode()), ("n", "region")),
        ParquetSource(_put(port, "t.parquet", _parquet(TABLE))),
        ArrowSource(_put(port, "t.arrow", _arrow(TABLE))),
        ExcelSource(_put(port, "t.xlsx", (tmp_path / "t.xlsx").read_bytes())),
    ]
    for source in sources:
        assert [str(row["n"]) for row in rows(source)] == ["1", "2", "3"], source.name
        found = [row["region"] or None for row in rows(source.select(["region"]))]
        assert found == ["North", None, "South"], source.name


def test_what_a_store_refuses_is_told_without_its_words(port: int) -> None:
    """Key, user and object: each by its rule alone, and with the object's name."""
    _put(port, "t.csv", b"a\n1\n")
    absent = StoredObject(store(port), f"{CANARY}/none.csv")
    refused(absent.open, "none.csv", "no such object")
    stranger = StoredObject(store(port, password=CANARY), "t.csv")
    refused(stranger.open, "t.csv", "refused to give it to this user")


def test_a_store_that_is_away_is_tried_again(port: int) -> None:
    """A store that answers at a later try is read; one that never does is named."""
    relay = Relay(port)
    waited: list[float] = []

    def pause(delay: float) -> None:
        waited.append(delay)
        relay.start()

    _put(port, "t.csv", b"a\n1\n")
    late = store(relay.port, patience=Patience((1.0, 2.0), pause))
    assert rows(CsvSource(StoredObject(late, "t.csv"))) == [{"a": "1"}]
    assert waited == [1.0]
    with taken_port() as silent:
        nowhere = silent.getsockname()[1]
        never = StoredObject(store(nowhere, patience=AT_ONCE), "t.csv")
        refused(never.open, "t.csv", "cannot be reached")


def test_a_connection_cut_while_reading_is_taken_up_again(port: int) -> None:
    """An object is read whole, though its store hangs up on it twice."""
    numbers = "".join(f"{n}\n" for n in range(200_000))
    _put(port, "long.csv", f"n\n{numbers}".encode())
    relay = Relay(port, cuts=2, after=200_000)
    relay.start()
    source = CsvSource(StoredObject(store(relay.port), "long.csv"))
    assert [int(row["n"]) for row in rows(source)] == list(range(200_000))
    assert relay.cuts == 0


@pytest.mark.parametrize("kind", ["parquet", "delta"])
def test_typed_tables_outlive_a_cut_too(port: int, kind: str) -> None:
    """A Parquet object and a Delta table are read whole, though the store hangs up."""
    table = pa.table({"n": list(range(200_000))})
    options = {"compression": "none", "use_dictionary": False}
    relay = Relay(port, cuts=1, after=200_000)
    relay.start()
    away = store(relay.port)
    source: Any
    if kind == "parquet":
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, **options)
        _put(port, "cut.parquet", bytes(sink.getvalue()))
        source = ParquetSource(StoredObject(away, "cut.parquet"))
    else:
        deltalake.write_deltalake(
            f"s3://{BUCKET}/cut", table, storage_options=_options(port)
        )
        source = DeltaSource(StoredFolder(away, "cut"))
    assert sorted(row["n"] for row in rows(source)) == list(range(200_000))
    assert relay.cuts == 0


def test_a_store_elsewhere_is_asked_with_encryption() -> None:
    """Only a store of this machine may be asked in the clear."""
    kept = Credential("a", "b")
    with pytest.raises(ValueError, match="https"):
        ObjectStore("s3.example.org", "b", "r", kept, 80, "http")
    said = {"kind": "s3", "host": "s3.example.org", "scheme": "http", "bucket": "b"}
    source = {**said, "path": "t.csv", "credentials": "kept"}
    refused(lambda: load(package(source=source)), SOURCE, "scheme https")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that holds what the manifest only names."""
    for name, value in KEPT.items():
        monkeypatch.setenv(name, value)


def _people() -> pa.Table:
    return pa.table(dict(zip(NAMES, zip(*ROWS, strict=True), strict=True)))


def _options(port: int) -> dict[str, str]:
    return dict(store(port).options())


@pytest.mark.usefixtures("kept")
def test_a_manifest_publishes_objects_and_shows_no_secret(
    port: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two objects are one table; no log, file or repr has what they were had with."""
    people = _people()
    _put(port, "a.parquet", _parquet(people.slice(0, 1)))
    _put(port, "b.parquet", _parquet(people.slice(1)))
    source = {"kind": "s3", **declared(port, path=["a.parquet", "b.parquet"])}
    manifest = load(package(source=source), tmp_path)
    zones = new_zones(tmp_path / "home")
    with caplog.at_level(0):
        publication = onboard(manifest, zones, Register())
    assert publication.counts[0].published == 3
    assert sorted(published(zones, publication)["pay"].to_pylist()) == [100, 725, 1250]
    shown = caplog.text + repr(manifest) + repr(publication) + repr(store(port))
    assert PASSWORD not in shown
    for file in (each for each in tmp_path.rglob("*") if each.is_file()):
        assert PASSWORD.encode() not in file.read_bytes()


@pytest.mark.usefixtures("kept")
def test_files_that_cannot_be_streamed_are_refused_by_name(
    port: int, tmp_path: Path
) -> None:
    """Files of statistics packages are read from this machine only, and told so."""
    source = {"kind": "s3", **declared(port, path="t.sav")}
    manifest = load(package(source=source))
    zones = new_zones(tmp_path)
    refused(
        lambda: onboard(manifest, zones, Register()), f"{SOURCE}.path", "this machine"
    )


@pytest.mark.usefixtures("kept")
def test_a_manifest_publishes_a_delta_table_of_a_store(
    port: int, tmp_path: Path
) -> None:
    """The version that is named is published, its partitions' columns too."""
    deltalake.write_deltalake(
        f"s3://{BUCKET}/people",
        _people(),
        partition_by=["tax_year"],
        storage_options=_options(port),
    )
    deltalake.write_deltalake(
        f"s3://{BUCKET}/people",
        _people(),
        mode="append",
        storage_options=_options(port),
    )
    said = {"kind": "delta", "path": "people", "version": 0}
    source = {**said, "store": declared(port)}
    zones = new_zones(tmp_path / "home")
    publication = onboard(load(package(source=source)), zones, Register())
    assert publication.counts[0].landed == 3
    stored = published(zones, publication)
    assert sorted(stored["tax_year"].to_pylist()) == [2010, 2011, 2011]


def test_a_delta_table_of_a_store_fails_by_rule(port: int) -> None:
    """No table, no right, no answer: each by its rule, without the library's text."""
    absent = DeltaSource(StoredFolder(store(port, patience=AT_ONCE), f"{CANARY}/none"))
    refused(partial(read, absent), "none", "expected a Delta table")
    deltalake.write_deltalake(f"s3://{BUCKET}/t", TABLE, storage_options=_options(port))
    denied = store(port, password=CANARY, patience=AT_ONCE)
    stranger = DeltaSource(StoredFolder(denied, "t"))
    refused(partial(read, stranger), "t", "refused to give it to this user")
    try:
        read(stranger)
    except Exception as error:  # noqa: BLE001 - whatever it is, it shows nothing
        shown = "".join(traceback.format_exception(error)) + repr(error.__context__)
    assert "CANARY" not in shown


def test_servers_of_others_are_not_read_for_a_manifest_sent(tmp_path: Path) -> None:
    """Over HTTP neither a store nor a table whose log may name any file is read."""
    for source in ({"kind": "s3", "path": "t.csv"}, {"kind": "delta", "path": "t"}):
        refused(
            partial(opened_inbox, tmp_path, package(source=source)),
            f"{SOURCE}.kind",
            "expected one of",
        )
