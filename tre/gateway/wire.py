"""Results as plain JSON values: the one shape of HTTP bodies and `tre … --json`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Set
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import Any

import pyarrow as pa

from privacy.accounting import Loss
from tre.batch import Batch
from tre.intake.publication import Publication
from tre.release import Release


def plain(value: object) -> Any:  # noqa: ANN401 - JSON has no static type
    """The value as what `json` writes, dataclasses by the names of their fields.

    Decimals become text, so that no digit is lost; fractions become floats; a
    float that is not finite becomes null. A type that is not named here is an
    error, never its `repr`: what leaves is decided, not guessed.
    """
    match value:
        case Enum():
            return plain(value.value)
        case None | bool() | int() | str():
            return value
        case float() | Fraction():
            return float(value) if isfinite(value) else None
        case date():
            return value.isoformat()
        case Decimal() | Path():
            return str(value)
        case _:
            return _plain_parts(value)


def _plain_parts(value: object) -> Any:  # noqa: ANN401 - JSON has no static type
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Set):
        return sorted(plain(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.repr
        }
    raise TypeError(f"{type(value).__name__} has no JSON form")


def release_document(release: Release) -> dict[str, Any]:
    """A release as one JSON object: its cost, its columns, its rows, its receipt."""
    return {
        **release_envelope(release),
        "columns": [
            {"name": field.name, "type": _type_name(field.type)}
            for field in release.table.schema
        ],
        "rows": plain(release.table.to_pylist()),
    }


def release_envelope(release: Release) -> dict[str, Any]:
    """What is known of a release beside its table."""
    return {
        "id": release.id,
        "charged": release.charged,
        "loss": loss_document(release.loss),
        "receipt": plain(release.receipt),
    }


def batch_document(batch: Batch) -> dict[str, Any]:
    """A batch of explanations; a refused question has its code in place of one."""
    return {
        "questions": [
            {
                "sql": each.sql,
                "spending": each.spending,
                "explanation": plain(each.explanation),
                "refusal": None
                if each.refusal is None
                else {
                    name: getattr(each.refusal, name)
                    for name in (
                        *("code", "message", "clause", "suggestion", "position"),
                    )
                },
            }
            for each in batch.questions
        ],
        "loss": loss_document(batch.loss),
        "half_error": loss_document(batch.half_error),
        "charge": loss_document(batch.charge),
        "left": loss_document(batch.left),
        "affordable": batch.affordable,
        "words": list(batch.words),
    }


def publication_document(publication: Publication) -> dict[str, Any]:
    """A new version and what intake counted; not where it is kept, nor its key."""
    return {
        "dataset": publication.dataset,
        "version": publication.version,
        "counts": plain(publication.counts),
        "outgrown": [table.name for table in publication.outgrown],
        "changes": plain(publication.changes),
    }


def loss_document(loss: Loss) -> dict[str, float]:
    """A loss, or what is left of a budget, by its three names."""
    return {"rho": loss.rho, "epsilon": loss.epsilon, "delta": loss.delta}


def _type_name(kind: pa.DataType) -> str:
    """The type's name in the manual, which is that of the manifest where it has one."""
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind):
        return "number"
    if pa.types.is_decimal(kind):
        return "decimal"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_timestamp(kind):
        return "datetime"
    return "date" if pa.types.is_date(kind) else "string"
