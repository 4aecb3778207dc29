"""A place outside to which heads are published, so that a log cut short is missed.

A folder (of another machine, say) or an address that takes PUT. One head is one file,
named by the size of the tree: files are added and never written again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import httpx

from connectors.errors import Invalid
from tre.audit.note import Note

_PATIENCE_SECONDS: Final = 10.0
_TAKEN: Final = 412
LONGEST_PLACE: Final = 250


class NotPublished(Exception):
    """The place outside did not take the head; the reason is not its text."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the place outside did not take the head: {reason}")


class Forked(Exception):
    """What was published is not the beginning of this log: somebody changed it."""

    def __init__(self, published: str) -> None:
        super().__init__(f"the log does not continue what was published: {published}")


@dataclass(frozen=True, slots=True)
class FolderOutside:
    """A folder, of which our process may be allowed to do no more than add files."""

    folder: Path

    def publish(self, note: Note) -> None:
        """Add the head. NotPublished or Forked where that does not work."""
        file = self.folder / _name(note)
        content = note.written().encode()
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        except FileExistsError:
            if Note.read(file.read_text("utf-8")).head != note.head:
                raise Forked(file.name) from None
        except OSError as error:
            raise NotPublished(type(error).__name__) from None

    def newest(self) -> Note | None:
        """The largest head that was published; None where there is none."""
        for file in sorted(self.folder.glob("*.checkpoint"), reverse=True):
            with suppress(ValueError, OSError):  # one cut short by a crash
                return Note.read(file.read_text("utf-8"))
        return None


@dataclass(frozen=True, slots=True)
class AddressOutside:
    """An address to which heads are PUT, each under a name of its own."""

    address: str

    def publish(self, note: Note) -> None:
        """Add the head. NotPublished where that does not work."""
        place = f"{self.address.rstrip('/')}/{_name(note)}"
        headers = {"If-None-Match": "*", "Content-Type": "text/plain; charset=utf-8"}
        try:
            answer = httpx.put(
                place,
                content=note.written().encode(),
                headers=headers,
                timeout=_PATIENCE_SECONDS,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotPublished(type(error).__name__) from None
        if not answer.is_success and answer.status_code != _TAKEN:
            raise NotPublished(f"status {answer.status_code}")

    def newest(self) -> Note | None:
        """None: what an address keeps is for others to read."""
        return None


Outside: TypeAlias = FolderOutside | AddressOutside


def outside(place: str) -> Outside:
    """The place of these words. Invalid for what is neither a folder nor an address."""
    parts = urlsplit(place)
    if len(place) > LONGEST_PLACE:
        raise Invalid("heads", "expected a shorter folder or address")
    if parts.scheme in {"http", "https"} and parts.hostname:
        return AddressOutside(place)
    folder = Path(place)
    if not folder.is_absolute() or not folder.is_dir():
        rule = "expected https://…, or the absolute path of a folder that is there"
        raise Invalid("heads", rule)
    return FolderOutside(folder)


def _name(note: Note) -> str:
    return f"{note.size:020d}.checkpoint"
