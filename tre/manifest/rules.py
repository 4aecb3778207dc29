"""What the keys of a manifest mean to each other.

Each rule raises `Invalid` with the path of the key at fault and what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final

from connectors.errors import Invalid
from tre.manifest.delivery import DeliveryKind
from tre.manifest.made import made, published
from tre.manifest.model import (
    Evidence,
    FieldType,
    Kind,
    Link,
    Package,
    PrivacyUnit,
    Resource,
    Role,
    TableField,
)
from tre.manifest.public import columns
from tre.manifest.source import FixedWidth
from tre.manifest.transform import Derivation, Lookup

REPEATABLE: Final = frozenset({Kind.ADDRESS, Kind.OTHER, Kind.PHONE, Kind.EMAIL})
"""Identifier kinds that a table may have several fields of."""

SHARED: Final = frozenset(
    {
        Evidence.SURNAME,
        Evidence.POSTCODE,
        Evidence.ADDRESS,
        Evidence.TWO_ADDRESSES,
        Evidence.CONTACT,
    }
)
"""Evidence that the people of one household share."""

MOST_SUBGROUPS: Final = 100
"""Values of a column by which a linkage statement tells match rates."""

DIRECTIVES: Final = re.compile(r"(?:%[YmdyjbBHMSfIp]|[^%'\\])*")
"""A date format: strptime directives that DuckDB and Python read alike."""


def check(package: Package) -> None:
    """Check every rule that spans keys; the first that fails names its place."""
    _distinct((r.name for r in package.resources), "resources[{}].name")
    for index, resource in enumerate(package.resources):
        _resource(resource, f"resources[{index}]")
    _delivery(package)


def _delivery(package: Package) -> None:
    """What a delivery adds to or corrects is named, and what is corrected has a key."""
    delivery = package.tre.delivery
    if delivery.extends and delivery.to is None:
        message = "expected the version that this one adds to or corrects"
        raise Invalid("tre.delivery.to", message)
    if delivery.to is not None and not delivery.extends:
        raise Invalid("tre.delivery.to", "is for kind: append or correct")
    if delivery.to == package.version:
        message = "expected another version than the one it adds to or corrects"
        raise Invalid("version", message)
    correcting = delivery.kind is DeliveryKind.CORRECT
    for index, resource in enumerate(package.resources):
        _row_key(resource, f"resources[{index}]", correcting=correcting)


def _row_key(resource: Resource, path: str, *, correcting: bool) -> None:
    key, removed = resource.tre.row_key, resource.tre.removed
    fields = {field.name: field for field in resource.table_schema.fields}
    if (key or removed) and not resource.protected:
        message = "is for tables of people: public tables are delivered whole"
        raise Invalid(f"{path}.tre.{'row_key' if key else 'removed'}", message)
    if correcting and resource.protected and key is None:
        message = "expected the fields by which rows are corrected"
        raise Invalid(f"{path}.tre.row_key", message)
    for place, name in enumerate(key or ()):
        if name not in fields or fields[name].tre.role is Role.FREE_TEXT:
            message = "expected the name of a field that is not free text"
            raise Invalid(f"{path}.tre.row_key[{place}]", message)
    _distinct(key or (), f"{path}.tre.row_key[{{}}]")
    if removed is None:
        return
    if not correcting:
        raise Invalid(f"{path}.tre.removed", "is for tre.delivery.kind: correct")
    field = fields.get(removed)
    if field is None or field.type is not FieldType.BOOLEAN or not field.tre.drop:
        message = "expected the name of a boolean field with drop: true"
        raise Invalid(f"{path}.tre.removed", message)


def _resource(resource: Resource, path: str) -> None:
    _source(resource, path)
    fields = resource.table_schema.fields
    _distinct((f.name for f in fields), f"{path}.schema.fields[{{}}].name")
    for index, field in enumerate(fields):
        _field(field, f"{path}.schema.fields[{index}]")
    _columns(resource, path)
    _kinds(resource, path)
    _unit(resource, path)
    _groups(resource, path)
    _unique(resource, path)
    _link(resource, path)


def _source(resource: Resource, path: str) -> None:
    source = resource.tre.source
    if source is not None and resource.path is not None:
        raise Invalid(f"{path}.path", "expected path or tre.source, not both")
    _paths(resource.path, f"{path}.path")
    for key in ("path", "catalogue"):
        _paths(getattr(source, key, None), f"{path}.tre.source.{key}")
    if isinstance(source, FixedWidth):
        names = (column.name for column in source.columns)
        _distinct(names, f"{path}.tre.source.columns[{{}}].name")
    try:
        b"a".decode(resource.encoding)
    except (LookupError, ValueError):  # an encoding of bytes is none of text
        unknown = True
    else:
        unknown = False
    if unknown:
        raise Invalid(f"{path}.encoding", "expected the name of a text encoding")


def _paths(paths: object, path: str) -> None:
    for one in paths if isinstance(paths, tuple) else (paths,):
        if isinstance(one, str):
            _relative(one, path)


def _relative(text: str, path: str) -> None:
    """Data Packages forbid paths that leave their own folder; so do we."""
    pure = PurePosixPath(text)
    outside = pure.is_absolute() or PureWindowsPath(text).is_absolute()
    if outside or ".." in pure.parts or "://" in text or "\0" in text:
        raise Invalid(path, "expected a path inside the package's own folder")


def _distinct(names: Iterable[str], path: str) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name.lower() in seen:
            raise Invalid(path.format(index), "expected each name once, case ignored")
        seen.add(name.lower())


def _field(field: TableField, path: str) -> None:
    _role(field, path)
    _format(field, path)
    if field.tre.role is not Role.IDENTIFIER:
        _name(field.name, f"{path}.name")
    for name, derivation in field.tre.derive.items():
        place = f"{path}.tre.derive.{name}"
        _name(name, place)
        _table(derivation, place)
        made(derivation, field, place)
    _unpublished(field, path)
    if field.published:
        _table(field.tre.generalise, f"{path}.tre.generalise")
        published(field, path)


def _table(derivation: Derivation | None, path: str) -> None:
    if isinstance(derivation, Lookup):
        _relative(derivation.table, f"{path}.table")


def _unpublished(field: TableField, path: str) -> None:
    """What changes a published value says nothing of a field that is not published."""
    extension = field.tre
    if extension.drop and extension.role in {Role.IDENTIFIER, Role.FREE_TEXT}:
        raise Invalid(f"{path}.tre.drop", "is for a field that would be published")
    for key in ("generalise", "top_code", "bottom_code"):
        if not field.published and getattr(extension, key) is not None:
            message = "is for a published field: use derive to publish part of another"
            raise Invalid(f"{path}.tre.{key}", message)


def _role(field: TableField, path: str) -> None:
    extension = field.tre
    if extension.role is Role.IDENTIFIER and extension.kind is None:
        raise Invalid(f"{path}.tre.kind", "expected the kind of identifier")
    if extension.role is not Role.IDENTIFIER and extension.kind is not None:
        raise Invalid(f"{path}.tre.kind", "is for fields of role identifier")
    if extension.decimals is not None and field.type not in {
        FieldType.NUMBER,
        FieldType.INTEGER,
    }:
        raise Invalid(f"{path}.tre.decimals", "is for fields of type number")


def _format(field: TableField, path: str) -> None:
    if field.format == "default":
        return
    if field.type not in {FieldType.DATE, FieldType.DATETIME}:
        raise Invalid(f"{path}.format", "expected default for this type")
    if "%" not in field.format or not DIRECTIVES.fullmatch(field.format):
        raise Invalid(f"{path}.format", "expected default or a pattern such as %Y%m%d")


def _name(name: str, path: str) -> None:
    """Keep `person_id` for the one that publication makes."""
    if name.lower() == "person_id":
        raise Invalid(path, "is only for an identifier: publication makes its own")


def _columns(resource: Resource, path: str) -> None:
    """Published fields and derived columns share one table."""
    taken = {f.name.lower() for f in resource.table_schema.fields}
    published = any(f.published for f in resource.table_schema.fields)
    for index, field in enumerate(resource.table_schema.fields):
        for name in field.tre.derive:
            place = f"{path}.schema.fields[{index}].tre.derive.{name}"
            if name.lower() in taken:
                raise Invalid(place, "expected a name no other column has")
            taken.add(name.lower())
            published = True
    if not published and not resource.protected:
        raise Invalid(f"{path}.schema.fields", "expected a field to publish")


def _kinds(resource: Resource, path: str) -> None:
    seen: set[Kind] = set()
    for index, field in enumerate(resource.table_schema.fields):
        kind = field.tre.kind
        if kind in seen:
            place = f"{path}.schema.fields[{index}].tre.kind"
            raise Invalid(place, "expected at most one field of this kind")
        if kind is not None and kind not in REPEATABLE:
            seen.add(kind)


def _unit(resource: Resource, path: str) -> None:
    extension = resource.tre
    cap = extension.rows_per_person
    if extension.privacy_unit is PrivacyUnit.PERSON:
        if cap is None:
            raise Invalid(f"{path}.tre.rows_per_person", "expected a whole number")
        return
    if cap not in {None, 1} or (cap and not resource.protected):
        raise Invalid(f"{path}.tre.rows_per_person", "is for privacy_unit: person")
    if extension.link is not None:
        raise Invalid(f"{path}.tre.link", "is for privacy_unit: person")
    if not resource.protected:
        _public(resource, path)


def _public(resource: Resource, path: str) -> None:
    for index, field in enumerate(resource.table_schema.fields):
        if field.tre.role is Role.IDENTIFIER:
            place = f"{path}.schema.fields[{index}].tre.role"
            raise Invalid(place, "a public reference table identifies nobody")


def _groups(resource: Resource, path: str) -> None:
    """Bounds by group are of a person's rows, by columns that researchers see."""
    known = {
        name
        for field in resource.table_schema.fields
        for name in (*([field.name] if field.published else ()), *field.tre.derive)
    }
    for place, rule in enumerate(resource.tre.group_bounds):
        where = f"{path}.tre.group_bounds[{place}]"
        if resource.tre.privacy_unit is not PrivacyUnit.PERSON:
            raise Invalid(where, "is for privacy_unit: person")
        if rule.rows is None and rule.groups is None:
            raise Invalid(where, "expected rows, groups or both: how many one may have")
        if not known.issuperset(rule.by):
            raise Invalid(f"{where}.by", "expected names of published columns")
        _distinct(rule.by, f"{where}.by")


