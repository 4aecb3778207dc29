"""The shape of a manifest: a Data Package with a `tre` extension.

Only shape is decided here: which keys there are and of what kind. What keys mean
to each other is in `rules`; what a field's values may be is in `domains`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field

from privacy.catalogue import Size
from tre.manifest.delivery import Delivery, RowKey
from tre.manifest.shape import (
    Character,
    ColumnName,
    DatasetName,
    Model,
    Positive,
    TableName,
    Text,
)
from tre.manifest.source import Paths, SourceModel
from tre.manifest.transform import Derivation, OutOfRange

Scalar: TypeAlias = Any
"""A bound or a category as the file writes it; `domains` reads it by field type."""


class FieldType(Enum):
    """The field types of Table Schema that can be published."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


class Role(Enum):
    """What a field is to disclosure."""

    IDENTIFIER = "identifier"
    QUASI_IDENTIFIER = "quasi-identifier"
    SENSITIVE = "sensitive"
    FREE_TEXT = "free-text"


class Kind(Enum):
    """What an identifier identifies by."""

    LOCAL_ID = "local-id"
    NHS_NUMBER = "nhs-number"
    NATIONAL_INSURANCE_NUMBER = "national-insurance-number"
    FORENAME = "forename"
    SURNAME = "surname"
    FULL_NAME = "full-name"
    DATE_OF_BIRTH = "date-of-birth"
    SEX = "sex"
    ADDRESS = "address"
    POSTCODE = "postcode"
    PHONE = "phone"
    EMAIL = "email"
    OTHER = "other"
    ENCODED = "encoded"


class Evidence(Enum):
    """What two records may agree on, for a deterministic pass to make them one."""

    LOCAL_ID = "local-id"
    NHS_NUMBER = "nhs-number"
    NATIONAL_INSURANCE_NUMBER = "national-insurance-number"
    ALL = "all"
    NUMBER = "number"
    NAME = "name"
    FORENAME = "forename"
    SURNAME = "surname"
    BIRTH = "date-of-birth"
    POSTCODE = "postcode"
    ADDRESS = "address"
    TWO_ADDRESSES = "two-addresses"
    CONTACT = "contact"
    ENCODED = "encoded"


class PrivacyUnit(Enum):
    """Whom a row belongs to."""

    PERSON = "person"
    ROW = "row"
    NONE = "none"


class Format(Enum):
    """The file formats a source may have."""

    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"
    JSON_LINES = "jsonl"
    EXCEL = "xlsx"
    STATISTICS = "statistics"


class Constraints(Model):
    """Public facts about a field's values, and whether it may be missing."""

    required: bool = Field(default=False, strict=True)
    minimum: Scalar = None
    maximum: Scalar = None
    enum: tuple[Scalar, ...] | None = Field(default=None, min_length=1)


class FieldExtension(Model):
    """The `tre` part of a field."""

    role: Role | None = None
    kind: Kind | None = None
    decimals: int | None = Field(default=None, strict=True, ge=0, le=18)
    out_of_range: OutOfRange = OutOfRange.REJECT
    drop: bool = Field(default=False, strict=True)
    top_code: Scalar = None
    bottom_code: Scalar = None
    generalise: Derivation | None = None
    derive: Mapping[ColumnName, Derivation] = Field(default_factory=dict)


class TableField(Model):
    """One field of a table, as Table Schema describes it."""

    name: ColumnName
    type: FieldType = FieldType.STRING
    title: str = ""
    description: str = ""
    format: Text = "default"
    true_values: tuple[str, ...] = Field(
        default=("true", "True", "TRUE", "1"), alias="trueValues", min_length=1
    )
    false_values: tuple[str, ...] = Field(
        default=("false", "False", "FALSE", "0"), alias="falseValues", min_length=1
    )
    constraints: Constraints = Constraints()
    tre: FieldExtension = FieldExtension()

    @property
    def published(self) -> bool:
        """Whether researchers see the field itself (derived columns apart)."""
        unpublished = {Role.IDENTIFIER, Role.FREE_TEXT}
        return self.tre.role not in unpublished and not self.tre.drop


UniqueKey: TypeAlias = Annotated[tuple[str, ...], Field(min_length=1)]


class TableSchema(Model):
    """The fields of a table, its unique keys, and what stands for a missing value."""

    fields: tuple[TableField, ...] = Field(min_length=1)
    missing_values: tuple[str, ...] = Field(default=("",), alias="missingValues")
    primary_key: Text | UniqueKey | None = Field(default=None, alias="primaryKey")
    unique_keys: tuple[UniqueKey, ...] = Field(default=(), alias="uniqueKeys")

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """The sets of fields that no two rows agree on, the primary key first."""
        first = self.primary_key
        primary = (first,) if isinstance(first, str) else first
        return ((primary,) if primary else ()) + self.unique_keys


