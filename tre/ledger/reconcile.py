"""Whether the ledger adds up: every account's spending is the sum of its charges."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, literal, select

from tre.control.tables import account, charge, measurement_charge


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """An account whose spending is not what its charges sum to."""

    kind: str
    name: str
    period: int


def reconcile(connection: Connection) -> tuple[Discrepancy, ...]:
    """The accounts that do not add up; there should be none."""
    charged: dict[int, tuple[int, int]] = {}
    measured = measurement_charge.c
    charges = select(charge.c.account, charge.c.nano, charge.c.threshold_atto)
    for row in connection.execute(
        charges.union_all(
            select(measured.account, measured.nano, literal(0).label("threshold_atto"))
        )
    ):
        nano, atto = charged.get(row.account, (0, 0))
        charged[row.account] = (nano + row.nano, atto + row.threshold_atto)
    return tuple(
        Discrepancy(row.kind, row.name, row.period)
        for row in connection.execute(select(account).order_by(account.c.id))
        if (row.spent_nano, row.threshold_spent_atto) != charged.get(row.id, (0, 0))
    )
