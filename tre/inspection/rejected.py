"""What intake would reject, as findings, with what to say of it in the manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, assert_never

from tre.inspection.report import Finding, Level
from tre.intake.publication import Reason, Reject
from tre.manifest import Resource, TableField
from tre.manifest.transform import (
    AgeBand,
    Bands,
    Codes,
    DatePart,
    Derivation,
    Lookup,
    OutwardPostcode,
    Step,
)

MUCH: Final = 0.01
"""The share of rows rejected for one reason from which on it is serious."""

REASONS: Final[Mapping[Reason, str]] = {
    Reason.RAGGED: "have another number of values than the header",
    Reason.REQUIRED: "are missing, where the manifest requires a value",
    Reason.TYPE: "cannot be read as the column's type",
    Reason.NOT_FINITE: "are not finite numbers",
    Reason.RANGE: "are outside the bounds or the list of values",
}

LISTED: Final = "constraints: {enum: [… and those that belong]}"


def rejected(
    resource: Resource, rejects: Sequence[Reject], rows: int
) -> Iterator[Finding]:
    """What intake would reject, as findings."""
    for reject in rejects:
        yield Finding(
            Level.SERIOUS if reject.rows > MUCH * rows else Level.WARNING,
            f"rejected_{reject.reason.value}",
            resource.name,
            reject.column,
            f"{reject.rows:,} rows {REASONS[reject.reason]}, and would be rejected",
            reject.rows,
            _instead(resource, reject),
        )


def _instead(resource: Resource, reject: Reject) -> str:
    if reject.reason is Reason.REQUIRED:
        return f"- {{name: {reject.column}, constraints: {{required: false}}}}"
    if reject.reason is not Reason.RANGE:
        return ""
    for field in resource.table_schema.fields:
        if field.name == reject.column:
            return f"- {{name: {field.name}, {_of_field(field)}}}"
        if reject.column in field.tre.derive:
            said = _of_making(field.tre.derive[reject.column])
            derived = f"tre: {{derive: {{{reject.column}: {{{said}}}}}}}"
            return f"- {{name: {field.name}, {derived}}}"
    return ""


def _of_field(field: TableField) -> str:
    """A list that lacks a key is not mended by losing the rows' values."""
    if field.tre.generalise is not None:
        return f"tre: {{generalise: {{{_of_making(field.tre.generalise)}}}}}"
    if field.constraints.enum is not None:
        return LISTED
    return "tre: {out_of_range: clamp}"


def _of_making(derivation: Derivation) -> str:
    match derivation:
        case Codes():
            return "codes: {… and those that are missing: …}"
        case Lookup():
            return "table: …, enum: [… and those that belong]"
        case OutwardPostcode():
            return "enum: [… and those that belong]"
        case AgeBand() | Bands():
            return "bands: [… from the lowest on]"
        case DatePart():
            return "minimum: …, maximum: …"
        case Step():
            return "out_of_range: clamp"
        case _:
            assert_never(derivation)
