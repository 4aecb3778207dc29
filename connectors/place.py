"""Where a file's bytes are: on this machine, or anywhere that can be opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from connectors.errors import Invalid


class Place(Protocol):
    """A file that can be read from any position, as often as asked."""

    @property
    def name(self) -> str:
        """The file's own name, never where it is."""
        ...

    def open(self) -> pa.NativeFile:
        """The file's bytes as they are. Raises `Invalid` where it cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on this machine."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def open(self) -> pa.NativeFile:
        """The file, read in the plain way: one cut short meanwhile is an error."""
        self.check()
        try:
            return pa.OSFile(str(self.path))
        except FileNotFoundError:
            message = "there is no such file"
        except (pa.ArrowException, OSError) as error:
            message = f"cannot be read ({type(error).__name__})"
        raise Invalid(self.name, message)

    def check(self) -> None:
        """Raise `Invalid` for what is no file: a pipe would be waited for, for ever."""
        if self.path.exists() and not self.path.is_file():
            raise Invalid(self.name, "cannot be read: expected a file")


def placed(where: Path | Place) -> Place:
    """A path as the file at it; any other place as it is."""
    return LocalFile(where) if isinstance(where, Path) else where


def decompressed(place: Place) -> pa.NativeFile:
    """The file's bytes from first to last, decompressed where its name says so."""
    codec = _codec(place.name)
    stream = place.open()
    return pa.CompressedInputStream(stream, codec) if codec else stream


def _codec(name: str) -> str | None:
    try:
        found: str = pa.Codec.detect(name).name
    except (TypeError, ValueError):  # Arrow raises the one while saying the other
        return None
    return found
