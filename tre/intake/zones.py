"""Where intake keeps what, and under which key.

`landing` holds rows as received, `linkage` identifiers and the spine, `research`
attributes. Work files live for one intake, under keys that are never written down:
when the process ends, however it ends, nobody can read them. Only spines and
published versions have keys in the keystore.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectors.errors import Invalid
from tre.keystore import Keystore

ZONES: Final = ("landing", "linkage", "research")
ROWS: Final = ".rows"
"""The suffix of a file that has the row keys of a version."""
WORK: Final = ".work"
"""The suffix of files that live for one intake."""

MADE_FOR_WORK: Final = re.compile(
    rf"[0-9a-f]{{12}}{re.escape(WORK)}(\.(wal|checkpoint|recovery))*"
)
"""Names of work files and of what the engine writes beside them.

Nothing that is kept has such a name, whatever its dataset or population is called:
the names of spines and versions end in `VERSION`.
"""

VERSION: Final = ".duckdb"
SPINE: Final = re.compile(rf"(.+)\.(\d+){re.escape(VERSION)}")
"""The name of a spine's file: its population and its version."""

PENDING: Final = ".pending"
DRAFT: Final = ".draft"
"""The suffix of the note beside a version that is not in force yet."""


class Busy(Invalid):
    """Another intake has the home."""


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones of the environment in `home`, and the keys to them."""

    home: Path
    keystore: Keystore

    def prepare(self) -> None:
        """Make the zones' folders, for their owner alone."""
        for name in ZONES:
            self.folder(name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def folder(self, zone: str) -> Path:
        """Where a zone's files are."""
        return self.home / "zones" / zone

    def spine(self, population: str) -> Path:
        """The file of a population's linkage spine: of the version in force."""
        return self.spine_of(population, self.spine_version(population))

    def spine_of(self, population: str, version: int) -> Path:
        """The file of one version of a population's spine."""
        return self.folder("linkage") / f"{population}.{version}{VERSION}"

    def spine_version(self, population: str) -> int:
        """The spine version in force: the newest that is no draft; 1 where none is."""
        found = [
            version
            for named, version in self.spines()
            if named == population
            and not self.note(self.spine_of(named, version)).exists()
        ]
        return max(found, default=1)

    def spines(self) -> tuple[tuple[str, int], ...]:
        """The population and version of every spine's file, drafts included."""
        names = [file.name for file in self.folder("linkage").glob(f"*{VERSION}")]
        found = [SPINE.fullmatch(name) for name in sorted(names)]
        return tuple((each[1], int(each[2])) for each in found if each)

    def pending(self, population: str) -> Path:
        """Says which publication the spine's newest entries were added for."""
        return self.folder("linkage") / f"{population}{PENDING}"

    def begin_version(self, dataset: str) -> Path:
        """The file of a version to be, with a note beside it that it is a draft.

        Only what has such a note is ever removed unasked.
        """
        name = f"{dataset}-{secrets.token_hex(6)}{VERSION}"
        file = self.folder("research") / name
        self.note(file).touch(mode=0o600, exist_ok=False)
        sync(file.parent)
        return file

    def keep_version(self, file: Path) -> None:
        """The version is in force: it is a draft no more."""
        self.note(file).unlink(missing_ok=True)
        sync(file.parent)

    def discard_version(self, file: Path) -> None:
        """Remove a version that nobody switched to, its keys, and last its note."""
        self.forget_rows(file)
        self.keystore.destroy(self.key_name(file))
        remove(file)
        self.keep_version(file)

    def rows(self, version: Path) -> Path:
        """The file beside a version, in the linkage zone, that knows rows by keys."""
        return self.folder("linkage") / f"{version.stem}{ROWS}"

    def rows_key_name(self, version: Path) -> str:
        """The name of the key it is written under: no spine can have it."""
        return f"linkage--{version.stem}"

    def forget_rows(self, version: Path) -> None:
        """Remove what knows a version's rows, and its key, where there is such."""
        self.keystore.destroy(self.rows_key_name(version))
        remove(self.rows(version))

    def note(self, file: Path) -> Path:
        """The note that says a version's file is a draft."""
        return file.with_name(f"{file.name}{DRAFT}")

    def key_name(self, file: Path) -> str:
        """The name of the key a spine or version is written under."""
        return f"{file.parent.name}-{file.name.removesuffix(VERSION)}"

    def linkage_key(self, population: str, generation: int) -> bytes:
        """The key of a population's pseudonyms, made on first use.

        Its spine says which generation its tokens are of; rotating makes the next.
        """
        name = self.linkage_key_name(population, generation)
        self.keystore.key_or_new(name)
        return self.keystore.derive(name, "HMAC-SHA-256 pseudonyms")

    def linkage_key_name(self, population: str, generation: int) -> str:
        """The name of a generation of the key of a population's pseudonyms."""
        return f"pseudonyms-{population}.{generation}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home's intake lock; `Busy` where another intake has it."""
        self.prepare()
        descriptor = os.open(
            self.folder("landing") / "lock", os.O_RDWR | os.O_CREAT, 0o600
        )
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                busy = True
            else:
                busy = False
            if busy:
                raise Busy("", "another intake is running: try again after it")
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder of the landing zone that lives for one intake."""
        folder = self.folder("landing") / f"{secrets.token_hex(6)}{WORK}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def work_file(self, zone: str) -> Path:
        """A new name for a file that lives for one intake."""
        return self.folder(zone) / f"{secrets.token_hex(6)}{WORK}"


def remove(file: Path) -> None:
    """Remove a zone file and its write-ahead log, where they exist."""
    for path in (file, file.with_name(f"{file.name}.wal")):
        path.unlink(missing_ok=True)


def digest_of(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. `OSError` where it cannot be read."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync(folder: Path) -> None:
    """Make names created in or removed from `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
