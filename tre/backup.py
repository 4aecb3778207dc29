"""A home in one sealed file, and a home from one.

Everything is of one moment: no dataset is published while it is taken, published
files never change, and the control database is copied as it stood: by SQLite's online
backup, or from one transaction's view of the server, into a file like SQLite's. What
is restored may be on either. Questions go on meanwhile, and those answered after that
moment are not in it.
"""

from __future__ import annotations

import io
import os
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import URL, select

from connectors.errors import Invalid
from tre.audit.act import acting, log_size
from tre.audit.window import Window
from tre.control.copying import copy_rows
from tre.control.database import open_control
from tre.control.tables import project
from tre.governance.project import Standing
from tre.governance.projects import suspend_project
from tre.home import Layout, Parts, Terms, empty_server, open_home, signing_key, utc_now
from tre.intake.zones import Zones
from tre.keystore import Keystore
from tre.sealed_file import SealingWriter, Unreadable, opened_chunks

SHORTEST_PASSPHRASE: Final = 12
_KEPT: Final = ("keys", "zones/linkage", "zones/research")
_RESTORED: Final = "The environment was restored from a backup."


def back_up(parts: Parts, target: Path, passphrase: str, actor: str) -> None:
    """Write the home to a new file, readable by its owner and with the passphrase.

    Invalid where the file exists, the passphrase is short, or an intake is running.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Invalid(
            "passphrase", f"expected {SHORTEST_PASSPHRASE} characters or more"
        )
    zones = Zones(parts.layout.root, parts.keystore)
    with zones.locked(), TemporaryDirectory(dir=parts.layout.scratch) as scratch:
        with acting(parts.control, actor, parts.clock()) as act:
            act.record("environment.backed_up", "", {})
        copy = Path(scratch) / "control.sqlite"
        _copy_database(parts, copy)
        _write(target, passphrase, _files(parts.layout, copy))


@dataclass(frozen=True, slots=True)
class Restored:
    """Projects that were active and are suspended now, and what is known to be lost.

    `lost` is how many records a head outside had seen beyond those of the backup;
    None where no head outside could be looked at.
    """

    suspended: tuple[str, ...]
    lost: int | None


def restore(
    source: Path, home: Path, passphrase: str, actor: str, control: str | None = None
) -> Restored:
    """Make a home from a backup, its control database a file or on a server.

    `control` is the address of an empty PostgreSQL database. What was spent after the
    backup is not in its ledger: so nobody asks on before the committee has looked, and
    resumes. Invalid where something is at `home` or in the database, or the file is
    not a whole backup under the passphrase; nothing is left then.
    """
    if home.exists():
        raise Invalid(str(home), "expected a folder that is not there yet")
    address = None if control is None else empty_server(control)
    draft = home.with_name(f".{home.name}.restoring")
    draft.mkdir(mode=0o700, parents=True)
    try:
        _read(source, passphrase, draft)
        layout = Layout(draft)
        for folder in (layout.zones / "landing", layout.published, layout.scratch):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if address is not None:
            _to_server(layout, address)
        lost = _lost(layout)
        draft.rename(home)
    except BaseException:
        _remove(draft)
        raise
    return Restored(_suspended(home, actor, lost), lost)


def _suspended(home: Path, actor: str, lost: int | None) -> tuple[str, ...]:
    parts = open_home(home, Terms())
    try:
        with acting(parts.control, actor, parts.clock()) as act:
            act.record("environment.restored", "", {"records_lost": lost})
            found = select(project.c.name).where(
                project.c.state == Standing.ACTIVE.value
            )
            names = tuple(act.connection.execute(found.order_by("name")).scalars())
            for name in names:
                suspend_project(act, name, _RESTORED)
    finally:
        parts.close()
    return names


def _lost(layout: Layout) -> int | None:
    """How many records were published and are not there; None where nobody can say."""
    signing = signing_key(Keystore.open(layout.keys))
    with (
        closing(open_control(layout.place or layout.control, signing)) as control,
        suppress(Invalid),  # a place that is not of this machine
    ):
        outside = Window(control, utc_now).outside()
        newest = outside.newest() if outside else None
        if newest is not None:
            with control.reading() as connection:
                return max(0, newest.size - log_size(connection))
    return None


def _to_server(layout: Layout, address: URL) -> None:
    """Move a home's control database from its file to an empty one on a server."""
    signing = signing_key(Keystore.open(layout.keys))
    with (
        closing(open_control(layout.control, signing)) as source,
        closing(open_control(address, signing)) as target,
        source.reading() as held,
        target.writing() as made,
    ):
        copy_rows(held, made)
    for part in layout.root.glob(f"{layout.control.name}*"):
        part.unlink()
    layout.keep_address(address)


def _copy_database(parts: Parts, target: Path) -> None:
    source = parts.layout.control
    if not source.exists():
        with (
            closing(open_control(target, parts.control.signing_key)) as copied,
            parts.control.reading() as held,
            copied.writing() as made,
        ):
            copy_rows(held, made)
        return
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as file,
        closing(sqlite3.connect(target)) as copy,
    ):
        file.backup(copy)


def _files(layout: Layout, control: Path) -> Iterator[tuple[str, Path]]:
    """What is backed up, by its place in the home."""
    yield layout.control.name, control
    for kept in _KEPT:
        for file in sorted((layout.root / kept).rglob("*")):
            if file.is_file() and not file.is_symlink():
                yield str(file.relative_to(layout.root)), file


def _write(target: Path, passphrase: str, files: Iterator[tuple[str, Path]]) -> None:
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Invalid(str(target), "expected a file that is not there yet") from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            writer = SealingWriter.begin(stream, passphrase)
            with tarfile.open(fileobj=writer, mode="w|") as archive:
                for name, file in files:
                    archive.add(file, name, recursive=False)
            writer.finish()
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException as error:
        target.unlink()  # half a backup is none
        if isinstance(error, OSError):
            raise Invalid(str(target), f"cannot be written: {error.strerror}") from None
        raise


def _read(source: Path, passphrase: str, home: Path) -> None:
    try:
        stream = source.open("rb")
    except OSError as error:
        raise Invalid(str(source), f"cannot be read: {error.strerror}") from None
    try:
        with stream:
            chunks = _Chunks(opened_chunks(stream, passphrase))
            with tarfile.open(fileobj=chunks, mode="r|") as archive:
                archive.extractall(home, filter="data")
            chunks.drain()
    except OSError as error:
        rule = f"cannot be laid out here: {error.strerror}"
        raise Invalid(str(home.parent), rule) from None
    except (Unreadable, tarfile.TarError) as problem:
        raise Invalid(str(source), f"no whole backup: {problem}") from None


class _Chunks(io.RawIOBase):
    """An iterator of bytes as something to read from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._held) < size:
            more = next(self._chunks, None)
            if more is None:
                break
            self._held += more
        taken = self._held if size < 0 else self._held[:size]
        self._held = self._held[len(taken) :]
        return taken

    def drain(self) -> None:
        """Read to the end, so that a file cut short is noticed."""
        for _ in self._chunks:
            pass


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
