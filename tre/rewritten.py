"""Versions that are asked, as intake writes them anew, and what takes their place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from tre.governance.conditions import known_purposes
from tre.governance.replacing import Replacement, Standing
from tre.governance.versions import known_files
from tre.home import Parts
from tre.intake import Zones
from tre.intake.heed import Use
from tre.intake.rebuild import Written
from tre.intake.zones import digest_of


def as_written(
    connection: Connection, standing: Sequence[Standing]
) -> tuple[Written, ...]:
    """Where versions are, and by which objections they go."""
    known = known_purposes(connection)
    return tuple(
        Written(
            each.dataset,
            Path(each.file),
            each.key_name,
            each.tables,
            Use.of(each.purposes, known),
        )
        for each in standing
    )


def replacements(
    zones: Zones,
    standing: Sequence[Standing],
    made: Sequence[Written],
    spine_version: str | None = None,
) -> list[Replacement]:
    """What takes the place of each version; under its own spine where none is said."""
    return [
        Replacement(
            old.version,
            new.file.as_posix(),
            new.key_name,
            spine_version or old.spine_version,
            digest_of(zones.home / new.file),
        )
        for old, new in zip(standing, made, strict=True)
    ]


def every_file(parts: Parts) -> frozenset[Path]:
    """The file of every version on record now, relative to the home."""
    with parts.control.reading() as connection:
        return frozenset(Path(known.file) for known in known_files(connection))
