"""Projects and their approvals, and disclosure policies."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
)

from tre.control.tables.schema import Instant, metadata

project: Final = Table(
    "project",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("population", ForeignKey("population.name"), nullable=False),
    Column("application", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("proposer", ForeignKey("person.id"), nullable=False),
    Column("state", String(10), nullable=False),
    Column("until", Date, nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Column("outcome", Text),
    Column("route", String(12), nullable=False, server_default="standard"),
    CheckConstraint(
        "state IN ('proposed', 'active', 'suspended', 'closed')", name="state"
    ),
    CheckConstraint("state <> 'closed' OR outcome IS NOT NULL", name="outcome"),
)

project_researcher: Final = Table(
    "project_researcher",
    metadata,
    Column("project", ForeignKey("project.name"), primary_key=True),
    Column("person", ForeignKey("person.id"), primary_key=True),
)

project_table: Final = Table(
    "project_table",
    metadata,
    Column("project", ForeignKey("project.name"), primary_key=True),
    Column("table_name", String(63), primary_key=True),
    Column("dataset", ForeignKey("dataset.name"), nullable=False),
    Column("columns", Text, nullable=False),
)

project_pin: Final = Table(
    "project_pin",
    metadata,
    Column("project", ForeignKey("project.name"), primary_key=True),
    Column("dataset", ForeignKey("dataset.name"), primary_key=True),
    Column("version", ForeignKey("dataset_version.id"), nullable=False),
)

amendment: Final = Table(
    "amendment",
    metadata,
    Column("project", ForeignKey("project.name"), primary_key=True),
    Column("application", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("route", String(12), nullable=False),
    Column("proposed_at", Instant, nullable=False),
)

approval: Final = Table(
    "approval",
    metadata,
    Column("project", ForeignKey("project.name"), primary_key=True),
    Column("person", ForeignKey("person.id"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("capacity", String(20), nullable=False),
    Column("controller", String(200)),
    Column("approved_at", Instant, nullable=False),
    CheckConstraint(
        "(capacity = 'committee' AND controller IS NULL)"
        " OR (capacity = 'steward' AND controller IS NOT NULL)",
        name="capacity",
    ),
)

disclosure_policy: Final = Table(
    "disclosure_policy",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("person", ForeignKey("person.id"), nullable=False),
    Column("set_at", Instant, nullable=False),
)
