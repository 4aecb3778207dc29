"""Memory is bounded by the batch: a long file takes hardly more than a short one."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import deltalake
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pyreadstat
import pytest

from tests.connectors.declaring import package
from tests.connectors.memory import peak_mib
from tests.connectors.sas import write_sas7bdat
from tests.connectors.storing import BUCKET, KEPT, bucket, declared, object_store
from tests.postgres import Postgres, running

pytestmark = pytest.mark.slow

NAMES: Final = ("nr", "tax_year", "region", "pay")
SHORT: Final = 70_000
LONG: Final = 980_000
"""Rows of more than one batch, and of fourteen times as many."""

MORE_MIB: Final = 48
"""What a long file may take beyond a short one: half of what its rows are."""

TEXT: Final = "a region with a name that is long enough to be seen, number "


def _table(rows: int, start: int = 0) -> pa.Table:
    numbers = pa.array(range(start, start + rows))
    return pa.table(
        {
            "nr": numbers.cast(pa.string()),
            "tax_year": numbers,
            "region": pa.array([f"{TEXT}{n}" for n in range(start, start + rows)]),
            "pay": numbers.cast(pa.float64()),
        }
    )


def _tables(rows: int) -> Iterator[pa.Table]:
    for start in range(0, rows, SHORT):
        yield _table(min(SHORT, rows - start), start)


def _csv(folder: Path, rows: int) -> dict[str, Any]:
    schema = _table(1).schema
    with pacsv.CSVWriter(folder / "t.csv", schema) as writer:
        for table in _tables(rows):
            writer.write_table(table)
    return {"path": "t.csv"}


def _gzip(folder: Path, rows: int) -> dict[str, Any]:
    text = (folder / _csv(folder, rows)["path"]).read_bytes()
    (folder / "t.csv.gz").write_bytes(gzip.compress(text, 1))
    return {"path": "t.csv.gz", "dialect": {"skipInitialSpace": True}}


def _json_lines(folder: Path, rows: int) -> dict[str, Any]:
    with (folder / "t.jsonl").open("w") as file:
        for table in _tables(rows):
            for nr, year, region, pay in zip(*table.to_pydict().values(), strict=True):
                file.write(
                    f'{{"nr": "{nr}", "tax_year": {year}, "region": "{region}", '
                    f'"pay": {pay}}}\n'
                )
    return {"path": "t.jsonl"}


def _fixed_width(folder: Path, rows: int) -> dict[str, Any]:
    with (folder / "t.txt").open("w") as file:
        for number in range(rows):
            file.write(
                f"{number:<10}{number:<10}{TEXT + str(number):<80}{number:>10}\n"
            )
    starts = (("nr", 1, 10), ("tax_year", 11, 10), ("region", 21, 80), ("pay", 101, 10))
    columns = [{"name": n, "start": s, "width": w} for n, s, w in starts]
    return {"source": {"kind": "fixed-width", "path": "t.txt", "columns": columns}}


def _parquet(folder: Path, rows: int) -> dict[str, Any]:
    """One row group, however many rows."""
    with pq.ParquetWriter(folder / "t.parquet", _table(1).schema) as writer:
        for table in _tables(rows):
            writer.write_table(table)
    return {"path": "t.parquet"}


def _one_group(folder: Path, rows: int) -> dict[str, Any]:
    table = pa.concat_tables(_tables(rows))
    pq.write_table(table, folder / "t.parquet", row_group_size=rows)
    return {"path": "t.parquet"}


def _arrow(folder: Path, rows: int) -> dict[str, Any]:
    with (
        pa.OSFile(str(folder / "t.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, _table(1).schema) as writer,
    ):
        for table in _tables(rows):
            writer.write_table(table)
    return {"path": "t.arrow"}


def _arrow_stream(folder: Path, rows: int) -> dict[str, Any]:
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with (
        pa.OSFile(str(folder / "t.arrows"), "wb") as sink,
        pa.ipc.new_stream(sink, _table(1).schema, options=options) as writer,
    ):
        for table in _tables(rows):
            writer.write_table(table)
    return {"path": "t.arrows"}


def _excel(folder: Path, rows: int) -> dict[str, Any]:
    """Texts that many cells share; fewer rows, as they take long to write."""
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet()
    sheet.append(NAMES)
    for number in range(min(rows, 3 * SHORT)):
        sheet.append([number, number, f"region {number % 10}", number])
    workbook.save(folder / "t.xlsx")
    return {"path": "t.xlsx"}


def _stata(folder: Path, rows: int) -> dict[str, Any]:
    pyreadstat.write_dta(_frame(rows), folder / "t.dta")
    return {"path": "t.dta"}


def _spss(folder: Path, rows: int) -> dict[str, Any]:
    pyreadstat.write_sav(_frame(rows), folder / "t.zsav", compress=True)
    return {"path": "t.zsav"}


def _sas(folder: Path, rows: int) -> dict[str, Any]:
    forms = dict(zip(NAMES, ("$16", "BEST12", "$16", "BEST12"), strict=True))
    made = [(str(n), n, f"region {n}", n) for n in range(rows)]
    write_sas7bdat(folder / "t.sas7bdat", forms, made)
    return {"path": "t.sas7bdat"}


def _frame(rows: int) -> pd.DataFrame:
    frame: pd.DataFrame = pa.concat_tables(_tables(rows)).to_pandas()
    return frame


def _sqlite(folder: Path, rows: int) -> dict[str, Any]:
    with closing(sqlite3.connect(folder / "t.db")) as connection:
        connection.execute(f"CREATE TABLE people ({', '.join(NAMES)})")
        made = ((str(n), n, f"{TEXT}{n}", n) for n in range(rows))
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", made)
        connection.commit()
    return {"source": {"kind": "sqlite", "path": "t.db", "table": "people"}}


def _delta(folder: Path, rows: int) -> dict[str, Any]:
    """One file of one row group."""
    reader = pa.RecordBatchReader.from_batches(
        _table(1).schema,
        (batch for table in _tables(rows) for batch in table.to_batches()),
    )
    deltalake.write_deltalake(folder / "t", reader)
    return {"source": {"kind": "delta", "path": "t"}}


MADE: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    made.__name__.removeprefix("_"): made
    for made in (
        *(_csv, _gzip, _json_lines, _fixed_width, _parquet, _one_group, _arrow),
        *(_arrow_stream, _excel, _stata, _spss, _sas, _sqlite, _delta),
    )
}


@pytest.mark.parametrize("kind", MADE)
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, kind: str) -> None:
    """Fourteen times as many rows take no more memory than a batch of them."""
    peaks = []
    for rows in (SHORT, LONG):
        folder = tmp_path / str(rows)
        folder.mkdir()
        found, peak = peak_mib(package(**MADE[kind](folder, rows)), folder)
        assert found == (min(rows, 3 * SHORT) if kind == "excel" else rows)
        peaks.append(peak)
    assert peaks[1] - peaks[0] < MORE_MIB, peaks


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A real PostgreSQL server."""
    with running() as started:
        yield started


