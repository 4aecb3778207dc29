"""Files that are wrong, or meant to do harm: refused by a rule, in little memory."""

from __future__ import annotations

import gzip
import os
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors import (
    ArrowSource,
    CsvSource,
    Dialect,
    ExcelSource,
    FixedWidthSource,
    JsonLinesSource,
    ParquetSource,
    Source,
    Span,
    SqliteSource,
    StatisticsSource,
    excel,
)
from connectors.lines import LONGEST
from tests.connectors.declaring import package
from tests.connectors.reading import CANARY, read, refused, rows
from tests.intake.support import Register, new_zones
from tre.intake import onboard
from tre.manifest import load

BLANKS = Dialect(skip_initial_space=True)
READERS = pytest.mark.parametrize("dialect", [Dialect(), BLANKS])

KINDS: dict[str, Callable[[Path], Source]] = {
    "csv": CsvSource,
    "parquet": ParquetSource,
    "arrow": ArrowSource,
    "jsonl": lambda file: JsonLinesSource(file, ("a",)),
    "txt": lambda file: FixedWidthSource(file, (Span("a", 1, 2),)),
    "xlsx": ExcelSource,
    "sav": StatisticsSource,
    "sas7bdat": StatisticsSource,
    "dta": StatisticsSource,
    "db": lambda file: SqliteSource(file, "t"),
}


def _file(folder: Path, content: bytes, name: str = "t.csv") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    """A pipe that nobody writes to, a folder, and a link to nothing end at once."""
    pipe, folder, link = (tmp_path / f"{name}.{kind}" for name in "pfl")
    os.mkfifo(pipe)
    folder.mkdir()
    link.symlink_to(tmp_path / CANARY)
    for path, message in ((pipe, "a file"), (folder, "a file"), (link, "no such")):
        refused(partial(_all, KINDS[kind], path), path.name, message)


def _all(made: Callable[[Path], Source], file: Path) -> None:
    source = made(file)
    assert source.schema.names
    read(source)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_file_has_no_rows(tmp_path: Path, kind: str) -> None:
    """A file without a byte is refused where its kind needs one, or has no rows."""
    source = KINDS[kind](_file(tmp_path, b"", f"t.{kind}"))
    if kind in {"jsonl", "txt"}:
        assert rows(source) == []
    else:
        refused(partial(_all, KINDS[kind], tmp_path / f"t.{kind}"), f"t.{kind}", "")


@READERS
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_header_alone_has_no_rows(tmp_path: Path, dialect: Dialect, end: str) -> None:
    """Whether the line of names ends or not, there is none below it."""
    assert rows(CsvSource(_file(tmp_path, f"a,b{end}".encode()), dialect)) == []


@READERS
def test_a_million_columns_are_refused(tmp_path: Path, dialect: Dialect) -> None:
    """A line that is longer than any row ends the reading, wherever it stands."""
    wide = ",".join(f"c{number}" for number in range(1_000_000)).encode()
    source = CsvSource(_file(tmp_path, wide + b"\n"), dialect)
    refused(lambda: source.schema, "t.csv:1", "lines of at most")
    below = CsvSource(_file(tmp_path, b"a,b\n1," + wide + b"\n"), dialect)
    refused(partial(read, below), "t.csv:2", "lines of at most")


@pytest.mark.parametrize("name", ["t.csv.gz", "t.jsonl.gz", "t.txt.gz"])
def test_a_file_that_unpacks_without_end_is_refused(tmp_path: Path, name: str) -> None:
    """A few kilobytes of one endless line are not unpacked whole."""
    made = KINDS[name.split(".")[1]]
    endless = gzip.compress(b"x" * (LONGEST * 9))
    refused(partial(_all, made, _file(tmp_path, endless, name)), f"{name}:1", "lines")


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("xl/sharedStrings.xml", "texts that cells share"),
        ("xl/styles.xml", "texts that cells share"),
        ("xl/worksheets/sheet1.xml", "grows without end"),
    ],
)
def test_a_workbook_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, message: str
) -> None:
    """What a workbook says of its parts is asked before any is unpacked."""
    for bound in ("LARGEST_HELD", "SMALL"):
        monkeypatch.setattr(excel, bound, 1 << 21)
    workbook = openpyxl.Workbook()
    workbook.active.append(["a"])
    workbook.save(tmp_path / "plain.xlsx")
    with (
        zipfile.ZipFile(tmp_path / "plain.xlsx") as plain,
        zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for name in {*plain.namelist()} - {part}:
            bomb.writestr(name, plain.read(name))
        with bomb.open(part, "w") as stream:
            stream.write(b" " * (1 << 22))
    refused(partial(_all, ExcelSource, tmp_path / "t.xlsx"), "t.xlsx", message)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "cp1252"])
@READERS
def test_the_line_that_is_no_text_is_named(
    tmp_path: Path, dialect: Dialect, encoding: str
) -> None:
    """The line is counted in text, not in bytes, whatever the encoding."""
    bad = {"utf-8": b"\xff", "cp1252": b"\x81"}.get(encoding, b"\x00\xd8\x0a\x00")
    content = "a,b\n1,é\n3,".encode(encoding) + bad + "\n5,6\n".encode(encoding)[-8:]
    blanks = dialect is BLANKS
    chosen = Dialect(encoding=encoding, skip_initial_space=blanks)
    source = CsvSource(_file(tmp_path, content), chosen)
    refused(partial(_all, lambda _: source, Path()), "t.csv:3", f"text in {encoding}")


@READERS
def test_a_nul_is_part_of_a_value(tmp_path: Path, dialect: Dialect) -> None:
    """It neither ends a value nor the file."""
    source = CsvSource(_file(tmp_path, b"a,b\n1\x002,3\n4,5\n"), dialect)
    assert rows(source) == [{"a": "1\x002", "b": "3"}, {"a": "4", "b": "5"}]


@pytest.mark.parametrize("names", [("a", "a"), ("a", "A")])
def test_names_that_repeat_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Of typed files too, though their formats allow it."""
    table = pa.table([[1], [2]], names=list(names))
    pq.write_table(table, tmp_path / "t.parquet")
    with (
        pa.OSFile(str(tmp_path / "t.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)
    for made, name in ((ParquetSource, "t.parquet"), (ArrowSource, "t.arrow")):
        refused(partial(_all, made, tmp_path / name), name, "repeats the name of")


def test_a_row_in_the_place_of_the_header_is_not_quoted(tmp_path: Path) -> None:
    """What stands where names should may be somebody's row: only its place is told."""
    manifest = load(package(path="t.csv"), tmp_path)
    taken = partial(onboard, manifest, new_zones(tmp_path / "home"), Register())
    for content, message in (
        (f"{CANARY},2010,North,1\n", "column 1 is not in the manifest's schema"),
        (f"nr,{CANARY},x,{CANARY}\n", "column 4 repeats the name of column 2"),
    ):
        _file(tmp_path, content.encode())
        refused(taken, "t.csv", message)
