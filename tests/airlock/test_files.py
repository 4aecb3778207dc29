"""What goes out is seen: files are made anew, and what nobody sees is left behind."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altair as alt
import pyarrow as pa
import pytest
import vl_convert
from pyarrow import parquet

from connectors.errors import Invalid
from tre.airlock.form import Filled, read_form
from tre.airlock.pictures import PNG, redrawn_png, redrawn_svg
from tre.airlock.tabular import MOST_CELLS, made_of, written_anew

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink">'
)
CHART = (
    alt.Chart(alt.Data(values=[{"a": "x", "b": 3}, {"a": "y", "b": 5}]))
    .mark_bar()
    .encode(x="a:N", y="b:Q", color="b:Q")
    .to_json()
)


def packed(table: pa.Table, **said: Any) -> bytes:
    """A table as Parquet."""
    sink = io.BytesIO()
    parquet.write_table(table, sink, **said)
    return sink.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG."""
    place = len(PNG)
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        yield kind, data[place + 8 : place + 8 + size]
        place += 12 + size


def filled(folder: Path, name: str, data: bytes, kind: str) -> Filled:
    """A form with one file."""
    (folder / name).write_bytes(data)
    said = dict.fromkeys(("title", "what", "why", "for_whom"), "So.")
    return read_form({**said, "files": [{"path": name, "kind": kind}]}, folder)


def test_parquet_goes_out_as_its_cells() -> None:
    """No metadata, no category that no cell has, nothing under what is missing."""
    names = pa.DictionaryArray.from_arrays(
        pa.array([0, 1, None], pa.int32()), pa.array(["north", "south", "Hidden-4711"])
    )
    under = pa.array([1, 2, 3], mask=pa.array([False, False, True]).to_numpy(False))
    fields = [
        pa.field("region", names.type, metadata={"a": "Hidden-4711"}),
        pa.field("n", pa.int64()),
    ]
    schema = pa.schema(fields, metadata={"b": "Hidden-4711"})
    table = pa.table([names, under], schema=schema)
    anew = written_anew(".parquet", packed(table))
    assert b"Hidden-4711" not in anew
    assert not set(parquet.read_metadata(io.BytesIO(anew)).metadata or {})
    assert made_of(".parquet", anew) == made_of(".parquet", packed(table))
    assert written_anew(".parquet", anew) == anew
    assert made_of(".parquet", anew).rows == (
        ("north", "1"),
        ("south", "2"),
        (None, None),
    )


def test_csv_goes_out_in_one_spelling() -> None:
    """Marks, quotes and line ends say nothing."""
    said = '\ufeff"a","b"\r\n1,"x, y"\r\n\r\n"",2\r\n'.encode()
    assert written_anew(".csv", said) == b'a,b\n1,"x, y"\n,2\n'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (packed(pa.table({"a": [1]}), compression="zstd"), "Snappy"),
        (packed(pa.table({"a": [[1]]})), "plain type"),
        (packed(pa.table({"a": [b"1"]})), "plain type"),
        (packed(pa.table({"a": pa.nulls(MOST_CELLS + 1)})), "cells"),
        (packed(pa.table({"a": ["x" * 9_000] * 2_000})), "of text"),
        (packed(pa.table({"a": [1]}))[:-9] + b"PAR1", "expected Parquet"),
        (b"PAR1", "expected Parquet"),
    ],
)
def test_a_table_that_would_unpack_to_too_much_is_not_unpacked(
    data: bytes, words: str
) -> None:
    """A few bytes can stand for more cells or letters than there is memory."""
    with pytest.raises(ValueError, match=words):
        written_anew(".parquet", data)


def test_csv_of_too_many_cells_is_not_read_to_its_end() -> None:
    """As for any table."""
    with pytest.raises(ValueError, match="cells"):
        made_of(".csv", b"," * (MOST_CELLS + 1))


def test_a_png_goes_out_as_its_pixels() -> None:
    """Texts, profiles and what follows the end stay behind; the picture is the same."""
    drawn = vl_convert.vegalite_to_png(CHART)
    place = drawn.index(b"IDAT") - 4
    told = chunk(b"tEXt", b"Comment\0Hidden-4711") + chunk(b"eXIf", b"Hidden-4711")
    full = drawn[:place] + told + drawn[place:] + b"Hidden-4711"
    anew = redrawn_png(full)
    assert b"Hidden-4711" not in anew
    assert [kind for kind, _ in chunks(anew)] == [b"IHDR", b"IDAT", b"IEND"]
    before, after = (dict(chunks(each))[b"IDAT"] for each in (drawn, anew))
    assert zlib.decompress(before) == zlib.decompress(after)
    assert redrawn_png(anew) == anew


def _png(lines: bytes, *, interlaced: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", 2, 1, 8, 0, 0, 0, interlaced)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")
    return PNG + content


@pytest.mark.parametrize(
    "data",
    [
        PNG + b"x" * 1_000,
        PNG,
        _png(zlib.compress(b"\0ab"))[:-1],
        _png(zlib.compress(b"\0ab")).replace(b"IHDR", b"IHDX"),
        _png(zlib.compress(b"\0ab" + b"more")),
        _png(zlib.compress(b"\0ab") + b"more"),
        _png(zlib.compress(b"\0ab"), interlaced=1),
        _png(b"no lines"),
        PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31, 2**31, 8, 6, 0, 0, 0)),
    ],
)
def test_a_png_of_anything_but_pixels_is_refused(data: bytes) -> None:
    """Cut, changed, with more lines than it shows, or too large to look at."""
    with pytest.raises(ValueError, match="expected"):
        redrawn_png(data)


