"""Public facts: what anybody may know of a table before asking a question.

Everything here comes from a manifest, or was measured under differential privacy
when the table was published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Final, TypeAlias

from privacy.profile import Profile

Value: TypeAlias = int | bool | str | date | datetime
"""A non-NULL public value. A NUMBER is its unscaled integer: 12.30 is 1230."""


class Type(Enum):
    """The types an expression over rows may have. There are no floats."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


@dataclass(frozen=True, slots=True)
class Domain:
    """What is publicly known of the values an expression may take.

    `lower` and `upper` are inclusive, of the type's own kind, None where unknown;
    for a NUMBER they are unscaled integers at `scale` decimal digits. `values`
    lists every non-NULL value in public order where there are finitely many, and
    is then the domain's whole truth: `lower` and `upper` are its ends.
    """

    type: Type
    scale: int = 0
    lower: Value | None = None
    upper: Value | None = None
    nullable: bool = True
    values: tuple[Value, ...] | None = None

    @property
    def bounded(self) -> bool:
        """Whether both ends are known."""
        return self.lower is not None and self.upper is not None


class Unit(Enum):
    """Whom a row belongs to."""

    PERSON = "person"
    ROW = "row"
    NONE = "none"


class Size(Enum):
    """How large a table may be, as its steward says in public; never counted.

    It fixes how long a question is given, and nothing else.
    """

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    HUGE = "huge"

    @property
    def rows(self) -> int:
        """The most rows that a table of this class is meant to have."""
        return _ROWS[self]

    @classmethod
    def holding(cls, rows: int) -> Size:
        """The smallest class for so many rows; the largest where none is.

        >>> Size.holding(100_001)
        <Size.MEDIUM: 'medium'>
        """
        return next((size for size in cls if rows <= size.rows), cls.HUGE)


_ROWS: Final = {
    Size.SMALL: 10**5,
    Size.MEDIUM: 10**6,
    Size.LARGE: 10**7,
    Size.HUGE: 10**8,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column a researcher may name, and what is known of it.

    `sensitive`: which people have which value is what must not be learnt, so no
    group may be shown to be (almost) all in one category of it.
    """

    name: str
    domain: Domain
    description: str = ""
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class GroupBound:
    """What publication enforced of one person's rows by the values of some columns.

    A person has at most `rows` rows for each combination of their values, and rows of
    at most `groups` combinations; None where that is not bounded. NULL is a value like
    others. Publication leaves rows out until it holds, each person's by that person's
    rows alone, so it holds for every neighbouring database.
    """

    columns: tuple[str, ...]
    rows: int | None = None
    groups: int | None = None

    @property
    def words(self) -> str:
        """What of a person's rows was kept, to end a sentence that begins with that.

        >>> GroupBound(("tax_year",), rows=1, groups=4).words
        'at most 1 for each tax_year, and those of at most 4'
        """
        each = " and ".join(self.columns)
        if self.rows is None:
            return f"those of at most {self.groups} of {each}"
        others = "" if self.groups is None else f", and those of at most {self.groups}"
        return f"at most {self.rows} for each {each}{others}"


@dataclass(frozen=True, slots=True)
class Table:
    """One published table as the public knows it.

    `rows_per_person` is the cap that publication already enforced; 1 where every
    row is a different person. `person_id` is not among the columns. `granted` are
    the columns the asking project may use; the others exist but refuse by name.
    `unique` are the sets of columns that no two rows of a public table agree on:
    publication enforced it. A protected table has none. `profile` says how many rows
    people have, where that could be afforded, and `size` what its steward says of
    its size. `bounds` are what publication enforced by groups of a person's rows.
    """

    name: str
    dataset: str
    unit: Unit
    rows_per_person: int
    columns: tuple[Column, ...]
    granted: frozenset[str]
    title: str = ""
    unique: tuple[tuple[str, ...], ...] = ()
    profile: Profile | None = None
    size: Size = Size.MEDIUM
    bounds: tuple[GroupBound, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables of one population, by name."""

    population: str
    tables: Mapping[str, Table]
