"""What a manifest makes public: the tables as researchers see them."""

from __future__ import annotations

from collections.abc import Iterator

from privacy.catalogue import Column, GroupBound, Table, Unit
from tre.manifest.made import made, published
from tre.manifest.model import Manifest, PrivacyUnit, Resource, Role

UNITS = {
    PrivacyUnit.PERSON: Unit.PERSON,
    PrivacyUnit.ROW: Unit.ROW,
    PrivacyUnit.NONE: Unit.NONE,
}


def public_tables(manifest: Manifest) -> tuple[Table, ...]:
    """The tables a manifest publishes, every column granted.

    Published columns are in the manifest's order, a field's derived columns after
    it. Identifiers and free text are not among them.
    """
    return tuple(_table(manifest.name, resource) for resource in manifest.resources)


def columns(resource: Resource) -> tuple[Column, ...]:
    """The published columns of one resource."""
    return tuple(_columns(resource))


def _table(dataset: str, resource: Resource) -> Table:
    published = columns(resource)
    return Table(
        name=resource.name,
        dataset=dataset,
        unit=UNITS[resource.tre.privacy_unit],
        rows_per_person=resource.rows_per_person if resource.protected else 0,
        columns=published,
        granted=frozenset(column.name for column in published),
        title=resource.title,
        unique=resource.table_schema.keys,
        size=resource.tre.size,
        bounds=bounds_of(resource),
    )


def bounds_of(resource: Resource) -> tuple[GroupBound, ...]:
    """What publication enforces of one person's rows by groups, one after the other."""
    return tuple(
        GroupBound(rule.by, rule.rows, rule.groups)
        for rule in resource.tre.group_bounds
    )


def _columns(resource: Resource) -> Iterator[Column]:
    for field in resource.table_schema.fields:
        words = field.description or field.title
        sensitive = field.tre.role is Role.SENSITIVE
        if field.published:
            known = published(field, field.name)
            yield Column(field.name, known, words, sensitive)
        for name, derivation in field.tre.derive.items():
            known = made(derivation, field, name)
            yield Column(name, known, derivation.words, sensitive)
