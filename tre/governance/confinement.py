"""Which layers of confinement the operator does without: by name, with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.tables import accepted_layer
from tre.governance.roles import Action, permitted

LONGEST_REASON: Final = 1000


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who accepted that a layer is missing, why, and when."""

    layer: str
    person: str
    reason: str
    at: datetime


def accept_layer(act: Act, layer: str, reason: str) -> None:
    """Do without a layer from now on. The caller knows that there is such a layer.

    Refused with not_permitted, reason_missing, or wrong_state where it is accepted.
    """
    permitted(act, Action.ACCEPT_LAYER)
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise Refused(
            "reason_missing",
            f"To do without a layer, say why in 1 to {LONGEST_REASON} characters.",
            clause=layer,
        )
    if layer in accepted_layers(act.connection):
        raise Refused(
            "wrong_state", "This layer is done without already.", clause=layer
        )
    act.connection.execute(
        insert(accepted_layer).values(
            layer=layer, person=act.actor, reason=reason, accepted_at=act.now
        )
    )
    act.record("enclave.layer_accepted", layer, {"reason": reason})


def require_layer(act: Act, layer: str) -> None:
    """Take an acceptance back. Refused with not_permitted, or wrong_state."""
    permitted(act, Action.ACCEPT_LAYER)
    given = act.connection.execute(
        delete(accepted_layer).where(accepted_layer.c.layer == layer)
    )
    if not given.rowcount:
        raise Refused("wrong_state", "Nobody does without this layer.", clause=layer)
    act.record("enclave.layer_required", layer, {})


def accepted_layers(connection: Connection) -> dict[str, Acceptance]:
    """Every acceptance in force, by the name of its layer."""
    rows = connection.execute(select(accepted_layer)).all()
    return {
        row.layer: Acceptance(row.layer, row.person, row.reason, row.accepted_at)
        for row in rows
    }
