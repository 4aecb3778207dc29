"""The airlock's tables: what people ask to carry, in what revisions, and the votes.

Files lie here under the hash of their bytes, so that what was judged is what is
carried, and a backup has it. They were made of releases; nothing here is protected.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from tre.control.tables.schema import Instant, metadata

submission: Final = Table(
    "submission",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("project", ForeignKey("project.name"), nullable=False, index=True),
    Column("direction", String(3), nullable=False),
    Column("submitter", ForeignKey("person.id"), nullable=False),
    Column("state", String(10), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    CheckConstraint("direction IN ('out', 'in')", name="direction"),
    CheckConstraint(
        "state IN ('submitted', 'disagreed', 'changes', 'approved', 'rejected',"
        " 'withdrawn')",
        name="state",
    ),
)

submission_revision: Final = Table(
    "submission_revision",
    metadata,
    Column("submission", ForeignKey("submission.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("context", Text, nullable=False),
    Column("items", Text, nullable=False),
    Column("findings", Text, nullable=False),
    Column("returned", Text, nullable=False, server_default=""),
    Column("decision", Text),
)

submission_vote: Final = Table(
    "submission_vote",
    metadata,
    Column("submission", String(32), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("checker", ForeignKey("person.id"), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("verdict", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("nonce", String(32), nullable=False),
    Column("draft", Boolean, nullable=False),
    ForeignKeyConstraint(
        ["submission", "revision"],
        ["submission_revision.submission", "submission_revision.number"],
    ),
    CheckConstraint("verdict IN ('approve', 'reject', 'changes')", name="verdict"),
)

carried_file: Final = Table(
    "carried_file",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
