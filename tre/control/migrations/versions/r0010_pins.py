"""Versions of datasets that projects pinned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "project_pin",
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("dataset", sa.String(length=63), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["project"], ["project.name"], name="fk_project_pin_project"
        ),
        sa.ForeignKeyConstraint(
            ["dataset"], ["dataset.name"], name="fk_project_pin_dataset"
        ),
        sa.ForeignKeyConstraint(
            ["version"], ["dataset_version.id"], name="fk_project_pin_version"
        ),
        sa.PrimaryKeyConstraint("project", "dataset", name="pk_project_pin"),
    )
