"""Removal of what an interrupted intake left behind, and of nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from connectors.errors import Invalid
from tre.intake import spine
from tre.intake.engine import Engine
from tre.intake.rotate import in_two_generations, settle_keys
from tre.intake.successor import WRITING, settle_successor, successors
from tre.intake.zones import (
    DRAFT,
    MADE_FOR_WORK,
    PENDING,
    VERSION,
    ZONES,
    Busy,
    Zones,
)


def sweep(zones: Zones, known_files: Collection[Path]) -> None:
    """Remove work files, drafts not on record and their keys; settle spines.

    `known_files` are the versions on record, relative to the home. Does nothing
    while an intake is running: what is there is that intake's. Invalid, with nothing
    removed, where a version is neither on record nor marked as a draft: the record
    may have lost it.
    """
    with suppress(Busy), zones.locked():
        sweep_locked(zones, known_files)


def sweep_locked(zones: Zones, known_files: Collection[Path]) -> None:
    """The same for a caller who holds the intake lock."""
    _check_known(zones, known_files)
    for zone in ZONES:
        _work(zones.folder(zone))
    for pattern in (f"*{PENDING}.draft", f"*{DRAFT}{WRITING}"):
        for unfinished in zones.folder("linkage").glob(pattern):
            unfinished.unlink(missing_ok=True)
    for successor in successors(zones):
        settle_successor(zones, successor, known_files)
    _spines(zones, known_files)
    for file in drafts(zones):
        if file.relative_to(zones.home) in known_files:
            zones.keep_version(file)
        else:
            zones.discard_version(file)


def drafts(zones: Zones) -> tuple[Path, ...]:
    """The files of versions whose intake ended before it could say what became of it.

    They may not be there any more, or not yet.
    """
    notes = sorted(zones.folder("research").glob(f"*{VERSION}{DRAFT}"))
    return tuple(note.with_name(note.name.removesuffix(DRAFT)) for note in notes)


def _check_known(zones: Zones, known_files: Collection[Path]) -> None:
    known = {zones.home / file for file in known_files} | set(drafts(zones))
    for file in sorted(zones.folder("research").glob(f"*{VERSION}")):
        if file not in known:
            raise Invalid(
                str(file),
                "no version on record has this file, and no intake left it behind;"
                " nothing was removed. Where the control database is not the newest"
                " there was, put that back; else move the file away",
            )


def _work(folder: Path) -> None:
    """Remove what lives for one intake; a name that merely resembles one stays."""
    for file in folder.iterdir():
        if not MADE_FOR_WORK.fullmatch(file.name):
            continue
        if file.is_dir():
            shutil.rmtree(file, ignore_errors=True)
        else:
            file.unlink(missing_ok=True)


def _spines(zones: Zones, known_files: Collection[Path]) -> None:
    additions, rotated = spine.unsettled(zones), in_two_generations(zones)
    if not additions and not rotated:
        return
    with zones.scratch() as scratch:
        engine = Engine.open(scratch, memory_mib=512, threads=1)
        try:
            for addition in additions:
                spine.settle(engine, zones, addition, known_files)
            settle_keys(engine, zones, rotated)
        finally:
            engine.close()
