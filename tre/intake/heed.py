"""Which objections a version heeds, by what it may be used for.

An objection may name purposes. Its person is left out of whatever may be used for one
of them, or for a purpose that nobody here knows: only who objects to nothing but
known purposes that the version can never be asked for stays in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlglot.expressions as exp

from tre.intake.sql import Tree, relation, sql, text

OBJECTION: Final = relation("spine", "objection")
RECORD: Final = relation("spine", "record")

OBJECTORS: Final = """
SELECT s.person FROM :objection AS o INNER JOIN :record AS s ON s.record = o.record
WHERE :heeded
"""

CONCERNED: Final = """
(
    o.purposes IS NULL OR NOT list_has_all(
        :others,
        string_split(lower(replace(replace(o.purposes, ' ', ''), ';', ',')), ',')
    )
)
"""


@dataclass(frozen=True, slots=True)
class Use:
    """What a version may be used for: `purposes` alone, or anything where None.

    `others` are the purposes known here that it may not be used for. What is no
    version, but the taking in of objections, is not `heeding` any: whoever objects
    again has to be recognised.
    """

    purposes: frozenset[str] | None = None
    others: frozenset[str] = frozenset()
    heeding: bool = True

    @classmethod
    def of(cls, purposes: Iterable[str] | None, known: Iterable[str]) -> Use:
        """The use of a version for these purposes, of those that are known."""
        if purposes is None:
            return ANY
        allowed = frozenset(purposes)
        mine = {plain(each) for each in allowed}
        return cls(allowed, frozenset(map(plain, known)) - mine)


ANY: Final = Use()
"""A version that may be used for anything heeds every objection."""

OBJECTING: Final = Use(heeding=False)
"""No use at all: objections that are being taken in."""


def plain(purpose: str) -> str:
    """A purpose without what people write differently.

    >>> plain("Official Statistics")
    'officialstatistics'
    """
    return purpose.replace(" ", "").lower()


def objectors(use: Use) -> Tree:
    """The people to leave out of a version for this use, as a subquery."""
    return sql(OBJECTORS, objection=OBJECTION, record=RECORD, heeded=heeded(use))


def heeded(use: Use) -> Tree:
    """Whether an objection, with its purposes in `o`, is heeded in this use."""
    if not use.heeding or not use.others:
        return exp.Boolean(this=use.heeding)
    others = exp.Array(expressions=[text(each) for each in sorted(use.others)])
    return sql(CONCERNED, others=others)
