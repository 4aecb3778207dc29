from __future__ import annotations

import bz2
import gzip
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors import (
    RAGGED,
    ArrowSource,
    ChainSource,
    CsvSource,
    Dialect,
    Invalid,
    ParquetSource,
    Source,
    TableSource,
)
from connectors.source import BATCH_ROWS

BLANKS = Dialect(skip_initial_space=True)
"""The dialect that is read by the other of the two readers."""

READERS = pytest.mark.parametrize("dialect", [Dialect(), BLANKS])


def _read(source: Source) -> tuple[list[dict[str, object]], Counter[str]]:
    rejects: Counter[str] = Counter()
    batches = list(source.batches(rejects))
    return [row for batch in batches for row in batch.to_pylist()], rejects


def _csv(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@READERS
def test_csv_is_text_in_file_order(tmp_path: Path, dialect: Dialect) -> None:
    """Every value is text as written, quotes, commas and line ends inside included."""
    content = 'a,b\n1,"x, ""y"""\n,"two\nlines"\n\n01, \n'
    rows, rejects = _read(CsvSource(_csv(tmp_path, content), dialect))
    blank = "" if dialect.skip_initial_space else " "
    assert rows == [
        {"a": "1", "b": 'x, "y"'},
        {"a": "", "b": "two\nlines"},
        {"a": "01", "b": blank},
    ]
    assert not rejects


def test_a_blank_may_follow_the_delimiter(tmp_path: Path) -> None:
    """With skipInitialSpace, blanks before a value or its quote are not part of it."""
    content = 'a, b\n1, "x, y"\n2,  z\n'
    rows, _ = _read(CsvSource(_csv(tmp_path, content), BLANKS))
    assert rows == [{"a": "1", "b": "x, y"}, {"a": "2", "b": "z"}]


@READERS
def test_ragged_rows_are_counted(tmp_path: Path, dialect: Dialect) -> None:
    """Rows with too few or too many values are left out and counted."""
    content = "a,b\n1,2\n3\n4,5,6\n7,8\n"
    rows, rejects = _read(CsvSource(_csv(tmp_path, content), dialect))
    assert [row["a"] for row in rows] == ["1", "7"]
    assert rejects == {RAGGED: 2}


@READERS
def test_only_selected_columns_are_read(tmp_path: Path, dialect: Dialect) -> None:
    """A selection has its columns in the order asked for."""
    source = CsvSource(_csv(tmp_path, "a,b,c\n1,2,3\n"), dialect).select(["c", "a"])
    batch = next(iter(source.batches(Counter())))
    assert batch.schema.names == ["c", "a"]
    assert batch.to_pylist() == [{"c": "3", "a": "1"}]


@READERS
def test_a_file_may_have_no_header(tmp_path: Path, dialect: Dialect) -> None:
    """Names given from outside make the first line a row."""
    source = CsvSource(_csv(tmp_path, "1,2\n3,4\n"), dialect, header=("a", "b"))
    rows, _ = _read(source)
    assert rows == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("latin-1", "é"), ("cp1252", "€"), ("utf-16", "é"), ("utf-8", "é"), ("UTF8", "é")],
)
@pytest.mark.parametrize("blanks", [False, True])
def test_encodings(tmp_path: Path, encoding: str, text: str, blanks: bool) -> None:
    """Text in a declared encoding reads as that text."""
    file = _csv(tmp_path, f"a,b\n{text},1\n".encode(encoding))
    source = CsvSource(file, Dialect(encoding=encoding, skip_initial_space=blanks))
    assert _read(source)[0] == [{"a": text, "b": "1"}]


@READERS
def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path, dialect) -> None:
    """The mark some programs put before UTF-8 is skipped."""
    file = _csv(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n")
    assert _read(CsvSource(file, dialect))[0] == [{"a": "1", "b": "2"}]


@READERS
def test_bad_text_names_its_line(tmp_path: Path, dialect: Dialect) -> None:
    """Bytes that are no text in the encoding: the line is named, the bytes are not."""
    file = _csv(tmp_path, b"a,b\n1,2\n\xff\xfe,4\n")
    with pytest.raises(Invalid) as caught:
        _read(CsvSource(file, dialect))
    assert caught.value.path == "t.csv:3"
    assert caught.value.message == "expected text in utf-8"
    assert caught.value.__context__ is None


@READERS
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b,A\n1,2,3\n", "column 3 repeats the name of column 1"),
        ("a, ,c\n1,2,3\n", "column 2 has no name"),
    ],
)
def test_bad_headers(
    tmp_path: Path, dialect: Dialect, content: str, message: str
) -> None:
    """A header that is missing or repeats itself names the file and the rule."""
    with pytest.raises(Invalid, match=message) as caught:
        _read(CsvSource(_csv(tmp_path, content), dialect))
    assert caught.value.path == "t.csv"


