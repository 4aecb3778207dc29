from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from connectors import StatisticsSource, Values
from connectors.source import BATCH_ROWS
from tests.connectors.reading import CANARY, read, refused, rows
from tests.connectors.sas import write_sas7bcat, write_sas7bdat

WRITERS: Mapping[str, Callable[..., None]] = {
    "t.sav": pyreadstat.write_sav,
    "t.zsav": pyreadstat.write_sav,
    "t.dta": pyreadstat.write_dta,
    "t.xpt": pyreadstat.write_xport,
    "t.por": pyreadstat.write_por,
}

PEOPLE = pd.DataFrame(
    {
        "NR": [1.0, 2.5, None],
        "NAME": ["Ann", "", "Zoe"],
        "BORN": [date(1980, 2, 3), None, date(1990, 1, 1)],
        "SEEN": [datetime(2020, 1, 2), pd.NaT, datetime(2020, 1, 2, 3, 4)],  # noqa: DTZ001 - nor has the format
        "SEX": [1, 2, 9],
    }
)


def _written(folder: Path, name: str, table: pd.DataFrame, **options: object) -> Path:
    writer = WRITERS[name]
    if name.endswith(".zsav"):
        options["compress"] = True
    known = inspect.signature(writer).parameters
    kept = {key: value for key, value in options.items() if key in known}
    writer(table, folder / name, **kept)
    return folder / name


@pytest.mark.parametrize("name", WRITERS)
def test_values_are_text(tmp_path: Path, name: str) -> None:
    """Whole numbers have no decimals, dates and times are ISO, missing is missing."""
    source = StatisticsSource(_written(tmp_path, name, PEOPLE))
    assert source.schema.names == list(PEOPLE.columns)
    assert rows(source) == [
        {
            "NR": "1",
            "NAME": "Ann",
            "BORN": "1980-02-03",
            "SEEN": "2020-01-02T00:00:00",
            "SEX": "1",
        },
        {"NR": "2.5", "NAME": "", "BORN": None, "SEEN": None, "SEX": "2"},
        {
            "NR": None,
            "NAME": "Zoe",
            "BORN": "1990-01-01",
            "SEEN": "2020-01-02T03:04:00",
            "SEX": "9",
        },
    ]
    assert rows(source.select(["SEX", "NR"]))[0] == {"SEX": "1", "NR": "1"}


@pytest.mark.parametrize("name", ["t.sav", "t.dta"])
def test_labels_stand_for_the_values_that_have_one(tmp_path: Path, name: str) -> None:
    """With labels, a value without one stays as it is."""
    labels = {"SEX": {1: "male", 2: "female"}}
    file = _written(tmp_path, name, PEOPLE, variable_value_labels=labels)
    source = StatisticsSource(file, Values.LABELS).select(["SEX"])
    assert [row["SEX"] for row in rows(source)] == ["male", "female", "9"]


COLUMNS = {"NR": "BEST12", "NAME": "$16", "BORN": "DATE9", "SEX": "SEXF"}
IN_SAS = [(1, "Ann", 0, 1), (2.5, "", None, 2), (None, "Zoe", 8000, 9)]
"""Days are counted from 1960."""


def test_a_sas_file_is_text(tmp_path: Path) -> None:
    """What SAS calls a data set is read like the others, cut short it is refused."""
    file = write_sas7bdat(tmp_path / "t.sas7bdat", COLUMNS, IN_SAS)
    assert rows(StatisticsSource(file)) == [
        {"NR": "1", "NAME": "Ann", "BORN": "1960-01-01", "SEX": "1"},
        {"NR": "2.5", "NAME": "", "BORN": None, "SEX": "2"},
        {"NR": None, "NAME": "Zoe", "BORN": "1981-11-26", "SEX": "9"},
    ]
    long = [(None, CANARY, None, None)] * 5_000
    cut = write_sas7bdat(tmp_path / "cut.sas7bdat", COLUMNS, long)
    cut.write_bytes(cut.read_bytes()[:-20_000])
    refused(lambda: read(StatisticsSource(cut)), "cut.sas7bdat", "expected")


