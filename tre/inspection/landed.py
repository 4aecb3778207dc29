"""One table as landed and checked, as the parts of an inspection share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Column
from tre.intake.engine import Engine
from tre.intake.incoming import Incoming
from tre.intake.sql import Tree, column, relation, select, sql
from tre.manifest import Kind, PrivacyUnit, Resource

RECEIVED: Final = relation("landing", "received")
CHECKED: Final = relation("landing", "checked")
PEOPLE: Final = relation("landing", "people")
ACCEPTED: Final = "_problems IS NULL"

BY_IDENTITY: Final = """
CREATE TABLE :people AS
SELECT _row, CASE WHEN :known THEN min(_row) OVER (PARTITION BY :keys) END AS person
FROM :checked WHERE _problems IS NULL
"""

BY_ROW: Final = """
CREATE TABLE :people AS
SELECT _row, _row AS person FROM :checked WHERE _problems IS NULL
"""


@dataclass(frozen=True, slots=True)
class Landed:
    """A table in the landing zone.

    `landing.received` has `f…` as received; `landing.checked` has `c…` for each of
    `columns`, `i…` for each of `linking`, and `_problems`. `landing.people` has, for
    each accepted row, the person it is taken to be of.
    """

    engine: Engine
    resource: Resource
    place: str
    fields: tuple[Incoming, ...]
    linking: tuple[Incoming, ...]
    columns: tuple[Column, ...]
    rows: int

    @property
    def name(self) -> str:
        """The table's name."""
        return self.resource.name

    def accepted(self, *trees: Tree) -> exp.Select:
        """A selection from the rows that passed every check."""
        return select(trees, CHECKED).where(sql(ACCEPTED))

    def incoming(self, name: str) -> Incoming | None:
        """The field of this name, where it was read."""
        return next((one for one in self.fields if one.field.name == name), None)


def published_as(position: int) -> exp.Column:
    """The column of `landing.checked` that a published column is in."""
    return column(f"c{position}")


def tell_people_apart(landed: Landed) -> None:
    """Make `landing.people`: rows with equal identifiers are one person's.

    By the local id alone where there is one, else by all identifiers that link: a
    count for the steward, before anybody is linked. Rows without any have no person.
    """
    if landed.resource.tre.privacy_unit is not PrivacyUnit.PERSON:
        landed.engine.run(sql(BY_ROW, people=PEOPLE, checked=CHECKED))
        return
    keys = [column(f"i{at}") for at in _keys(landed.linking)]
    known = exp.or_(
        *(exp.Not(this=exp.Is(this=key, expression=exp.Null())) for key in keys)
    )
    packed = exp.func(
        "struct_pack", *[exp.PropertyEQ(this=key, expression=key) for key in keys]
    )
    landed.engine.run(
        sql(BY_IDENTITY, people=PEOPLE, checked=CHECKED, known=known, keys=packed)
    )


def _keys(linking: Sequence[Incoming]) -> list[int]:
    local = [
        at
        for at, incoming in enumerate(linking)
        if incoming.field.tre.kind is Kind.LOCAL_ID
    ]
    return local or list(range(len(linking)))
