"""What an attacker on the plan's own data knows, and whether that can be attacked."""

from __future__ import annotations

from typing import Final

from connectors.errors import Invalid
from privacy.catalogue import Catalogue, Unit
from privacy.errors import Refused
from privacy.teach import understand
from tre.attacks.register import Known
from tre.evaluation.plan import OnData

PLACE: Final = "attacks.data"


def checked_register(said: OnData, catalogue: Catalogue) -> None:
    """Invalid where the table cannot be attacked as a plan says: by public facts."""
    table = catalogue.tables.get(said.table)
    if table is None or table.unit is not Unit.ROW:
        raise Invalid(
            f"{PLACE}.table", "expected a table of which every row is a person"
        )
    for sql in (known_of(said).by_person, known_of(said).by_secret):
        try:
            understand(sql, catalogue)
        except Refused as refusal:
            where = f" ({refusal.clause})" if refusal.clause else ""
            raise Invalid(PLACE, f"{refusal.message}{where}") from None


def known_of(said: OnData) -> Known:
    """What an attacker knows, and what is secret."""
    return Known(said.table, said.known, said.secret)
