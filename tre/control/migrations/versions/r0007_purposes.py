"""What a published version may be used for, which says which objections it heeds.

Versions published before heed every objection, and may be used for anything.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dataset_version", sa.Column("purposes", sa.Text(), nullable=True))
