"""What people sign in with: uses of tokens, accounts, sessions, providers, rates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "token",
        sa.Column(
            "scopes", sa.String(100), nullable=False, server_default="ask publish read"
        ),
    )
    op.create_table(
        "local_account",
        sa.Column("person", sa.String(254), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("factor", sa.LargeBinary(), nullable=False),
        sa.Column("used_step", sa.BigInteger(), nullable=True),
        sa.Column("invitation", sa.String(64), nullable=True),
        sa.Column("invited_until", sa.String(27), nullable=True),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name="fk_local_account_person"
        ),
        sa.PrimaryKeyConstraint("person", name="pk_local_account"),
        sa.UniqueConstraint("invitation", name="uq_local_account_invitation"),
    )
    op.create_table(
        "session",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("person", sa.String(254), nullable=False),
        sa.Column("opened_at", sa.String(27), nullable=False),
        sa.Column("seen_at", sa.String(27), nullable=False),
        sa.Column("ends_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_session_person"),
        sa.PrimaryKeyConstraint("digest", name="pk_session"),
    )
    op.create_index("ix_session_person", "session", ["person"])
    op.create_table(
        "rate",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("place", sa.String(254), nullable=False),
        sa.Column("whole_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("name", "place", name="pk_rate"),
    )
    op.create_table(
        "identity_provider",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_secret", sa.LargeBinary(), nullable=True),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("by_email", sa.Boolean(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_identity_provider_single"),
        sa.PrimaryKeyConstraint("id", name="pk_identity_provider"),
    )
    op.create_table(
        "external_identity",
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("person", sa.String(254), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name="fk_external_identity_person"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_external_identity"),
    )
