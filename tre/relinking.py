"""A population's linkage, kept up: pairs reviewed, a next spine version, a new key."""

from __future__ import annotations

from dataclasses import dataclass

from tre.audit.act import acting
from tre.governance.pins import Moved
from tre.governance.replacing import Reason
from tre.governance.roles import Action, permitted
from tre.home import Parts
from tre.intake.rebuild import keep
from tre.intake.relink import Relinked, relink, rotate_key
from tre.intake.successor import settle_successor
from tre.objecting import finish_destruction
from tre.recorded import files_on_record, zones_of
from tre.reviewing import check_population
from tre.rewritten import (
    Rewriting,
    as_written,
    every_file,
    put_in_force,
    standing,
)


@dataclass(frozen=True, slots=True)
class Applied:
    """A population's next spine version, and the versions published under it.

    `pins` are pins of projects that went to these from those they replace, and
    `releases` earlier ones that used what was replaced.
    """

    spine_version: int
    versions: tuple[str, ...]
    pins: tuple[Moved, ...]
    releases: tuple[str, ...]


def apply_linkage(parts: Parts, population: str, person: str) -> Applied:
    """Make a new spine version, and publish what is asked or pinned under it.

    A pin goes to what was written in its version's place. All are measured, and
    switched to in one transaction; what they replace is destroyed, the old spine
    first. It does the same whether anybody is merged or parted, or not: every number
    is drawn anew.
    """
    check_population(parts, population, person, Action.RELINK)
    zones = zones_of(parts)
    with zones.locked():
        old = standing(parts, population)
        known = files_on_record(parts)
        made = relink(zones, population, as_written(parts, old), known)
        version = made.successor.version
        rewriting = Rewriting(
            population,
            Reason.LINKAGE,
            old,
            made.written,
            spine_version=str(version),
            facts={"spine_version": version},
        )
        try:
            anew = put_in_force(parts, rewriting, person)
        finally:
            _settle(parts, made)
        finish_destruction(parts, person)
    return Applied(version, anew.versions, anew.pins, anew.releases)


def rotate_linkage_key(parts: Parts, population: str, person: str) -> None:
    """Put a population's pseudonyms under a new key, and destroy the old one.

    People keep their numbers: nothing is published anew.
    """
    check_population(parts, population, person, Action.RELINK)
    zones = zones_of(parts)
    with zones.locked():
        rotate_key(zones, population, files_on_record(parts))
        with acting(parts.control, person, parts.clock()) as act:
            permitted(act, Action.RELINK)
            act.record("linkage.key_rotated", population, {})


def _settle(parts: Parts, made: Relinked) -> None:
    """Keep what is on record now, and remove the other: spines first."""
    zones, known = zones_of(parts), every_file(parts)
    settle_successor(zones, made.successor, known)
    for each in made.written:
        if each.file in known:
            keep(zones, [each])
        else:
            zones.discard_version(zones.home / each.file)
