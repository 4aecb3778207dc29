"""Populations, datasets and their versions."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from tre.control.tables.schema import Instant, metadata

population: Final = Table(
    "population",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("created_at", Instant, nullable=False),
)

period_agreement: Final = Table(
    "period_agreement",
    metadata,
    Column("population", ForeignKey("population.name"), primary_key=True),
    Column("period", Integer, primary_key=True, autoincrement=False),
    Column("controller", String(200), primary_key=True),
    Column("person", ForeignKey("person.id"), nullable=False),
    Column("terms", Text, nullable=False),
    Column("agreed_at", Instant, nullable=False),
)

dataset: Final = Table(
    "dataset",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("population", ForeignKey("population.name"), nullable=False, index=True),
    Column("controller", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
)

dataset_version: Final = Table(
    "dataset_version",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("dataset", ForeignKey("dataset.name"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("label", String(80), nullable=False),
    Column("title", Text, nullable=False),
    Column("descriptor", Text, nullable=False),
    Column("spine_version", String(80), nullable=False),
    Column("file", Text, nullable=False, unique=True),
    Column("key_name", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("purposes", Text),
    UniqueConstraint("dataset", "number"),
    CheckConstraint("state IN ('current', 'replaced', 'withdrawn')", name="state"),
)

published_table: Final = Table(
    "published_table",
    metadata,
    Column("version", ForeignKey("dataset_version.id"), primary_key=True),
    Column("name", String(63), primary_key=True),
    Column("body", Text, nullable=False),
)

dataset_condition: Final = Table(
    "dataset_condition",
    metadata,
    Column("dataset", ForeignKey("dataset.name"), primary_key=True),
    Column("body", Text, nullable=False),
    Column("set_at", Instant, nullable=False),
)
