"""What the stages of one intake share: an engine, the zones, and files to work in."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tre.intake import spine
from tre.intake.engine import Engine
from tre.intake.publication import Before, Changes, Options, Progress, Shares
from tre.intake.zones import Zones, remove
from tre.keystore import KEY_BYTES
from tre.manifest import Manifest, PrivacyUnit


@dataclass(slots=True)
class Intake:
    """What the stages of one intake share. `seen_in` is the dataset, or objections."""

    engine: Engine
    zones: Zones
    manifest: Manifest
    progress: Progress
    options: Options
    scratch: Path
    seen_in: str = ""
    summaries: dict[str, Mapping[str, Shares]] = field(default_factory=dict)
    changes: list[Changes] = field(default_factory=list)
    addition: spine.Addition | None = field(default=None)
    known: frozenset[str] = frozenset()
    """The tables of which the version before has the row keys, as `known`."""

    @property
    def before(self) -> Before | None:
        """What the delivery adds to or corrects."""
        return self.options.before if self.manifest.delivery.extends else None

    @property
    def keyed(self) -> bool:
        """Whether any table's rows have a key."""
        return any(resource.tre.row_key for resource in self.manifest.resources)

    @property
    def linked(self) -> bool:
        """Whether any table's rows are linked to people."""
        units = {resource.tre.privacy_unit for resource in self.manifest.resources}
        return PrivacyUnit.PERSON in units


@contextmanager
def opened(scratch: Path, options: Options) -> Iterator[Engine]:
    """An engine for one intake, closed when the block ends."""
    engine = Engine.open(
        scratch, memory_mib=options.memory_mib, threads=options.threads
    )
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def work(intake: Intake, zone: str, alias: str) -> Iterator[None]:
    """A file of `zone` under a key nobody keeps, gone when the block ends."""
    with working(intake.engine, intake.zones, zone, alias):
        yield


@contextmanager
def working(engine: Engine, zones: Zones, zone: str, alias: str) -> Iterator[None]:
    """The same for who is no intake."""
    file = zones.work_file(zone)
    engine.attach(alias, file, secrets.token_bytes(KEY_BYTES))
    try:
        yield
    finally:
        engine.drop(alias)
        remove(file)
