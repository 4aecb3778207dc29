"""What a manifest may ask to be made of a field's values. Nothing is a program.

Each kind is named by its key `from`: under `derive` it makes a column of its own,
under `generalise` it takes the field's own place. What the result's values may be is
in `made`, and how it is computed in `tre.intake.making`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag

from tre.manifest.shape import ColumnName, Model, Text

Number: TypeAlias = Any
"""A number as the file writes it; `made` reads it."""

TAG: Final = "from:"
"""What pydantic's names of the kinds begin with, and no key of a manifest does."""


class Part(Enum):
    """What can be derived from a date."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    DAY = "day"


class OutOfRange(Enum):
    """What happens to a value outside its bounds or categories."""

    REJECT = "reject"
    CLAMP = "clamp"


class Form(Enum):
    """As what a value is looked up."""

    VALUE = "value"
    POSTCODE = "postcode"
    OUTWARD_POSTCODE = "outward-postcode"


class Making(Model):
    """What every kind says beside what it is."""

    out_of_range: OutOfRange = OutOfRange.REJECT
    description: str = ""

    @property
    def words(self) -> str:
        """What the public reads of the column: as described, or else what it is."""
        return self.description or self._words

    @property
    def _words(self) -> str:
        raise NotImplementedError


class DatePart(Making):
    """A part of a date, a whole number."""

    from_: Part = Field(alias="from")
    minimum: int | None = Field(default=None, strict=True)
    maximum: int | None = Field(default=None, strict=True)

    @property
    def _words(self) -> str:
        return f"The {self.from_.value} of a date"


Ages: TypeAlias = Annotated[
    tuple[Annotated[int, Field(strict=True, ge=0, le=150)], ...], Field(min_length=1)
]


class AgeBand(Making):
    """A band of the age in completed years on a fixed day, from a date of birth.

    `bands` are the lowest ages of each; the last is open, and whoever is younger
    than the first, or not yet born, is out of range.
    """

    from_: Literal["age-band"] = Field(alias="from")
    at: date
    bands: Ages

    @property
    def _words(self) -> str:
        return f"A band of the age in completed years on {self.at}"


class Bands(Making):
    """A band of a number. `bands` are the lowest numbers of each; the last is open."""

    from_: Literal["bands"] = Field(alias="from")
    bands: tuple[Number, ...] = Field(min_length=1)
    labels: tuple[Text, ...] | None = None

    @property
    def _words(self) -> str:
        return "A band of a number"


class Step(Making):
    """A number rounded down to a multiple of `step`."""

    from_: Literal["step"] = Field(alias="from")
    step: Number

    @property
    def _words(self) -> str:
        return f"A number rounded down to a multiple of {self.step}"


class OutwardPostcode(Making):
    """The first half of a postcode; only those of `enum`, where there is one."""

    from_: Literal["outward-postcode"] = Field(alias="from")
    enum: tuple[Text, ...] | None = Field(default=None, min_length=1)

    @property
    def _words(self) -> str:
        return "The first half of a postcode"


def _code(written: object) -> object:
    """A code as text: YAML reads 1 as a number, and a code list means the digit."""
    plain = isinstance(written, int) and not isinstance(written, bool)
    return str(written) if plain else written


Code: TypeAlias = Annotated[str, BeforeValidator(_code)]
CodeList: TypeAlias = Annotated[Mapping[Code, Text | None], Field(min_length=1)]
"""The label that each code is published as; a code without one is missing."""


class Codes(Making):
    """The label of a code. Codes that are not listed are out of range."""

    from_: Literal["codes"] = Field(alias="from")
    codes: CodeList

    @property
    def _words(self) -> str:
        return "The label of a code"


class Lookup(Making):
    """What a public table, a CSV or Parquet file beside the manifest, has for a value.

    `key` is the table's column that is compared, in which no value comes twice, and
    `value` the one that is taken; `enum` lists what it may be. A value without an
    entry is out of range.
    """

    from_: Literal["lookup"] = Field(alias="from")
    table: Text
    key: ColumnName
    value: ColumnName
    form: Form = Form.VALUE
    enum: tuple[Text, ...] = Field(min_length=1)

    @property
    def _words(self) -> str:
        return f"What a public table, {self.table}, has for a value"


KINDS: Final = (
    *(part.value for part in Part),
    *("age-band", "bands", "step", "outward-postcode", "codes", "lookup"),
)


def _tag(said: object) -> str | None:
    kind = said.get("from") if isinstance(said, Mapping) else None
    if kind in {part.value for part in Part}:
        return f"{TAG}part"
    return f"{TAG}{kind}" if kind in KINDS else None


Derivation: TypeAlias = Annotated[
    Annotated[DatePart, Tag("from:part")]
    | Annotated[AgeBand, Tag("from:age-band")]
    | Annotated[Bands, Tag("from:bands")]
    | Annotated[Step, Tag("from:step")]
    | Annotated[OutwardPostcode, Tag("from:outward-postcode")]
    | Annotated[Codes, Tag("from:codes")]
    | Annotated[Lookup, Tag("from:lookup")],
    Discriminator(_tag),
]
"""One column made of another's values."""
