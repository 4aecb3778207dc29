"""What the steward is told before publication. It is theirs alone: figures are exact.

Nothing in it is a value of a field of role identifier, nor of a column that looks
like one. Other values are shown where they say what is wrong: ends, and categories
that are not listed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from connectors.errors import Invalid
from tre.intake import Counts


class Level(Enum):
    """How much a finding matters."""

    SERIOUS = "serious"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, where, and what to change in the manifest (as YAML) if any.

    `rule` is a stable name; `column` is empty for the table as a whole; `rows` is how
    many rows it is about, 0 where it is about none in particular.
    """

    level: Level
    rule: str
    table: str
    column: str
    message: str
    rows: int = 0
    change: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a column's picture."""

    label: str
    rows: int


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One published column over the rows that passed the checks.

    `least`, `quartiles` and `greatest` are as people write them, in the column's
    unit; empty for texts, and for what looks like an identifier.
    """

    name: str
    type: str
    role: str
    rows: int
    missing: int
    distinct: int
    least: str = ""
    quartiles: tuple[str, ...] = ()
    greatest: str = ""
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentifierProfile:
    """One identifier that links: how complete and, where it can be told, how valid."""

    name: str
    kind: str
    rows: int
    missing: int
    distinct: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Cap:
    """What a cap of so many rows a person would leave out."""

    rows_per_person: int
    dropped: int


@dataclass(frozen=True, slots=True)
class BoundLoss:
    """What a bound by group, by itself, would leave out: rows that are somebody's.

    `words` say what it keeps of a person's rows. Where groups are `drawn`, it is
    what one draw left out: the next leaves out nearly as many.
    """

    words: str
    dropped: int
    drawn: bool

    @property
    def shown(self) -> str:
        """How many rows, in words."""
        about = "about " if self.drawn and self.dropped else ""
        return f"{about}{self.dropped:,} row{'' if self.dropped == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class RowsPerPerson:
    """How rows fall on people, where people are told apart by equal identifiers.

    `people_by_rows` has how many people have so many rows, the last for more.
    """

    people: int
    rows: int
    without_person: int
    most: int
    cap: int
    dropped: int
    people_by_rows: tuple[Bar, ...]
    other_caps: tuple[Cap, ...]
    bounds: tuple[BoundLoss, ...] = ()


@dataclass(frozen=True, slots=True)
class Diversity:
    """Of one sensitive column: people whose whole class shares one value of it."""

    column: str
    least: int
    homogeneous: int


@dataclass(frozen=True, slots=True)
class Risk:
    """How far people can be told apart by their quasi-identifiers.

    A class is everybody with one combination of `columns`. `classes` are people by
    the size of their class; `smallest` is the k of k-anonymity. `special` are people
    by the size of the smallest set of columns that singles them out, searched up to
    `searched` columns at a time; `blame` is how often each column is in such a set.
    `derived` are those columns that are made of other fields. `assumed` says that the
    manifest declares no quasi-identifier.
    """

    columns: tuple[str, ...]
    derived: tuple[str, ...]
    assumed: bool
    people: int
    smallest: int
    unique: int
    classes: tuple[Bar, ...]
    diversity: tuple[Diversity, ...]
    searched: int
    special: tuple[Bar, ...]
    blame: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a column moved from the version before.

    `index` is the population stability index over its bars, against the delivery
    before, and `index_together` against all deliveries of the version before: under
    0.1 is little, over 0.25 much. `missing` are the shares that were and are missing.
    """

    column: str
    index: float
    index_together: float
    missing_before: float
    missing_now: float


@dataclass(frozen=True, slots=True)
class TableReport:
    """All that is said of one table."""

    table: str
    title: str
    counts: Counts
    sampled: int
    columns: tuple[ColumnProfile, ...]
    identifiers: tuple[IdentifierProfile, ...]
    persons: RowsPerPerson | None
    risk: Risk | None
    drift: tuple[Drift, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that is said of a manifest and its sources. Nothing was published."""

    dataset: str
    version: str
    title: str
    earlier: str
    tables: tuple[TableReport, ...]

    @property
    def counts(self) -> tuple[Counts, ...]:
        """What intake would count, table by table."""
        return tuple(table.counts for table in self.tables)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, the serious ones first."""
        every = [finding for table in self.tables for finding in table.findings]
        return tuple(sorted(every, key=lambda one: list(Level).index(one.level)))

    def contradicted(self, invalid: Invalid) -> Report:
        """With what of the manifest contradicts the catalogue, beside its first table.

        It is of the manifest as a whole: the message begins with the key's place.
        """
        first, *others = self.tables
        message = f"{invalid}: as it is, the dataset would be refused"
        finding = Finding(
            Level.SERIOUS, "contradicts_catalogue", first.table, "", message
        )
        told = replace(first, findings=(finding, *first.findings))
        return replace(self, tables=(told, *others))
