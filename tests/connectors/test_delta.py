from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest

from connectors import DeltaSource
from tests.connectors.reading import CANARY, read, refused, rows

TABLE = pa.table(
    {
        "n": pa.array(range(150_000), pa.int64()),
        "year": pa.array([2010 + n % 2 for n in range(150_000)], pa.int32()),
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of two versions: the second has ten rows more."""
    folder = tmp_path_factory.mktemp("delta") / "t"
    deltalake.write_deltalake(folder, TABLE, partition_by=["year"])
    deltalake.write_deltalake(folder, TABLE.slice(0, 10), mode="append")
    return folder


def test_a_version_is_read_in_batches_with_its_partitions(folder: Path) -> None:
    """Rows keep their types and partition values, whichever version is named."""
    found = rows(DeltaSource(folder, version=0))
    assert sorted(row["n"] for row in found) == list(range(150_000))
    assert all(row["year"] == 2010 + row["n"] % 2 for row in found)
    newest = DeltaSource(folder).select(["n"])
    assert newest.schema.names == ["n", "year"]
    assert len(rows(newest)) == 150_010


def test_folders_and_older_files_fill_in_what_a_file_has_not(tmp_path: Path) -> None:
    """Values of folders, missing ones too, and columns that came later are read."""
    years = pa.array([2010, None, 2010], pa.int32())
    first = pa.table({"n": [1, 2, 3], "place": ["a b", "c/d", None], "year": years})
    deltalake.write_deltalake(tmp_path / "t", first, partition_by=["place", "year"])
    later = pa.table(
        {"n": [4], "place": ["e"], "year": pa.array([2011], pa.int32()), "new": ["x"]}
    )
    deltalake.write_deltalake(tmp_path / "t", later, mode="append", schema_mode="merge")
    source = DeltaSource(tmp_path / "t")
    found = sorted(rows(source), key=lambda row: row["n"])
    assert [row["place"] for row in found] == ["a b", "c/d", None, "e"]
    assert [row["year"] for row in found] == [2010, None, 2010, 2011]
    assert [row["new"] for row in found] == [None, None, None, "x"]
    folders = rows(source.select(["year"]))
    assert sorted(str(row["year"]) for row in folders) == [
        "2010",
        "2010",
        "2011",
        "None",
    ]


def test_what_is_no_table_is_refused_by_rule(folder: Path, tmp_path: Path) -> None:
    """No folder, no such version, a damaged file: each by its rule alone."""
    absent = DeltaSource(tmp_path / "none")
    refused(partial(read, absent), "none", "expected a Delta table")
    assert not (tmp_path / "none").exists()
    unmade = DeltaSource(folder, version=9)
    refused(partial(read, unmade), "t", "no such version")
    deltalake.write_deltalake(tmp_path / "broken", TABLE)
    for file in (tmp_path / "broken").glob("*.parquet"):
        file.write_bytes(CANARY.encode())
    refused(partial(read, DeltaSource(tmp_path / "broken")), "broken", "damaged")


def test_a_log_that_names_a_file_elsewhere_is_refused(tmp_path: Path) -> None:
    """A table cannot have a file read that is not in its own folder."""
    deltalake.write_deltalake(tmp_path / "other", TABLE)
    (other,) = (tmp_path / "other").glob("*.parquet")
    deltalake.write_deltalake(tmp_path / "t", TABLE)
    (log,) = (tmp_path / "t" / "_delta_log").glob("*.json")
    for said in (other.as_uri(), f"../other/{other.name}"):
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        for line in lines:
            if "add" in line:
                line["add"]["path"] = said
        log.write_text("\n".join(map(json.dumps, lines)))
        source = DeltaSource(tmp_path / "t")
        refused(partial(read, source), "t", "whose files are in its folder")


def test_features_that_are_not_read_are_named(tmp_path: Path) -> None:
    """Rows that a table has marked as deleted are never read as if they were not."""
    deltalake.write_deltalake(
        tmp_path / "t", TABLE, configuration={"delta.enableDeletionVectors": "true"}
    )
    refused(partial(read, DeltaSource(tmp_path / "t")), "t", "deletion vectors")