@pytest.fixture
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real S3-compatible server of its own: it has room for a few long files."""
    with object_store(tmp_path_factory.mktemp("store")) as started:
        yield started


IN_DATABASE: Final = """
CREATE TABLE people_{rows} AS
SELECT n::text AS nr, n AS tax_year, '{text}' || n AS region, n::float8 AS pay
FROM generate_series(1, {rows}) AS s (n)
"""


def test_memory_does_not_grow_with_a_servers_table(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of PostgreSQL come as they are sent, and the table is never held."""
    host = str(server.server.get_uri().partition("host=")[2])
    for part, value in (("HOST", host), ("USER", "postgres"), ("PASSWORD", "none")):
        monkeypatch.setenv(f"TRE_CREDENTIALS_READER_{part}", value)
    said = {"kind": "postgresql", "host": host, "database": "postgres"}
    peaks = []
    for rows in (SHORT, LONG):
        server.server.psql(IN_DATABASE.format(rows=rows, text=TEXT))
        source = {**said, "table": f"people_{rows}", "credentials": "reader"}
        found, peak = peak_mib(package(source=source), tmp_path)
        assert found == rows
        peaks.append(peak)
    assert peaks[1] - peaks[0] < MORE_MIB, peaks


@pytest.mark.parametrize("kind", ["csv", "gzip", "json_lines", "one_group", "arrow"])
def test_memory_does_not_grow_with_an_object(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """What lies in a store is fetched as it is read, whatever its format."""
    for name, value in KEPT.items():
        monkeypatch.setenv(name, value)
    peaks = []
    for rows in (SHORT, LONG):
        made = tmp_path / MADE[kind](tmp_path, rows)["path"]
        key = f"{rows}/{made.name}"
        with (
            made.open("rb") as file,
            bucket(port).open_output_stream(f"{BUCKET}/{key}", compression=None) as put,
        ):
            shutil.copyfileobj(file, put)
        source = {"kind": "s3", **declared(port, path=key)}
        found, peak = peak_mib(package(source=source), tmp_path)
        assert found == rows
        peaks.append(peak)
    assert peaks[1] - peaks[0] < MORE_MIB, peaks


def test_memory_does_not_grow_with_a_stored_delta_table(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor with the files of a Delta table in a store."""
    for name, value in KEPT.items():
        monkeypatch.setenv(name, value)
    files, peaks = bucket(port), []
    for rows in (SHORT, LONG):
        folder = tmp_path / str(rows)
        folder.mkdir()
        _delta(folder, rows)
        for file in (each for each in folder.rglob("*") if each.is_file()):
            key = f"{BUCKET}/{rows}/{file.relative_to(folder)}"
            with files.open_output_stream(key, compression=None) as put:
                put.write(file.read_bytes())
        said = {"kind": "delta", "path": f"{rows}/t", "store": declared(port)}
        found, peak = peak_mib(package(source=said), tmp_path)
        assert found == rows
        peaks.append(peak)
    assert peaks[1] - peaks[0] < MORE_MIB, peaks