@READERS
def test_an_open_quote_is_an_error(tmp_path: Path, dialect: Dialect) -> None:
    """A quote that never closes names its record: the rest is not one long value."""
    content = 'a,b\n1,2\n3,"4\n5,6\n'
    with pytest.raises(Invalid, match="is a quote left open") as caught:
        _read(CsvSource(_csv(tmp_path, content), dialect))
    assert caught.value.path == "t.csv, record 3"


@READERS
def test_a_quote_inside_a_plain_value_is_part_of_it(tmp_path: Path, dialect) -> None:
    """Inches are not an open quote."""
    rows, _ = _read(CsvSource(_csv(tmp_path, 'a,b\n1,5"\n2,3\n'), dialect))
    assert [row["b"] for row in rows] == ['5"', "3"]


@pytest.mark.parametrize(
    ("name", "pack"), [("t.csv.gz", gzip.compress), ("t.csv.bz2", bz2.compress)]
)
def test_compressed_files(tmp_path: Path, name: str, pack) -> None:
    """A compressed file reads as what it holds; a damaged one is an error."""
    packed = pack(b"a,b\n1,2\n" * 500)
    assert len(_read(CsvSource(_csv(tmp_path, packed, name)))[0]) == 999
    broken = CsvSource(_csv(tmp_path, b"no" + packed[2:], name))
    with pytest.raises(Invalid, match=r"cannot be read|expected CSV"):
        _read(broken)


def test_batches_are_bounded(tmp_path: Path) -> None:
    """No source gives a batch longer than the bound, whatever its file holds."""
    size = BATCH_ROWS * 2 + 5
    table = pa.table({"a": pa.array(["x"] * size)})
    csv = _csv(tmp_path, "a\n" + "x\n" * size)
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=size)
    with (
        pa.OSFile(str(tmp_path / "t.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)
    sources: list[Source] = [
        CsvSource(csv),
        CsvSource(csv, BLANKS),
        ParquetSource(tmp_path / "t.parquet"),
        ArrowSource(tmp_path / "t.arrow"),
        TableSource("t", table),
    ]
    for source in sources:
        lengths = [batch.num_rows for batch in source.batches(Counter())]
        assert max(lengths) <= BATCH_ROWS
        assert sum(lengths) == size


def test_arrow_streams_read_like_files(tmp_path: Path) -> None:
    """The IPC stream format is told from the file format by its first bytes."""
    table = pa.table({"a": [1, 2], "b": ["x", "y"]})
    with (
        pa.OSFile(str(tmp_path / "t.arrows"), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema) as writer,
    ):
        writer.write_table(table)
    source = ArrowSource(tmp_path / "t.arrows")
    assert source.schema == table.schema
    assert _read(source.select(["b"]))[0] == [{"b": "x"}, {"b": "y"}]


@pytest.mark.parametrize("kind", [CsvSource, ParquetSource, ArrowSource])
def test_a_missing_file_is_named(tmp_path: Path, kind) -> None:
    """The error names the file, not the folder it is not in."""
    with pytest.raises(Invalid, match=r"^gone\.x: there is no such file$"):
        _read(kind(tmp_path / "gone.x"))


@pytest.mark.parametrize("kind", [ParquetSource, ArrowSource])
@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PAR1xxxxPAR1", b"ARROW1zz"])
def test_other_files_are_refused(tmp_path: Path, kind, content: bytes) -> None:
    """What is not of the declared format is an error that quotes nothing of it."""
    (tmp_path / "t.x").write_bytes(content)
    with pytest.raises(Invalid, match=r"^t\.x: expected a"):
        _read(kind(tmp_path / "t.x"))


def test_damaged_parquet_is_an_error(tmp_path: Path) -> None:
    """A file whose pages are damaged says so, and quotes nothing."""
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": list(range(5_000))}), file)
    content = bytearray(file.read_bytes())
    content[4:2_000] = b"\xff" * 1_996
    file.write_bytes(content)
    with pytest.raises(Invalid, match=r"t\.parquet: expected a"):
        _read(ParquetSource(file))


def test_several_files_are_one_source(tmp_path: Path) -> None:
    """Parts follow each other; a part with other columns is named."""
    one = CsvSource(_csv(tmp_path, "a,b\n1,2\n", "one.csv"))
    two = CsvSource(_csv(tmp_path, "a,b\n3,4\n", "two.csv"))
    odd = CsvSource(_csv(tmp_path, "a,c\n3,4\n", "odd.csv"))
    assert [row["a"] for row in _read(ChainSource((one, two)))[0]] == ["1", "3"]
    with pytest.raises(Invalid) as caught:
        _ = ChainSource((one, odd)).schema
    assert caught.value.path == "odd.csv"


def test_a_folder_is_no_source(tmp_path: Path) -> None:
    """A folder in the place of a file is an error like any other."""
    with pytest.raises(Invalid, match="cannot be read"):
        _read(CsvSource(tmp_path))
