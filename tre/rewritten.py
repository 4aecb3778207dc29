"""Versions that are asked, as intake writes them anew, and what takes their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from privacy.catalogue import Table
from tre.audit.act import acting
from tre.control.canonical import Json
from tre.governance.conditions import known_purposes
from tre.governance.pins import Moved, moved_pins
from tre.governance.replacing import (
    Reason,
    Replacement,
    Standing,
    replace_versions,
    standing_versions,
)
from tre.governance.versions import known_files
from tre.home import Parts
from tre.intake.anew import Written
from tre.intake.heed import Use
from tre.intake.zones import digest_of
from tre.manifest import Kind
from tre.profiling import Profiled, Subject, fail_profile, profile
from tre.recorded import zones_of
from tre.releases import releases_of


@dataclass(frozen=True, slots=True)
class Rewriting:
    """Versions of a population written anew, beside those they replace, and why.

    All are of one spine version where `spine_version` says so, else each of its own.
    `facts` are for the log.
    """

    population: str
    reason: Reason
    standing: Sequence[Standing]
    made: Sequence[Written]
    spine_version: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Anew:
    """Versions that were put in force, and what became of those they replace.

    `pins` are pins of projects that went to a version from the one it replaces;
    `releases` are earlier ones that used what was replaced.
    """

    versions: tuple[str, ...]
    pins: tuple[Moved, ...]
    releases: tuple[str, ...]


def standing(parts: Parts, population: str) -> tuple[Standing, ...]:
    """The versions of a population that are asked or pinned."""
    with parts.control.reading() as connection:
        return standing_versions(connection, population)


def as_written(parts: Parts, found: Sequence[Standing]) -> tuple[Written, ...]:
    """Where versions are, by which objections they go, and who is linked by what."""
    with parts.control.reading() as connection:
        known = known_purposes(connection)
    return tuple(
        Written(
            each.dataset,
            Path(each.file),
            each.key_name,
            each.tables,
            Use.of(each.purposes, known),
            {name: tuple(map(Kind, kinds)) for name, kinds in each.identified.items()},
        )
        for each in found
    )


def put_in_force(parts: Parts, rewriting: Rewriting, person: str) -> Anew:
    """Measure what was written anew, and switch to all of it in one transaction.

    Each version's profile is charged like that of a publication. Where it cannot be
    paid, the version keeps the profile of the one it replaces, and says nothing of how
    its people are linked. What raises leaves everything as it was, but for charges.
    """
    replaced = [each.version for each in rewriting.standing]
    with ExitStack() as charged:
        measured = [
            _measured(parts, each, person, charged) for each in _subjects(rewriting)
        ]
        pairs = _replacements(parts, rewriting, measured)
        with acting(parts.control, person, parts.clock()) as act:
            versions = replace_versions(act, pairs, rewriting.reason)
            for profiled, version in zip(measured, versions, strict=True):
                profiled.settle(act, version)
            pins = moved_pins(act.connection, replaced, versions)
            kind = f"{rewriting.reason.name.lower()}.applied"
            facts: dict[str, Json] = {**rewriting.facts, "replaced": [*replaced]}
            act.record(kind, rewriting.population, facts)
        charged.pop_all()
    with parts.control.reading() as connection:
        used = releases_of(connection, frozenset(replaced))
    return Anew(versions, pins, used)


def every_file(parts: Parts) -> frozenset[Path]:
    """The file of every version on record now, relative to the home."""
    with parts.control.reading() as connection:
        return frozenset(Path(known.file) for known in known_files(connection))


def _measured(
    parts: Parts, subject: Subject, person: str, charged: ExitStack
) -> Profiled:
    profiled = profile(parts.gate, subject, person)
    charged.callback(fail_profile, parts.gate, profiled)
    return profiled


def _subjects(rewriting: Rewriting) -> list[Subject]:
    pairs = zip(rewriting.standing, rewriting.made, strict=True)
    return [
        Subject(
            old.dataset,
            old.label,
            rewriting.population,
            tuple(_unmeasured(table, old) for table in old.tables),
            new.file,
            new.key_name,
            new.clamped,
            old.descriptor,
            new.unmeasurable,
        )
        for old, new in pairs
    ]


def _unmeasured(table: Table, old: Standing) -> Table:
    """A table whose profile is of what is replaced: nobody is linked as they were."""
    if table.profile is None:
        return table
    of = table.profile.version
    kept = replace(
        table.profile, version=old.version if of == old.label else of, linked=None
    )
    return replace(table, profile=kept)


def _replacements(
    parts: Parts, rewriting: Rewriting, measured: Sequence[Profiled]
) -> list[Replacement]:
    home = zones_of(parts).home
    return [
        Replacement(
            old.version,
            new.file.as_posix(),
            new.key_name,
            rewriting.spine_version or old.spine_version,
            digest_of(home / new.file),
            profiled.tables,
        )
        for old, new, profiled in zip(
            rewriting.standing, rewriting.made, measured, strict=True
        )
    ]
