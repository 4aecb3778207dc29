"""Which layers of the enclave's confinement the operator does without."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accepted_layer",
        sa.Column("layer", sa.String(length=20), nullable=False),
        sa.Column("person", sa.String(length=254), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name="fk_accepted_layer_person"
        ),
        sa.PrimaryKeyConstraint("layer", name="pk_accepted_layer"),
    )