def test_an_svg_goes_out_as_its_shapes_and_words() -> None:
    """A chart passes; what is not drawn stays behind; its words are told."""
    anew, words = redrawn_svg(vl_convert.vegalite_to_svg(CHART).encode())
    assert b"aria-" not in anew
    assert {"a", "b", "x", "y"} <= {*words.split()}
    assert redrawn_svg(anew) == (anew, words)
    full = (
        f"<?xml version='1.0'?><!DOCTYPE svg PUBLIC 'x' 'http://e.org/x.dtd'>{SVG}"
        "<!-- Hidden-4711 --><metadata><x>Hidden-4711</x></metadata>"
        "<title>Hidden-4711</title><style>*{stroke-linejoin: round}</style>"
        "<g data-x='Hidden-4711' onclick='Hidden-4711'><text>a &lt; b</text></g></svg>"
    )
    anew, words = redrawn_svg(full.encode())
    assert b"Hidden-4711" not in anew
    assert words == "*{stroke-linejoin: round} a < b"
    assert b"<text>a &lt; b</text>" in anew


@pytest.mark.parametrize(
    "inner",
    [
        "<script>1</script>",
        "<foreignObject><b>4711</b></foreignObject>",
        '<image href="http://e.org/x"/>',
        '<image href="data:image/png;base64,AAAA"/>',
        '<a href="&#106;avascript:alert(1)"><text>x</text></a>',
        '<use href="http://e.org/x#y"/>',
        '<use xlink:href="data:,x"/>',
        '<rect fill="url(http://e.org/x)"/>',
        '<rect style="fill: u\\72l(http://e.org/x)"/>',
        "<style>@import 'http://e.org/x';</style>",
        "<style>*{fill: url(//e.org/x)}</style>",
        "<animate/>",
        "<x xmlns='http://e.org'/>",
        "&e;",
        "<g>",
    ],
)
def test_an_svg_that_reads_or_runs_anything_is_refused(inner: str) -> None:
    """What is not on the list is not carried."""
    with pytest.raises(ValueError, match="expected"):
        redrawn_svg(f"{SVG}{inner}</svg>".encode())


def test_an_svg_declares_no_entities() -> None:
    """One could stand for a billion of another."""
    said = f'<!DOCTYPE svg [<!ENTITY a "ha">]>{SVG}<text>&a;</text></svg>'
    with pytest.raises(ValueError, match="entity a"):
        redrawn_svg(said.encode())


@pytest.mark.parametrize(
    ("name", "kind", "shape"),
    [
        ("text.md", "text", "{}"),
        ("code.py", "code", "{}"),
        ("table.csv", "table", "a\n{}\n"),
        ("table.csv", "table", "{}\n1\n"),
    ],
    ids=["text", "code", "cell", "header"],
)
@pytest.mark.parametrize(
    "hidden",
    ["\u200b", "\u202e", "\U000e0041", "\ufe01", "\x08"],
    ids=["space", "turn", "tag", "variant", "control"],
)
def test_characters_that_are_not_seen_are_refused(
    tmp_path: Path, name: str, kind: str, shape: str, hidden: str
) -> None:
    """Whole texts are written in them; the refusal has their name."""
    plain = shape.format("Caff\u00e8; t\u0177 a'r 12\t\u00a312 \u2014 fin.")
    filled(tmp_path, name, plain.encode(), kind)
    with pytest.raises(Invalid, match="without"):
        filled(tmp_path, name, shape.format(f"12{hidden}34").encode(), kind)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "a\\b.csv",
            "a:b.csv",
            "a\nb.csv",
            "a\u202eb.csv",
            ".csv",
            "-a.csv",
            "a..csv",
        ),
        *("CON.csv", "nul.csv", "a .csv.", "a*.csv", " a.csv", f"{'a' * 130}.csv"),
    ],
)
def test_a_name_that_means_something_else_elsewhere_is_refused(
    tmp_path: Path, name: str
) -> None:
    """Before the file is looked for."""
    with pytest.raises(Invalid) as problem:
        filled(tmp_path, name, b"a\n1\n", "table")
    assert "name" in str(problem.value) or "one of" in str(problem.value)


@pytest.mark.parametrize("name", ["T\u0177 1 (a).csv", "a-b_c+d.v2.csv"])
def test_a_name_may_have_letters_of_any_script(tmp_path: Path, name: str) -> None:
    """And spaces, and brackets."""
    assert filled(tmp_path, name, b"a\n1\n", "table").items[0].name == name


@pytest.mark.parametrize(
    "cell",
    [
        '{"outputs": [{"output_type": "x"}]}',
        r'{"out\u0070uts": [{"x": 1}]}',
        '{"attachments": {"a.png": {"image/png": "AAAA"}}}',
    ],
)
def test_a_notebook_has_no_output_however_it_is_spelled(
    tmp_path: Path, cell: str
) -> None:
    """Nor pictures pasted into its words."""
    plain = json.dumps({"cells": [{"cell_type": "code", "outputs": []}]})
    filled(tmp_path, "a.ipynb", plain.encode(), "code")
    with pytest.raises(Invalid, match="stripped"):
        filled(tmp_path, "a.ipynb", f'{{"cells": [{cell}]}}'.encode(), "code")
