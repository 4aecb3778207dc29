"""The first schema: people, governance, ledger, releases and the log.

There is no way back: an older schema would forget charges.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_head",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_audit_head"),
    )
    op.create_table(
        "audit_node",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name="pk_audit_node"),
    )
    op.create_table(
        "audit_record",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=254), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_audit_record"),
    )
    op.create_table(
        "audit_tree",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_audit_tree_single"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_tree"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=254), nullable=False),
        sa.Column("controller", sa.String(length=200), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_table(
        "population",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_population"),
    )
    op.create_table(
        "account",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("population", sa.String(length=63), nullable=False),
        sa.Column("measure", sa.String(length=4), nullable=False),
        sa.Column("epsilon", sa.Text(), nullable=False),
        sa.Column("delta", sa.Text(), nullable=False),
        sa.Column("total_nano", sa.BigInteger(), nullable=False),
        sa.Column("spent_nano", sa.BigInteger(), nullable=False),
        sa.Column("threshold_total_atto", sa.BigInteger(), nullable=False),
        sa.Column("threshold_spent_atto", sa.BigInteger(), nullable=False),
        sa.Column("conversion_atto", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=6), nullable=False),
        sa.Column("opened_at", sa.String(27), nullable=False),
        sa.CheckConstraint(
            "kind IN ('population', 'dataset', 'project')", name="ck_account_kind"
        ),
        sa.CheckConstraint(
            "measure = 'zcdp' OR (measure = 'pure' AND kind = 'project')",
            name="ck_account_measure",
        ),
        sa.CheckConstraint(
            "state IN ('open', 'frozen', 'closed')", name="ck_account_state"
        ),
        sa.CheckConstraint(
            "spent_nano BETWEEN 0 AND total_nano", name="ck_account_spent"
        ),
        sa.CheckConstraint(
            "threshold_spent_atto BETWEEN 0 AND threshold_total_atto",
            name="ck_account_threshold",
        ),
        sa.ForeignKeyConstraint(
            ["population"], ["population.name"], name="fk_account_population"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint(
            "kind", "name", "period", name="uq_account_kind_name_period"
        ),
    )
    op.create_table(
        "dataset",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("population", sa.String(length=63), nullable=False),
        sa.Column("controller", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(
            ["population"], ["population.name"], name="fk_dataset_population"
        ),
        sa.PrimaryKeyConstraint("name", name="pk_dataset"),
    )
    op.create_index("ix_dataset_population", "dataset", ["population"], unique=False)
    op.create_table(
        "period_agreement",
        sa.Column("population", sa.String(length=63), nullable=False),
        sa.Column("period", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("controller", sa.String(length=200), nullable=False),
        sa.Column("person", sa.String(length=254), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("agreed_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name="fk_period_agreement_person"
        ),
        sa.ForeignKeyConstraint(
            ["population"], ["population.name"], name="fk_period_agreement_population"
        ),
        sa.PrimaryKeyConstraint(
            "population", "period", "controller", name="pk_period_agreement"
        ),
    )
    op.create_table(
        "person_role",
        sa.Column("person", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name="fk_person_role_person"
        ),
        sa.PrimaryKeyConstraint("person", "role", name="pk_person_role"),
    )
    op.create_table(
        "project",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("population", sa.String(length=63), nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("proposer", sa.String(length=254), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("proposed_at", sa.String(27), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state <> 'closed' OR outcome IS NOT NULL", name="ck_project_outcome"
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'active', 'suspended', 'closed')",
            name="ck_project_state",
        ),
        sa.ForeignKeyConstraint(
            ["population"], ["population.name"], name="fk_project_population"
        ),
        sa.ForeignKeyConstraint(
            ["proposer"], ["person.id"], name="fk_project_proposer"
        ),
        sa.PrimaryKeyConstraint("name", name="pk_project"),
    )
    op.create_table(
        "token",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=254), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("issued_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("revoked_at", sa.String(27), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_token_person"),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
    )
    op.create_index("ix_token_person", "token", ["person"], unique=False)
    op.create_table(
        "approval",
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("person", sa.String(length=254), nullable=False),
        sa.Column("capacity", sa.String(length=20), nullable=False),
        sa.Column("controller", sa.String(length=200), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("approved_at", sa.String(27), nullable=False),
        sa.CheckConstraint(
            "(capacity = 'committee' AND controller IS NULL)"
            " OR (capacity = 'steward' AND controller IS NOT NULL)",
            name="ck_approval_capacity",
        ),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_approval_person"),
        sa.ForeignKeyConstraint(
            ["project"], ["project.name"], name="fk_approval_project"
        ),
        sa.PrimaryKeyConstraint("project", "person", name="pk_approval"),
    )
    op.create_table(
        "dataset_version",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("dataset", sa.String(length=63), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("descriptor", sa.Text(), nullable=False),
        sa.Column("spine_version", sa.String(length=80), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("key_name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("published_at", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=True),
        sa.CheckConstraint(
            "state IN ('current', 'replaced', 'withdrawn')",
            name="ck_dataset_version_state",
        ),
        sa.ForeignKeyConstraint(
            ["dataset"], ["dataset.name"], name="fk_dataset_version_dataset"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_dataset_version"),
        sa.UniqueConstraint(
            "dataset", "number", name="uq_dataset_version_dataset_number"
        ),
        sa.UniqueConstraint("file", name="uq_dataset_version_file"),
    )
    op.create_table(
        "project_researcher",
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("person", sa.String(length=254), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name="fk_project_researcher_person"
        ),
        sa.ForeignKeyConstraint(
            ["project"], ["project.name"], name="fk_project_researcher_project"
        ),
        sa.PrimaryKeyConstraint("project", "person", name="pk_project_researcher"),
    )
    op.create_table(
        "project_table",
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("dataset", sa.String(length=63), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset"], ["dataset.name"], name="fk_project_table_dataset"
        ),
        sa.ForeignKeyConstraint(
            ["project"], ["project.name"], name="fk_project_table_project"
        ),
        sa.PrimaryKeyConstraint("project", "table_name", name="pk_project_table"),
    )
    op.create_table(
        "question",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("person", sa.String(length=254), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("body_digest", sa.String(length=64), nullable=False),
        sa.Column("repeat_digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reserved_at", sa.String(27), nullable=False),
        sa.Column("settled_at", sa.String(27), nullable=True),
        sa.Column("settled_index", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(state = 'reserved') = (settled_index IS NULL)", name="ck_question_settled"
        ),
        sa.CheckConstraint(
            "state IN ('reserved', 'released', 'failed')", name="ck_question_state"
        ),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_question_person"),
        sa.ForeignKeyConstraint(
            ["project"], ["project.name"], name="fk_question_project"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_question"),
        sa.UniqueConstraint(
            "project",
            "person",
            "idempotency_key",
            name="uq_question_project_person_idempotency_key",
        ),
    )
    op.create_index("ix_question_owner", "question", ["owner"], unique=False)
    op.create_index(
        "ix_question_project_repeat_digest",
        "question",
        ["project", "repeat_digest"],
        unique=False,
    )
    op.create_table(
        "charge",
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column(
            "account",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("nano", sa.BigInteger(), nullable=False),
        sa.Column("threshold_atto", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("nano > 0 AND threshold_atto >= 0", name="ck_charge_amount"),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="fk_charge_account"),
        sa.ForeignKeyConstraint(
            ["question"], ["question.id"], name="fk_charge_question"
        ),
        sa.PrimaryKeyConstraint("question", "account", name="pk_charge"),
    )
    op.create_table(
        "published_table",
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"], ["dataset_version.id"], name="fk_published_table_version"
        ),
        sa.PrimaryKeyConstraint("version", "name", name="pk_published_table"),
    )
    op.create_table(
        "release",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["question.id"], name="fk_release_id"),
        sa.PrimaryKeyConstraint("id", name="pk_release"),
    )
