"""Removal of what an interrupted intake left behind."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from connectors.errors import Invalid
from tre.intake import spine
from tre.intake.engine import Engine
from tre.intake.zones import (
    MADE_FOR_WORK,
    PENDING,
    VERSION,
    ZONES,
    Zones,
    remove,
)


def sweep(zones: Zones, known_files: Collection[Path]) -> None:
    """Remove work files, versions not on record and their keys; settle spines.

    `known_files` are the versions on record, relative to the home. Does nothing
    while an intake is running: what is there is that intake's.
    """
    try:
        with zones.locked():
            sweep_locked(zones, known_files)
    except Invalid:
        return


def sweep_locked(zones: Zones, known_files: Collection[Path]) -> None:
    """The same for a caller who holds the intake lock."""
    for zone in ZONES:
        _work(zones.folder(zone))
    for draft in zones.folder("linkage").glob(f"*{PENDING}.draft"):
        draft.unlink(missing_ok=True)
    _versions(zones, known_files)
    _spines(zones, known_files)


def _work(folder: Path) -> None:
    """Remove what lives for one intake; a name that merely resembles one stays."""
    for file in folder.iterdir():
        if not MADE_FOR_WORK.fullmatch(file.name):
            continue
        if file.is_dir():
            shutil.rmtree(file, ignore_errors=True)
        else:
            file.unlink(missing_ok=True)


def _versions(zones: Zones, known_files: Collection[Path]) -> None:
    research = zones.folder("research")
    known = {zones.home / file for file in known_files}
    for file in research.glob(f"*{VERSION}"):
        if file not in known:
            zones.keystore.destroy(zones.key_name(file))
            remove(file)
    kept = {zones.key_name(file) for file in known}
    for name in zones.keystore.names():
        if name.startswith(f"{research.name}-") and name not in kept:
            zones.keystore.destroy(name)


def _spines(zones: Zones, known_files: Collection[Path]) -> None:
    additions = spine.unsettled(zones)
    if not additions:
        return
    with zones.scratch() as scratch:
        engine = Engine.open(scratch, memory_mib=512, threads=1)
        try:
            for addition in additions:
                spine.settle(engine, zones, addition, known_files)
        finally:
            engine.close()
