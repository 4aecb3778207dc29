"""Keys of questions that an earlier release answered.

There is no way back: an older schema would take a retry for a new question.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "repeated",
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("person", sa.String(length=254), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("body_digest", sa.String(length=64), nullable=False),
        sa.Column("release", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_repeated_person"),
        sa.ForeignKeyConstraint(
            ["project"], ["project.name"], name="fk_repeated_project"
        ),
        sa.ForeignKeyConstraint(
            ["release"], ["release.id"], name="fk_repeated_release"
        ),
        sa.PrimaryKeyConstraint(
            "project", "person", "idempotency_key", name="pk_repeated"
        ),
    )
