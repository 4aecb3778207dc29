"""The next version of a spine: begun, and kept or undone as what it is for is.

It is a file of its own. The catalogue switches to the versions that go with it in one
transaction, and a spine cannot be committed together with that; so a note beside the
file names those versions' files, and whoever comes next keeps the new spine where they
are on record, and the old one where they are not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tre.intake.zones import DRAFT, SPINE, Zones, remove, sync

WRITING: Final = ".writing"
"""The suffix of a note that is not whole yet."""


@dataclass(frozen=True, slots=True)
class Successor:
    """A spine version that is not in force yet, and the files it is for."""

    population: str
    version: int
    files: tuple[Path, ...]


def begin_successor(zones: Zones, population: str, files: Sequence[Path]) -> Successor:
    """Note which files a new spine version is for, before there is anything of it.

    `files` are versions to be, from the home; at least one.
    """
    made = Successor(population, zones.spine_version(population) + 1, tuple(files))
    note = zones.note(zones.spine_of(population, made.version))
    writing = note.with_name(f"{note.name}{WRITING}")
    with writing.open("w", encoding="utf-8") as stream:
        json.dump([file.as_posix() for file in files], stream)
        stream.flush()
        os.fsync(stream.fileno())
    writing.rename(note)
    sync(note.parent)
    return made


def successors(zones: Zones) -> tuple[Successor, ...]:
    """Spine versions whose makers ended before they could say what became of them."""
    found = []
    for note in sorted(zones.folder("linkage").glob(f"*{DRAFT}")):
        named = SPINE.fullmatch(note.name.removesuffix(DRAFT))
        if named is not None:
            files = map(Path, json.loads(note.read_text(encoding="utf-8")))
            found.append(Successor(named[1], int(named[2]), tuple(files)))
    return tuple(found)


def settle_successor(
    zones: Zones, successor: Successor, known: Collection[Path]
) -> None:
    """Keep the new spine and destroy the old, or the other way round.

    Its files are on record together or not at all.
    """
    if any(file in known for file in successor.files):
        _keep(zones, successor)
    else:
        _destroy(zones, zones.spine_of(successor.population, successor.version))
    zones.keep_version(zones.spine_of(successor.population, successor.version))


def _keep(zones: Zones, successor: Successor) -> None:
    for population, version in zones.spines():
        if population == successor.population and version < successor.version:
            _destroy(zones, zones.spine_of(population, version))


def _destroy(zones: Zones, file: Path) -> None:
    zones.keystore.destroy(zones.key_name(file))
    remove(file)
    sync(file.parent)
