"""Manifests: what a steward declares of a dataset, and the public may know.

A manifest is a Data Package (Table Schema) with a `tre` extension. Nothing in it is
read from the data, and nothing that the public learns of a table comes from
anywhere else.
"""

from __future__ import annotations

from tre.manifest.delivery import Delivery, DeliveryKind
from tre.manifest.load import load
from tre.manifest.model import (
    MOST_COMPARED,
    Budget,
    Dialect,
    Evidence,
    FieldType,
    Format,
    Kind,
    Link,
    Manifest,
    PrivacyUnit,
    Resource,
    Role,
    TableField,
)
from tre.manifest.public import bounds_of, columns, public_tables
from tre.manifest.transform import Derivation, OutOfRange, Part

__all__ = [
    "MOST_COMPARED",
    "Budget",
    "Delivery",
    "DeliveryKind",
    "Derivation",
    "Dialect",
    "Evidence",
    "FieldType",
    "Format",
    "Kind",
    "Link",
    "Manifest",
    "OutOfRange",
    "Part",
    "PrivacyUnit",
    "Resource",
    "Role",
    "TableField",
    "bounds_of",
    "columns",
    "load",
    "public_tables",
]
