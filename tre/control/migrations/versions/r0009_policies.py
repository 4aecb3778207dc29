"""Disclosure policies that were put in force, each a version of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "disclosure_policy",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person", sa.String(length=254), nullable=False),
        sa.Column("set_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name="fk_disclosure_policy_person"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_disclosure_policy"),
    )
