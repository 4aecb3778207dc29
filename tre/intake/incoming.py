"""Which of a source's columns are read, and as what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import pyarrow as pa

from connectors import Source
from connectors.errors import Invalid
from tre.manifest import PrivacyUnit, Resource, TableField
from tre.manifest.model import Kind


class Family(Enum):
    """What a source says its values are, as far as checking cares."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One field that is read: its place in the schema, and its values' family."""

    position: int
    field: TableField
    family: Family

    @property
    def landed(self) -> str:
        """The column's name in the landing zone."""
        return f"f{self.position}"


@dataclass(frozen=True, slots=True)
class Marks:
    """Fields that say something of a whole row: its key, and whether it is to go.

    `identifiers` is how many of the table's fields link its rows.
    """

    key: tuple[Incoming, ...] = ()
    removed: Incoming | None = None
    identifiers: int = 0


NO_MARKS: Final = Marks()

ONE_COLUMN: Final = (
    "has one column, which is not in the manifest's schema: is dialect.delimiter "
    "another?"
)
UNDECLARED: Final = (
    "is not in the manifest's schema: declare it, with drop: true if it is not to be "
    "read. (A file without a line of names needs dialect: {header: false}.)"
)
"""Said of a column by its place: its name is a value where a header is missing."""


def marks(resource: Resource, fields: Sequence[Incoming]) -> Marks:
    """What of the fields that are read says something of a whole row."""
    by_name = {one.field.name: one for one in fields}
    removed = resource.tre.removed
    return Marks(
        key=tuple(by_name[name] for name in resource.tre.row_key or ()),
        removed=by_name[removed] if removed else None,
        identifiers=len(linking(resource)),
    )


def incoming(resource: Resource, source: Source, path: str) -> tuple[Incoming, ...]:
    """The fields that are read; `Invalid` where source and manifest differ.

    Free text, and identifiers that link nothing and mark no row, are never read.
    """
    schema = source.schema
    declared = {field.name for field in resource.table_schema.fields}
    if len(schema) == 1 < len(declared) and not declared & {*schema.names}:
        raise Invalid(source.name, ONE_COLUMN)
    for at, name in enumerate(schema.names, start=1):
        if name not in declared:
            raise Invalid(source.name, f"column {at} {UNDECLARED}")
    found = []
    for position, field in enumerate(resource.table_schema.fields):
        place = f"{path}.schema.fields[{position}]"
        if field.name not in schema.names:
            raise Invalid(f"{place}.name", f"{source.name} has no column of this name")
        if _wanted(field, resource):
            family = _family(schema.field(field.name).type, place)
            found.append(Incoming(position, field, family))
    return tuple(found)


def linking(resource: Resource) -> tuple[TableField, ...]:
    """The identifiers that decide who is who, in the manifest's order."""
    if resource.tre.privacy_unit is not PrivacyUnit.PERSON:
        return ()
    named = resource.tre.link.identifiers if resource.tre.link else ()
    return tuple(
        field
        for field in resource.table_schema.fields
        if field.name in named or field.tre.kind is Kind.LOCAL_ID
    )


def _wanted(field: TableField, resource: Resource) -> bool:
    marking = {*(resource.tre.row_key or ()), resource.tre.removed}
    return (
        field.published
        or bool(field.tre.derive)
        or field.name in marking
        or field in linking(resource)
    )


def _family(kind: pa.DataType, path: str) -> Family:
    """Floats and decimals are read as the text that stands for them exactly."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    for family, belongs in (
        (Family.INTEGER, pa.types.is_integer),
        (Family.BOOLEAN, pa.types.is_boolean),
        (Family.DATE, pa.types.is_date),
        (Family.DATETIME, pa.types.is_timestamp),
        (Family.TEXT, _is_textual),
    ):
        if belongs(kind):
            return family
    raise Invalid(f"{path}.type", f"the source's type {kind} cannot be published")


def _is_textual(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or types.is_floating(kind)
        or types.is_decimal(kind)
        or types.is_null(kind)
    )
