"""The airlock: submissions, their revisions and files, and the votes on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "submission",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("submitter", sa.String(length=254), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.String(length=27), nullable=False),
        sa.CheckConstraint(
            "direction IN ('out', 'in')", name="ck_submission_direction"
        ),
        sa.CheckConstraint(
            "state IN ('submitted', 'disagreed', 'changes', 'approved', 'rejected',"
            " 'withdrawn')",
            name="ck_submission_state",
        ),
        sa.ForeignKeyConstraint(
            ["project"], ["project.name"], name="fk_submission_project"
        ),
        sa.ForeignKeyConstraint(
            ["submitter"], ["person.id"], name="fk_submission_submitter"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_submission"),
    )
    op.create_index("ix_submission_project", "submission", ["project"])
    op.create_index("ix_submission_state", "submission", ["state"])
    op.create_table(
        "submission_revision",
        sa.Column("submission", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("returned", sa.Text(), server_default="", nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission"], ["submission.id"], name="fk_submission_revision_submission"
        ),
        sa.PrimaryKeyConstraint("submission", "number", name="pk_submission_revision"),
    )
    op.create_table(
        "submission_vote",
        sa.Column("submission", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("checker", sa.String(length=254), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('approve', 'reject', 'changes')",
            name="ck_submission_vote_verdict",
        ),
        sa.ForeignKeyConstraint(
            ["submission", "revision"],
            ["submission_revision.submission", "submission_revision.number"],
            name="fk_submission_vote_submission_revision",
        ),
        sa.ForeignKeyConstraint(
            ["checker"], ["person.id"], name="fk_submission_vote_checker"
        ),
        sa.PrimaryKeyConstraint(
            "submission", "revision", "checker", name="pk_submission_vote"
        ),
    )
    op.create_table(
        "carried_file",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_carried_file"),
    )
