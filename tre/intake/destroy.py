"""Make a version unreadable for good, and say how that can be known."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tre.intake import spine
from tre.intake.publication import Options
from tre.intake.row_keys import rows_key_name
from tre.intake.underway import opened
from tre.intake.zones import Zones, digest_of, remove, sync


def destroy(zones: Zones, file: Path, key_name: str) -> str:
    """Destroy a version's keys, then its files; `file` names it from the home.

    Returns the SHA-256 of the encrypted file as it was, or nothing where there was
    none: whoever finds a copy can tell that it is this one, and that its key is gone.
    """
    whole = zones.home / file
    sha256 = digest_of(whole) if whole.exists() else ""
    zones.forget_rows(whole)
    zones.keystore.destroy(key_name)
    remove(whole)
    sync(whole.parent)
    return sha256


def forget(zones: Zones, population: str, datasets: Collection[str]) -> None:
    """Forget identifiers that the linkage zone has from these datasets alone."""
    for dataset in datasets:
        zones.keystore.destroy(rows_key_name(dataset))
    if not datasets or not zones.spine(population).exists():
        return
    options = Options(memory_mib=512, threads=1)
    with zones.scratch() as scratch, opened(scratch, options) as engine:
        spine.open_spine(engine, zones, population)
        for dataset in sorted(datasets):
            spine.forget_dataset(engine, dataset)
        engine.detach("spine")