def test_a_catalogue_has_the_labels_of_sas(tmp_path: Path) -> None:
    """Columns have the labels of the format they name; a broken catalogue is named."""
    file = write_sas7bdat(tmp_path / "t.sas7bdat", COLUMNS, IN_SAS)
    formats = {"SEXF": {1.0: "male", 2.0: "female"}, "OTHER": {1.0: "one"}}
    catalogue = write_sas7bcat(tmp_path / "formats.sas7bcat", formats)
    source = StatisticsSource(file, Values.LABELS, catalogue)
    assert [row["SEX"] for row in rows(source)] == ["male", "female", "9"]
    assert [row["NR"] for row in rows(source)] == ["1", "2.5", None]
    catalogue.write_text(CANARY)
    refused(lambda: read(source), "formats.sas7bcat", "SAS catalogue")
    catalogue.unlink()
    refused(lambda: read(source), "formats.sas7bcat", "no such file")


def test_values_declared_missing_are_missing(tmp_path: Path) -> None:
    """What the file's user declared to mean missing is missing."""
    file = _written(tmp_path, "t.sav", PEOPLE, missing_ranges={"SEX": [9]})
    assert rows(StatisticsSource(file))[2]["SEX"] is None


@pytest.mark.parametrize("size", [0, BATCH_ROWS, BATCH_ROWS + 5])
def test_long_files_come_in_batches(tmp_path: Path, size: int) -> None:
    """No batch is longer than the bound, and no row is lost or doubled between two."""
    table = pd.DataFrame({"N": pd.Series(range(size), dtype=float)})
    found = rows(StatisticsSource(_written(tmp_path, "t.sav", table)))
    assert [int(row["N"]) for row in found] == list(range(size))


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("size", [98, 99, 100])
def test_no_row_is_lost_between_two_chunks(
    tmp_path: Path, name: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many chunks a file is read in, it gives the rows that it has, in order.

    Among them are long texts, some of blanks at their ends, and missing values.
    """
    texts = ["Ann", "", "a  b ", "z" * 90]
    table = pd.DataFrame(
        {
            "N": [float(n) if n % 7 else None for n in range(size)],
            "T": [texts[n % 4] + str(n) * (n % 4) for n in range(size)],
        }
    )
    source = StatisticsSource(_written(tmp_path, name, table))
    whole = rows(source)
    assert len(whole) == size
    for cells in (2, 66, 2 * 49):
        monkeypatch.setattr("connectors.statistics.CHUNK_CELLS", cells)
        assert rows(source) == whole


READ_ONCE = ("t.sav", "t.dta", "t.xpt")


@pytest.mark.parametrize("name", READ_ONCE)
def test_no_byte_is_read_for_each_chunk_anew(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in forty chunks is read once, and its header once for each."""
    table = pd.DataFrame({"N": range(40_000), "T": ["a text of some length"] * 40_000})
    file = _written(tmp_path, name, table.astype({"N": float}))
    monkeypatch.setattr("connectors.statistics.CHUNK_CELLS", 2_000)
    before = _bytes_read()
    assert len(rows(StatisticsSource(file))) == 40_000
    assert _bytes_read() - before < 3 * file.stat().st_size


def _bytes_read() -> int:
    """How many bytes this process has read from files so far."""
    told = Path("/proc/self/io").read_text(encoding="ascii")
    return int(told.split()[1])


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_no_such_file_is_refused(tmp_path: Path, name: str) -> None:
    """Missing, of another kind, cut short: the file is named and no value."""
    missing = StatisticsSource(tmp_path / f"no{name}")
    refused(lambda: missing.schema, f"no{name}", "no such file")
    (tmp_path / name).write_text(CANARY * 50)
    refused(lambda: StatisticsSource(tmp_path / name).schema, name, "expected")


@pytest.mark.parametrize("name", ["t.sav", "t.dta"])
def test_a_file_cut_short_is_refused(tmp_path: Path, name: str) -> None:
    """Rows that the file says it has and has not are an error, not fewer rows."""
    table = pd.DataFrame({"A": [CANARY] * 5_000})
    file = _written(tmp_path, name, table)
    file.write_bytes(file.read_bytes()[:-20_000])
    refused(lambda: read(StatisticsSource(file)), name, "expected")


def test_other_kinds_of_file_are_refused_by_name(tmp_path: Path) -> None:
    """The kinds that can be read are told."""
    (tmp_path / "t.sas7bcat").write_text(CANARY)
    source = StatisticsSource(tmp_path / "t.sas7bcat")
    refused(lambda: source.schema, "t.sas7bcat", ".sas7bdat")
