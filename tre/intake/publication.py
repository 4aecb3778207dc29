"""What an intake made, and what it tells the steward. Holds no value of the data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol, TypeAlias

import pyarrow as pa

from privacy.catalogue import Table
from privacy.profile import Profile
from tre.intake.heed import ANY, Use


class Stage(Enum):
    """The stages of an intake, in order; `MATCH` is of tables with a row key alone."""

    LAND = "land"
    CHECK = "check"
    SEPARATE = "separate"
    MATCH = "match"
    PSEUDONYMISE = "pseudonymise"
    LINK = "link"
    PUBLISH = "publish"
    SWITCH = "switch"


class Reason(Enum):
    """Why a row was rejected."""

    RAGGED = "ragged"
    REQUIRED = "required"
    TYPE = "type"
    NOT_FINITE = "not_finite"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class Reject:
    """So many rows had this wrong with this column.

    `column` is empty for a ragged row. A row can be wrong in several columns.
    """

    column: str
    reason: Reason
    rows: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of one table's rows, for the steward alone: exact counts.

    `landed` rows were read; `rejected` of them failed a check (`rejects` says which),
    `without_person` had no identifiers to be known by, `over_cap` were more than
    `rows_per_person` or a bound by group; `published` remain. `people` are those they
    belong to.

    All of it is of the source alone, and of this delivery where others came before:
    rows with equal identifiers count as one person's. Linkage may find that two
    records are one person, and then fewer rows stay. Exact counts of that would say
    whether somebody is in another controller's data; the table's profile says it
    under differential privacy.
    """

    table: str
    landed: int
    rejected: int
    rejects: tuple[Reject, ...]
    without_person: int
    over_cap: int
    published: int
    people: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What a delivery changes in a table with a row key: exact, for the steward alone.

    All of it is of the controller's own deliveries: by the keys of accepted rows,
    whether they could be linked, were past the cap, or are of somebody who objects.
    `unknown` are rows to be removed that no delivery brought.
    """

    table: str
    added: int
    corrected: int
    removed: int
    unknown: int

    @property
    def known(self) -> int:
        """How many of the delivered rows had been delivered before."""
        return self.corrected + self.removed


@dataclass(frozen=True, slots=True)
class Before:
    """The version that a delivery adds to or corrects, as intake finds it.

    `file` is relative to the home; `spine_version` is empty where no spine has part.
    """

    version: str
    file: Path
    key_name: str
    spine_version: str
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Shares:
    """Of one column of so many rows: the share missing, and present ones by label."""

    missing: float
    by_label: Mapping[str, float] = field(repr=False)
    rows: int


@dataclass(frozen=True, slots=True)
class Publication:
    """One new version of a dataset, complete on disk and not yet in force.

    `file` is relative to the home, `file_sha256` its digest in hexadecimal, and
    `key_name` its key in the keystore. File and key are
    gone again if the switch does not take place. `clamped` has, for each table, the
    places and names of its clamped columns. `spine_version` is None where no table has
    linked people. `links` is None unless asked for: then it is an
    Arrow table of resource, row (position in the source) and person (NULL where none).
    `summaries` has shares of each table's columns, for the steward alone, and
    `changes` what the delivery changed in each table with a row key.
    """

    dataset: str
    version: str
    population: str
    tables: tuple[Table, ...]
    file: Path
    key_name: str
    file_sha256: str
    spine_version: int | None
    counts: tuple[Counts, ...]
    changes: tuple[Changes, ...] = ()
    clamped: tuple[tuple[tuple[int, str], ...], ...] = ()
    summaries: Mapping[str, Mapping[str, Shares]] = field(
        default_factory=dict, repr=False
    )
    links: pa.Table | None = field(default=None, repr=False)

    @property
    def outgrown(self) -> tuple[Table, ...]:
        """Tables with more rows than their size class; for the steward alone."""
        rows = {each.table: each.published for each in self.counts}
        return tuple(each for each in self.tables if rows[each.name] > each.size.rows)


class Versions(Protocol):
    """The register of published versions, as far as intake knows it."""

    def switch(self, publication: Publication) -> None:
        """Put the publication in force, in one transaction; raises, changes nothing."""
        ...

    def known_files(self) -> Collection[Path]:
        """The files of every version on record, relative to the home."""
        ...


Progress: TypeAlias = Callable[[Stage, str, int], None]
"""Told of each stage, the table it works on, and the rows it has read so far.

While landing it may be called from a thread of the engine; what it raises stops the
intake.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """How an intake runs.

    `fewest_rows` is what a table must keep to be published: stewards do not mean to
    publish an empty one. `keep_links` is for the laboratory, whose user brought the
    data. Memory is the engine's own; the process needs some 300 MiB beside it. `use`
    is what the version may be asked for, which says which objections it heeds.
    `before` is what a delivery adds to or corrects; None where it takes its place.
    With `profiles`, by table, none is measured: they were, of other data, which the
    laboratory's user brought as well.
    """

    fewest_rows: int = 1
    keep_links: bool = False
    use: Use = ANY
    before: Before | None = None
    profiles: Mapping[str, Profile] | None = None
    memory_mib: int = 1024
    threads: int = 2
