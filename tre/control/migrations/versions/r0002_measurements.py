"""Measurements: what a publication's profile was charged.

There is no way back: an older schema would forget charges.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "measurement",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("dataset", sa.String(length=63), nullable=False),
        sa.Column("population", sa.String(length=63), nullable=False),
        sa.Column("person", sa.String(length=254), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reserved_at", sa.String(27), nullable=False),
        sa.Column("settled_at", sa.String(27), nullable=True),
        sa.CheckConstraint(
            "(state = 'reserved') = (settled_at IS NULL)",
            name="ck_measurement_settled",
        ),
        sa.CheckConstraint(
            "state IN ('reserved', 'released', 'failed')", name="ck_measurement_state"
        ),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name="fk_measurement_person"
        ),
        sa.ForeignKeyConstraint(
            ["population"], ["population.name"], name="fk_measurement_population"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_measurement"),
    )
    op.create_index("ix_measurement_owner", "measurement", ["owner"], unique=False)
    op.create_table(
        "measurement_charge",
        sa.Column("measurement", sa.String(length=32), nullable=False),
        sa.Column(
            "account",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("nano", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("nano > 0", name="ck_measurement_charge_amount"),
        sa.ForeignKeyConstraint(
            ["account"], ["account.id"], name="fk_measurement_charge_account"
        ),
        sa.ForeignKeyConstraint(
            ["measurement"],
            ["measurement.id"],
            name="fk_measurement_charge_measurement",
        ),
        sa.PrimaryKeyConstraint("measurement", "account", name="pk_measurement_charge"),
    )
