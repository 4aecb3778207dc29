"""Organisations, accreditation, controllers' conditions, and amended projects.

An approval is of one text of an application: a person may approve of an amendment
while the approval of the terms in force stands.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _people()
    _projects()
    _approvals()


def _people() -> None:
    op.create_table(
        "organisation",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("added_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_organisation"),
    )
    op.create_table(
        "affiliation",
        sa.Column("person", sa.String(length=254), nullable=False),
        sa.Column("organisation", sa.String(length=200), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisation.name"], name="fk_affiliation_organisation"
        ),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name="fk_affiliation_person"
        ),
        sa.PrimaryKeyConstraint("person", name="pk_affiliation"),
    )
    op.create_table(
        "qualification",
        sa.Column("person", sa.String(length=254), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('accreditation', 'training')",
            name=op.f("ck_qualification_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name="fk_qualification_person"
        ),
        sa.PrimaryKeyConstraint("person", "kind", name="pk_qualification"),
    )


def _projects() -> None:
    op.create_table(
        "dataset_condition",
        sa.Column("dataset", sa.String(length=63), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("set_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset"], ["dataset.name"], name="fk_dataset_condition_dataset"
        ),
        sa.PrimaryKeyConstraint("dataset", name="pk_dataset_condition"),
    )
    op.add_column(
        "project",
        sa.Column(
            "route", sa.String(length=12), nullable=False, server_default="standard"
        ),
    )
    op.create_table(
        "amendment",
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("route", sa.String(length=12), nullable=False),
        sa.Column("proposed_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["project"], ["project.name"], name="fk_amendment_project"
        ),
        sa.PrimaryKeyConstraint("project", name="pk_amendment"),
    )


def _approvals() -> None:
    """A longer key: SQLite cannot change one, so the table is made anew."""
    names = ("project", "person", "digest", "capacity", "controller", "approved_at")
    before = sa.table("approval", *map(sa.column, names))
    given = op.get_bind().execute(sa.select(before)).all()
    op.drop_table("approval")
    made = op.create_table(
        "approval",
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("person", sa.String(length=254), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("capacity", sa.String(length=20), nullable=False),
        sa.Column("controller", sa.String(length=200), nullable=True),
        sa.Column("approved_at", sa.String(length=27), nullable=False),
        sa.CheckConstraint(
            "(capacity = 'committee' AND controller IS NULL)"
            " OR (capacity = 'steward' AND controller IS NOT NULL)",
            name=op.f("ck_approval_capacity"),
        ),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_approval_person"),
        sa.ForeignKeyConstraint(
            ["project"], ["project.name"], name="fk_approval_project"
        ),
        sa.PrimaryKeyConstraint("project", "person", "digest", name="pk_approval"),
    )
    op.bulk_insert(made, [dict(row._mapping) for row in given])