class Dialect(Model):
    """How a CSV file is written."""

    delimiter: Character = ","
    quote_char: Character = Field(default='"', alias="quoteChar")
    double_quote: bool = Field(default=True, alias="doubleQuote", strict=True)
    escape_char: Character | None = Field(default=None, alias="escapeChar")
    skip_initial_space: bool = Field(
        default=False, alias="skipInitialSpace", strict=True
    )
    header: bool = Field(default=True, strict=True)


Pass: TypeAlias = Annotated[tuple[Evidence, ...], Field(min_length=1)]
"""Evidence that two records must share exactly."""

MOST_COMPARED: Final = 8
"""Columns by which a linkage statement tells match rates share one price."""

Probability: TypeAlias = Annotated[Positive, Field(le=1)]


class Link(Model):
    """Which identifiers decide who is who, and how sure that must be.

    `passes` replace the built-in deterministic ones; those of the population's other
    manifests find more, of records that one of these identifies. Pairs that no pass
    joins are weighed: from `threshold` on they are one person, from `review` on a
    person is asked. A threshold of 1 leaves weighing out. Encodings are one
    person's from a Dice coefficient of `similarity` on. The linkage statement tells
    match rates `by` each of these columns.
    """

    identifiers: tuple[str, ...] = Field(min_length=1)
    by: tuple[str, ...] = Field(default=(), max_length=MOST_COMPARED)
    passes: tuple[Pass, ...] | None = Field(default=None, min_length=1)
    threshold: Probability = 0.9
    review: Probability = 0.5
    similarity: Probability = 0.7


AtLeastOne: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=65_535)]


class GroupRule(Model):
    """What publication keeps of one person's rows by the values of some columns.

    At most `rows` for each combination, and rows of at most `groups` combinations.
    """

    by: UniqueKey
    rows: AtLeastOne | None = None
    groups: AtLeastOne | None = None


class ResourceExtension(Model):
    """The `tre` part of a resource.

    `row_key` tells rows apart over all deliveries; of a correction, `removed` names
    the field that says of a row that it is to go.
    """

    privacy_unit: PrivacyUnit
    rows_per_person: AtLeastOne | None = None
    group_bounds: tuple[GroupRule, ...] = ()
    link: Link | None = None
    size: Size = Size.MEDIUM
    row_key: RowKey | None = None
    removed: Text | None = None
    source: SourceModel | None = None


class Resource(Model):
    """One table: where its rows come from and what they are."""

    name: TableName
    title: str = ""
    description: str = ""
    path: Paths | None = None
    profile: Literal["tabular-data-resource", "data-resource"] | None = None
    format: Format | None = None
    mediatype: str = ""
    encoding: Text = "utf-8"
    dialect: Dialect = Dialect()
    table_schema: TableSchema = Field(alias="schema")
    tre: ResourceExtension

    @property
    def protected(self) -> bool:
        """Whether the rows are about people."""
        return self.tre.privacy_unit is not PrivacyUnit.NONE

    @property
    def rows_per_person(self) -> int:
        """The cap that publication enforces; 1 where every row is another person."""
        return self.tre.rows_per_person or 1


class Budget(Model):
    """The most this dataset may ever cost its people, beside the population's."""

    epsilon: Positive
    delta: Annotated[Positive, Field(lt=1)]


class PackageExtension(Model):
    """The `tre` part of a package: who is responsible, and for whose data."""

    controller: Text
    legal_basis: Text
    population: DatasetName
    retention: date | None = None
    budget: Budget | None = None
    delivery: Delivery = Delivery()


class Package(Model):
    """A Data Package: one dataset of one or more tables."""

    name: DatasetName
    title: str = ""
    description: str = ""
    version: Text = "1"
    id: str = ""
    profile: Literal["tabular-data-package", "data-package"] | None = None
    homepage: str = ""
    created: str | date | None = None
    keywords: tuple[str, ...] = ()
    licenses: tuple[Mapping[str, Any], ...] = ()
    sources: tuple[Mapping[str, Any], ...] = ()
    contributors: tuple[Mapping[str, Any], ...] = ()
    resources: tuple[Resource, ...] = Field(min_length=1)
    tre: PackageExtension


class Manifest(Model):
    """A package whose rules all hold, and the folder its paths are relative to."""

    package: Package
    base: Path

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.package.name

    @property
    def population(self) -> str:
        """The linkage spine and global budget the dataset belongs to."""
        return self.package.tre.population

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The dataset's tables."""
        return self.package.resources

    @property
    def delivery(self) -> Delivery:
        """What it does to the version before."""
        return self.package.tre.delivery
