"""Make a population's next spine version, with every version that is asked under it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from connectors.errors import Invalid
from tre.intake import spine
from tre.intake.anew import Written, written_anew
from tre.intake.engine import Engine
from tre.intake.evidence import evidence
from tre.intake.publication import Options
from tre.intake.regroup import regroup
from tre.intake.renumber import renumber
from tre.intake.rewrite import rewrite
from tre.intake.rotate import forget_keys, renew
from tre.intake.successor import Successor, begin_successor
from tre.intake.sweep import sweep_locked
from tre.intake.underway import opened, working
from tre.intake.zones import Zones, sync


@dataclass(frozen=True, slots=True)
class Relinked:
    """A new spine version, and versions under it in the order of those they replace."""

    successor: Successor
    written: tuple[Written, ...]


def relink(
    zones: Zones,
    population: str,
    standing: Sequence[Written],
    known_files: Collection[Path],
    options: Options | None = None,
) -> Relinked:
    """Files like those standing, under people who were told apart and numbered anew.

    Known people are merged and parted as decisions and passes say (`regroup`). Those
    who object to a version's use are not in it. The caller holds the intake lock, and
    switches to all of the files or removes them. Invalid where nothing is standing, or
    decisions contradict each other.
    """
    if not standing:
        raise Invalid("population", "nothing of it is published: link it when there is")
    chosen = options or Options()
    sweep_locked(zones, known_files)
    files = [zones.begin_version(each.dataset) for each in standing]
    successor = begin_successor(
        zones, population, [file.relative_to(zones.home) for file in files]
    )
    with zones.scratch() as scratch, opened(scratch, chosen) as engine:
        old = zones.spine(population)
        spine.open_spine(engine, zones, population)  # as it is made today
        engine.detach("spine")
        engine.attach_for_reading(
            "earlier", old, zones.keystore.key(zones.key_name(old))
        )
        with working(engine, zones, "linkage", "linkage"):
            groups = _groups(engine)
            new = zones.spine_of(population, successor.version)
            pairs = [
                (each.file.as_posix(), fresh.as_posix())
                for each, fresh in zip(standing, successor.files, strict=True)
            ]
            renumber(engine, zones, new, groups, pairs)
            made = [
                written_anew(engine, zones, each, file, partial(rewrite, engine, each))
                for each, file in zip(standing, files, strict=True)
            ]
        engine.drop("earlier")
        engine.detach("spine")
    sync(zones.folder("linkage"))
    sync(zones.folder("research"))
    return Relinked(successor, tuple(made))


def rotate_key(zones: Zones, population: str, known_files: Collection[Path]) -> None:
    """Put a population's pseudonyms under a new key, and destroy the old.

    The caller holds the intake lock. Whenever it is interrupted, one key opens the
    tokens there are, and the next sweep destroys the other.
    """
    sweep_locked(zones, known_files)
    options = Options()
    with zones.scratch() as scratch, opened(scratch, options) as engine:
        spine.open_spine(engine, zones, population)
        with working(engine, zones, "linkage", "linkage"):
            renew(engine, zones, population)
        generation = spine.generation(engine)
        engine.detach("spine")
    forget_keys(zones, population, generation)


def _groups(engine: Engine) -> dict[int, int]:
    """The group of each record of the people concerned, from the spine in force."""
    found = regroup(evidence(engine))
    if found.overruled:
        raise Invalid(
            "decisions",
            f"{len(found.overruled)} pairs are decided to be one person whom other"
            " decisions keep apart: decide again",
        )
    return dict(found.groups)
