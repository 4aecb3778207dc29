"""Read what somebody wants to carry, and refuse what is wrong in its form.

A form is YAML: context, and files with the releases they rest on. Files lie beside
it. Tables and pictures go out as they are made anew from what is seen in them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.errors import Invalid
from tre.airlock.arithmetic import NotArithmetic, names
from tre.airlock.pictures import PNG, redrawn_png, redrawn_svg
from tre.airlock.recompute import Made
from tre.airlock.submission import Context, Direction, Item, Kind
from tre.airlock.tabular import READERS, made_of, written_anew
from tre.airlock.unseen import unseen
from tre.governance.written import written

LARGEST_FILE: Final = 10 * 1024 * 1024
MOST_FILES: Final = 50

_SUFFIXES: Final[Mapping[Kind, frozenset[str]]] = MappingProxyType(
    {
        Kind.TABLE: frozenset(READERS),
        Kind.MODEL: frozenset(READERS),
        Kind.FIGURE: frozenset({".png", ".svg"}),
        Kind.TEXT: frozenset({".txt", ".md"}),
        Kind.CODE: frozenset({".py", ".r", ".sql", ".ipynb"}),
        Kind.MANIFEST: frozenset({".yaml", ".json"}),
    }
)
_MAGIC: Final[Mapping[str, bytes]] = MappingProxyType(
    {".png": PNG, ".parquet": b"PAR1"}
)
_NAME: Final = re.compile(r"\w(?:[\w ().+-]{0,118}\w)?")
"""What a file may be called on every system; letters of any script."""
_RESERVED: Final = re.compile(
    r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE
)

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
        name = PurePosixPath(self.path).name
        if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name) or ".." in name:
            raise ValueError("a file's name is letters, digits, and . _ - + ( )")
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
        data = _shown(file, data, f"files[{index}]", form.direction)
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
    if len({item.name.casefold() for item in items}) < len(items):
        raise Invalid("files", "expected files of different names")
    context = Context(form.title, form.what, form.why, form.for_whom)
    return Filled(form.direction, context, tuple(items), contents)


def made_table(item: Item, data: bytes) -> Made:
    """A table's cells as text. Invalid where it cannot be read, or is too large."""
    try:
        return made_of(PurePosixPath(item.name).suffix.lower(), data)
    except ValueError as problem:
        raise Invalid(item.name, str(problem)) from None


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


def _shown(file: _File, data: bytes, place: str, direction: Direction) -> bytes:
    """The file as it is carried: all there is in it is seen by who opens it.

    What comes in is published as its manifest says, and is not made anew.
    """
    suffix = PurePosixPath(file.path).suffix.lower()
    if not data:
        raise Invalid(place, "expected a file that is not empty")
    if not data.startswith(_MAGIC.get(suffix, b"")):
        raise Invalid(place, f"expected a file that is {suffix}, as its name says")
    if direction is Direction.IN and file.kind is Kind.TABLE:
        return data
    try:
        anew, words = _anew(suffix, data)
    except ValueError as problem:
        raise Invalid(place, str(problem)) from None
    hidden = unseen(words)
    if hidden is not None:
        raise Invalid(place, f"expected text that is all seen, without {hidden}")
    return anew


def _anew(suffix: str, data: bytes) -> tuple[bytes, str]:
    """The file made anew, and the words in it. ValueError says what was expected."""
    if suffix in READERS:
        made = made_of(suffix, data)
        cells = (cell or "" for row in (made.columns, *made.rows) for cell in row)
        return written_anew(suffix, data), "\n".join(cells)
    if suffix == ".png":
        return redrawn_png(data), ""
    if suffix == ".svg":
        return redrawn_svg(data)
    if suffix == ".ipynb":
        _check_stripped(data)
    return data, _text(data)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("expected text in UTF-8") from None


def _check_stripped(data: bytes) -> None:
    """That a notebook has no output and no pictures, however they are spelled."""
    try:
        cells = json.loads(data)["cells"]
        full = [
            cell for cell in cells if cell.get("outputs") or cell.get("attachments")
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("expected a notebook with its cells") from None
    if full:
        raise ValueError("expected a notebook stripped of its output")
