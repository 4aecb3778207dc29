from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from connectors import RAGGED, FixedWidthSource, Span
from connectors.lines import LONGEST
from connectors.source import BATCH_ROWS
from tests.connectors.reading import CANARY, read, refused, rows

SPANS = (Span("nr", 1, 4), Span("name", 5, 6), Span("year", 12, 4))


def _source(folder: Path, content: str | bytes, **options) -> FixedWidthSource:
    file = folder / "t.txt"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return FixedWidthSource(file, SPANS, **options)


def test_columns_are_cut_at_their_positions(tmp_path: Path) -> None:
    """Values are text without the blanks around them; what no column has is unread."""
    source = _source(tmp_path, "0001 Ann  x2010\n\n12  Zoë   y2011\r\n")
    assert rows(source) == [
        {"nr": "0001", "name": "Ann", "year": "2010"},
        {"nr": "12", "name": "Zoë", "year": "2011"},
    ]
    assert rows(source.select(["year"])) == [{"year": "2010"}, {"year": "2011"}]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8", "UTF8", "cp1252"])
def test_positions_count_characters(tmp_path: Path, encoding: str) -> None:
    """A letter of several bytes is one position, in every encoding."""
    content = "0001Zoë    2010\n".encode(encoding)
    assert rows(_source(tmp_path, content, encoding=encoding))[0]["year"] == "2010"


def test_a_line_that_was_cut_is_ragged(tmp_path: Path) -> None:
    """Lines that end too early or too late are left out and counted, never guessed."""
    whole = "0001Ann    2010"
    content = f"{whole}\n{whole[:-1]}\n{whole}5\n{whole}   \n"
    found, rejects = read(_source(tmp_path, content))
    assert len(found) == 2
    assert rejects == {RAGGED: 2}


def test_a_line_may_be_wider_than_its_columns(tmp_path: Path) -> None:
    """With a line width, text after the last column is left unread."""
    source = _source(tmp_path, "0001Ann    2010rest\n", line_width=19)
    assert rows(source)[0]["year"] == "2010"


def test_compressed_files_are_read(tmp_path: Path) -> None:
    """A file named .gz is decompressed on the way."""
    file = tmp_path / "t.txt.gz"
    file.write_bytes(gzip.compress(b"0001Ann    2010\n" * 3))
    assert len(rows(FixedWidthSource(file, SPANS))) == 3


def test_long_files_come_in_batches(tmp_path: Path) -> None:
    """No batch is longer than the bound, and no row is lost between two."""
    source = _source(tmp_path, "0001Ann    2010\n" * (BATCH_ROWS + 5))
    assert len(rows(source)) == BATCH_ROWS + 5


def test_what_cannot_be_read_names_its_place(tmp_path: Path) -> None:
    """Missing, damaged, in another encoding, without line ends: each by its rule."""
    missing = FixedWidthSource(tmp_path / "no.txt", SPANS)
    refused(lambda: missing.schema, "no.txt", "no such file")
    text = _source(tmp_path, f"0001Ann    2010\n{CANARY}".encode() + b"\xff\n")
    refused(lambda: read(text), "t.txt:2", "text in utf-8")
    endless = _source(tmp_path, CANARY * (LONGEST // len(CANARY) + 1))
    refused(lambda: read(endless), "t.txt:1", "lines of at most")
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(CANARY.encode() * 9_999)[:-20])
    refused(lambda: read(FixedWidthSource(cut, SPANS)), "cut.gz", "damaged")
    refused(lambda: FixedWidthSource(tmp_path, SPANS).schema, tmp_path.name, "read")
