"""What each column is asked by, and how a value is made of a category again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol

import pyarrow as pa

from privacy.catalogue import Column, Domain, Table, Type, Unit
from privacy.domains import ends
from privacy.errors import Refused
from privacy.literals import written

MOST_COLUMNS: Final = 16
"""More would have more pairs than a budget makes anything of."""
BANDS: Final = 8
MOST_BANDS: Final = 64


class Coin(Protocol):
    """Draws whole numbers."""

    def integers(self, low: int, high: int) -> int:
        """A whole number from `low` on and below `high`."""
        ...


@dataclass(frozen=True, slots=True)
class Category:
    """A column as categories that everybody knows: `expression` is one of a row.

    `bands` is how many a number's range is cut into; 0 where the values themselves,
    or the years of a date, are the categories.
    """

    name: str
    expression: str
    domain: Domain
    bands: int = 0

    @property
    def size(self) -> int:
        """How many categories there are, with NULL where a value may be missing."""
        missing = int(self.domain.nullable)
        if self.bands:
            return self.bands + missing
        if self.domain.values is not None:
            return len(self.domain.values) + missing
        if self.domain.type is Type.BOOLEAN:
            return 2 + missing
        lower, upper = self.domain.lower, self.domain.upper
        if isinstance(lower, date) and isinstance(upper, date):
            return upper.year - lower.year + 1 + missing
        raise ValueError("a category is listed, in bands, or a year")

    @property
    def kind(self) -> pa.DataType:
        """The type of the column's values."""
        match self.domain.type:
            case Type.NUMBER:
                scale = self.domain.scale
                return pa.decimal128(38, scale) if scale else pa.int64()
            case Type.BOOLEAN:
                return pa.bool_()
            case Type.DATE:
                return pa.date32()
            case Type.DATETIME:
                return pa.timestamp("us")
            case Type.TEXT:
                return pa.string()


def categories(table: Table, names: Sequence[str], bands: int) -> tuple[Category, ...]:
    """The categories of a table's columns, of all that have some where none is named.

    Listed values are their own; other numbers are cut into `bands` of one width
    between their public bounds, and dates go by year. Refuses what nobody may be
    told rows of (`unsupported`), and columns without public values or bounds, unknown
    ones, and too many.
    """
    if table.unit is Unit.NONE:
        raise Refused("unsupported", f"{table.name} is public: take it as it is.")
    if not 1 <= bands <= MOST_BANDS:
        raise Refused("unsupported", f"Bands are from 1 to {MOST_BANDS}.")
    known = {column.name: column for column in table.columns}
    for name in names:
        if name not in known:
            raise Refused(
                "unknown_column", f"{table.name} has no column {name}.", clause=name
            )
    granted = [c for c in table.columns if c.name in table.granted]
    chosen = [known[name] for name in dict.fromkeys(names)] or granted
    found = [_category(column, bands) for column in chosen]
    for column, category in zip(chosen, found, strict=True):
        if category is None and names:
            raise Refused(
                "not_public_key",
                f"{column.name} has neither listed values nor bounds that everybody "
                "knows, so that no categories of it can be asked for.",
                clause=column.name,
            )
    kept = tuple(each for each in found if each is not None)
    if not 2 <= len(kept) <= MOST_COLUMNS:  # noqa: PLR2004 - a table has two sides
        raise Refused(
            "too_many_columns",
            f"Synthetic rows have 2 to {MOST_COLUMNS} columns; these are {len(kept)}.",
            suggestion="Name the columns: --columns region,sex,pay.",
        )
    return kept


def value_of(category: Category, shown: object, coin: Coin) -> object:
    """A value of the category that an answer shows, within the column's bounds.

    In a band or a year every value is as likely as any other.
    """
    domain = category.domain
    if shown is None:
        return None
    if category.bands and isinstance(shown, int):
        return _number(category, shown, coin)
    if domain.type in (Type.DATE, Type.DATETIME) and isinstance(shown, int):
        return _moment(domain, shown, coin)
    return shown


def band_ends(domain: Domain, bands: int, band: int) -> tuple[int, int]:
    """The first and the last unscaled number of a band, counted from 1."""
    lower, upper = ends(domain) or (0, 0)
    span = upper + 1 - lower
    first = lower - (-(band - 1) * span // bands)
    last = lower - (-band * span // bands) - 1
    return max(lower, min(first, upper)), max(lower, min(last, upper))


def _category(column: Column, bands: int) -> Category | None:
    domain = column.domain
    name = f'"{column.name}"'
    listed = domain.values is not None and len(domain.values) <= bands
    known = ends(domain)
    if domain.type is Type.NUMBER and known is not None and not listed:
        lower, upper = known
        most = min(bands, upper + 1 - lower)
        low, high = (written(each, domain.scale) for each in (lower, upper + 1))
        text = f"WIDTH_BUCKET({name}, {low}, {high}, {most})"
        return Category(column.name, text, domain, most)
    if domain.type in (Type.DATE, Type.DATETIME) and domain.bounded:
        return Category(column.name, f"YEAR({name})", domain)
    if domain.values is None and domain.type is not Type.BOOLEAN:
        return None
    return Category(column.name, name, domain)


def _number(category: Category, band: int, coin: Coin) -> object:
    first, last = band_ends(category.domain, category.bands, band)
    drawn = int(coin.integers(first, last + 1)) if last > first else first
    scale = category.domain.scale
    return (
        pa.scalar(drawn, pa.decimal128(38, 0)).as_py().scaleb(-scale)
        if scale
        else drawn
    )


def _moment(domain: Domain, year: int, coin: Coin) -> object:
    lower, upper = domain.lower, domain.upper
    if isinstance(lower, datetime) and isinstance(upper, datetime):
        first = max(lower, datetime(year, 1, 1))  # noqa: DTZ001 - values have no zone
        last = min(upper, datetime(year, 12, 31, 23, 59, 59))  # noqa: DTZ001 - nor here
        seconds = int((last - first).total_seconds())
        return first + timedelta(seconds=int(coin.integers(0, max(1, seconds + 1))))
    if isinstance(lower, date) and isinstance(upper, date):
        first_day, last_day = (
            max(lower, date(year, 1, 1)),
            min(upper, date(year, 12, 31)),
        )
        days = (last_day - first_day).days
        return first_day + timedelta(days=int(coin.integers(0, max(1, days + 1))))
    return None
