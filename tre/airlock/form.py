"""Read what somebody wants to carry, and refuse what is wrong in its form.

A form is YAML: context, and files with the releases they rest on. Files lie beside
it. Nothing here needs the environment, but for the releases that are cited.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated, Any, Final

import pyarrow as pa
from pyarrow import parquet
from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.errors import Invalid
from tre.airlock.arithmetic import NotArithmetic, names
from tre.airlock.recompute import Made
from tre.airlock.submission import Context, Direction, Item, Kind
from tre.governance.written import written

LARGEST_FILE: Final = 10 * 1024 * 1024
MOST_FILES: Final = 50
MOST_CELLS: Final = 200_000

_SUFFIXES: Final[Mapping[Kind, frozenset[str]]] = MappingProxyType(
    {
        Kind.TABLE: frozenset({".csv", ".parquet", ".arrow"}),
        Kind.MODEL: frozenset({".csv", ".parquet", ".arrow"}),
        Kind.FIGURE: frozenset({".png", ".svg", ".pdf"}),
        Kind.TEXT: frozenset({".txt", ".md"}),
        Kind.CODE: frozenset({".py", ".r", ".sql", ".ipynb"}),
        Kind.MANIFEST: frozenset({".yaml", ".json"}),
    }
)
_MAGIC: Final[Mapping[str, bytes]] = MappingProxyType(
    {".png": b"\x89PNG\r\n\x1a\n", ".pdf": b"%PDF-", ".parquet": b"PAR1"}
)
_ACTIVE: Final = re.compile(rb"<script|\son\w+\s*=|javascript:", re.IGNORECASE)

_Text = Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"\S")]
_Column = Annotated[str, Field(min_length=1, max_length=200)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _File(_Model):
    path: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Kind
    releases: tuple[str, ...] = ()
    columns: dict[_Column, _Column] = {}
    derived: dict[_Column, _Column] = {}

    @model_validator(mode="after")
    def _is_one(self) -> _File:
        suffix = PurePosixPath(self.path).suffix.lower()
        if suffix not in _SUFFIXES[self.kind]:
            known = ", ".join(sorted(_SUFFIXES[self.kind]))
            raise ValueError(f"a {self.kind.value} is one of {known}")
        for name, formula in self.derived.items():
            try:
                names(formula)
            except NotArithmetic as problem:
                raise ValueError(f"derived.{name}: {problem}") from None
        return self


class Form(_Model):
    """A form as it is written."""

    direction: Direction = Direction.OUT
    title: Annotated[str, Field(min_length=1, max_length=300)]
    what: _Text
    why: _Text
    for_whom: _Text
    files: Annotated[tuple[_File, ...], Field(min_length=1, max_length=MOST_FILES)]


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was filled in, and the bytes of each file by their hash."""

    direction: Direction
    context: Context
    items: tuple[Item, ...]
    contents: Mapping[str, bytes] = field(repr=False)


def read_form(
    source: Path | str | Mapping[str, Any], base: Path | None = None
) -> Filled:
    """A form and its files. Invalid names the place of what is wrong, and the rule.

    Files lie in the form's own folder, or in `base`, and nowhere above it.
    """
    folder = base or (Path() if isinstance(source, Mapping) else Path(source).parent)
    form = form_of(source)
    items, contents = [], {}
    for index, file in enumerate(form.files):
        data = _bytes(folder, file.path, f"files[{index}]")
        _check(file, data, f"files[{index}]")
        sha256 = hashlib.sha256(data).hexdigest()
        contents[sha256] = data
        items.append(
            Item(
                PurePosixPath(file.path).name,
                file.kind,
                sha256,
                len(data),
                file.releases,
                file.columns,
                file.derived,
            )
        )
    if len({item.name for item in items}) < len(items):
        raise Invalid("files", "expected files of different names")
    context = Context(form.title, form.what, form.why, form.for_whom)
    return Filled(form.direction, context, tuple(items), contents)


def made_table(item: Item, data: bytes) -> Made:
    """A table's cells as text. Invalid where it cannot be read, or is too large."""
    suffix = PurePosixPath(item.name).suffix.lower()
    try:
        made = _READERS[suffix](data)
    except (pa.ArrowException, OSError, ValueError, csv.Error, IndexError):
        raise Invalid(item.name, f"expected a table that reads as {suffix}") from None
    if len(made.columns) * len(made.rows) > MOST_CELLS:
        raise Invalid(item.name, f"expected at most {MOST_CELLS:,} cells")
    if len(set(made.columns)) < len(made.columns):
        raise Invalid(item.name, "expected columns of different names")
    return made


def form_of(source: Path | str | Mapping[str, Any]) -> Form:
    """A form without its files. Invalid as `read_form`."""
    return written(Form, source)


def _bytes(folder: Path, path: str, place: str) -> bytes:
    file = (folder / path).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise Invalid(place, "expected a file in the form's own folder")
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise Invalid(place, f"expected at most {LARGEST_FILE >> 20} MiB a file")
        return file.read_bytes()
    except OSError:
        raise Invalid(place, f"expected a file that can be read: {path}") from None


def _check(file: _File, data: bytes, place: str) -> None:
    """That a file is what its name says, and shows a checker all there is in it."""
    suffix = PurePosixPath(file.path).suffix.lower()
    if not data:
        raise Invalid(place, "expected a file that is not empty")
    if not data.startswith(_MAGIC.get(suffix, b"")):
        raise Invalid(place, f"expected a file that is {suffix}, as its name says")
    if suffix == ".svg" and _ACTIVE.search(data):
        raise Invalid(place, "expected a picture without scripts")
    if file.kind in {Kind.TEXT, Kind.CODE, Kind.MANIFEST} and not _is_text(data):
        raise Invalid(place, "expected text in UTF-8")
    if suffix == ".ipynb" and b'"output_type"' in data:
        raise Invalid(place, "expected a notebook stripped of its output")


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _csv(data: bytes) -> Made:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), strict=True))
    head, *body = [row for row in rows if row]
    if any(len(row) != len(head) for row in body):
        raise ValueError("ragged")
    cells = tuple(tuple(cell or None for cell in row) for row in body)
    return Made(tuple(head), cells)


def _arrow(data: bytes) -> Made:
    return _from_arrow(pa.ipc.open_stream(data).read_all())


def _parquet(data: bytes) -> Made:
    return _from_arrow(parquet.read_table(pa.BufferReader(data)))


def _from_arrow(table: pa.Table) -> Made:
    rows = [
        tuple(None if value is None else str(value) for value in row.values())
        for row in table.to_pylist()
    ]
    return Made(tuple(table.column_names), tuple(rows))


_READERS: Final = MappingProxyType(
    {".csv": _csv, ".arrow": _arrow, ".parquet": _parquet}
)
