"""Budgets, questions and what they were charged, and releases."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from tre.control.tables.schema import Instant, metadata

account: Final = Table(
    "account",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("name", String(63), nullable=False),
    Column("period", Integer, nullable=False),
    Column("population", ForeignKey("population.name"), nullable=False),
    Column("measure", String(4), nullable=False),
    Column("epsilon", Text, nullable=False),
    Column("delta", Text, nullable=False),
    Column("total_nano", BigInteger, nullable=False),
    Column("spent_nano", BigInteger, nullable=False),
    Column("threshold_total_atto", BigInteger, nullable=False),
    Column("threshold_spent_atto", BigInteger, nullable=False),
    Column("conversion_atto", BigInteger, nullable=False),
    Column("until", Date),
    Column("state", String(6), nullable=False),
    Column("opened_at", Instant, nullable=False),
    UniqueConstraint("kind", "name", "period"),
    CheckConstraint("kind IN ('population', 'dataset', 'project')", name="kind"),
    CheckConstraint(
        "measure = 'zcdp' OR (measure = 'pure' AND kind = 'project')", name="measure"
    ),
    CheckConstraint("state IN ('open', 'frozen', 'closed')", name="state"),
    CheckConstraint("spent_nano BETWEEN 0 AND total_nano", name="spent"),
    CheckConstraint(
        "threshold_spent_atto BETWEEN 0 AND threshold_total_atto", name="threshold"
    ),
)

question: Final = Table(
    "question",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("project", ForeignKey("project.name"), nullable=False),
    Column("person", ForeignKey("person.id"), nullable=False),
    Column("idempotency_key", String(200)),
    Column("body_digest", String(64), nullable=False),
    Column("repeat_digest", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("owner", String(64), nullable=False, index=True),
    Column("state", String(8), nullable=False),
    Column("reserved_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("settled_index", BigInteger),
    UniqueConstraint("project", "person", "idempotency_key"),
    CheckConstraint("state IN ('reserved', 'released', 'failed')", name="state"),
    CheckConstraint("(state = 'reserved') = (settled_index IS NULL)", name="settled"),
    Index(None, "project", "repeat_digest"),
)

repeated: Final = Table(
    "repeated",
    metadata,
    Column("project", ForeignKey("project.name"), primary_key=True),
    Column("person", ForeignKey("person.id"), primary_key=True),
    Column("idempotency_key", String(200), primary_key=True),
    Column("body_digest", String(64), nullable=False),
    Column("release", ForeignKey("release.id"), nullable=False),
)
"""Keys of questions that an earlier release answered: they ask nothing else."""

charge: Final = Table(
    "charge",
    metadata,
    Column("question", ForeignKey("question.id"), primary_key=True),
    Column("account", ForeignKey("account.id"), primary_key=True),
    Column("nano", BigInteger, nullable=False),
    Column("threshold_atto", BigInteger, nullable=False),
    CheckConstraint("nano > 0 AND threshold_atto >= 0", name="amount"),
)

release: Final = Table(
    "release",
    metadata,
    Column("id", ForeignKey("question.id"), primary_key=True),
    Column("receipt", Text, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("content", LargeBinary, nullable=False),
)

measurement: Final = Table(
    "measurement",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("dataset", String(63), nullable=False),
    Column("population", ForeignKey("population.name"), nullable=False),
    Column("person", ForeignKey("person.id"), nullable=False),
    Column("owner", String(64), nullable=False, index=True),
    Column("state", String(8), nullable=False),
    Column("reserved_at", Instant, nullable=False),
    Column("settled_at", Instant),
    CheckConstraint("state IN ('reserved', 'released', 'failed')", name="state"),
    CheckConstraint("(state = 'reserved') = (settled_at IS NULL)", name="settled"),
)

measurement_charge: Final = Table(
    "measurement_charge",
    metadata,
    Column("measurement", ForeignKey("measurement.id"), primary_key=True),
    Column("account", ForeignKey("account.id"), primary_key=True),
    Column("nano", BigInteger, nullable=False),
    CheckConstraint("nano > 0", name="amount"),
)