def _unique(resource: Resource, path: str) -> None:
    """A unique key is a public fact, so it is of published fields of public tables."""
    schema = resource.table_schema
    published = {field.name for field in schema.fields if field.published}
    places = ["primaryKey"] * (schema.primary_key is not None)
    places += [f"uniqueKeys[{index}]" for index in range(len(schema.unique_keys))]
    for place, key in zip(places, schema.keys, strict=True):
        where = f"{path}.schema.{place}"
        if resource.protected:
            raise Invalid(where, "is for privacy_unit: none, and is enforced there")
        if not published.issuperset(key):
            raise Invalid(where, "expected names of published fields")
        _distinct(key, where)


def _link(resource: Resource, path: str) -> None:
    if resource.tre.privacy_unit is not PrivacyUnit.PERSON:
        return
    kinds = {f.name: f.tre.kind for f in resource.table_schema.fields if f.tre.kind}
    if resource.tre.link is None:
        if Kind.LOCAL_ID not in kinds.values():
            message = "expected link, or an identifier of kind local-id"
            raise Invalid(f"{path}.tre.link", message)
        return
    for index, name in enumerate(resource.tre.link.identifiers):
        place = f"{path}.tre.link.identifiers[{index}]"
        if name not in kinds:
            raise Invalid(place, "expected the name of a field of role identifier")
        if name in resource.tre.link.identifiers[:index]:
            raise Invalid(place, "expected each name once")
    _passes(resource.tre.link, f"{path}.tre.link")
    _compared(resource, resource.tre.link.by, f"{path}.tre.link.by")


def _compared(resource: Resource, by: Sequence[str], path: str) -> None:
    """Match rates are told by columns whose values are public, and few to read."""
    domains = {each.name: each.domain for each in columns(resource)}
    for index, name in enumerate(by):
        known = domains.get(name)
        if known is None or not 0 < len(known.values or ()) <= MOST_SUBGROUPS:
            message = (
                "expected the name of a published column with a list of at most"
                f" {MOST_SUBGROUPS} values"
            )
            raise Invalid(f"{path}[{index}]", message)
    _distinct(by, f"{path}[{{}}]")


def _passes(link: Link, path: str) -> None:
    if link.review > link.threshold:
        raise Invalid(f"{path}.review", "expected no more than the threshold")
    for index, needed in enumerate(link.passes or ()):
        if set(needed) <= SHARED:
            message = "expected evidence of the person's own, not of a household's"
            raise Invalid(f"{path}.passes[{index}]", message)
