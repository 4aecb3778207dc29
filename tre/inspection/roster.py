"""Who is in one table and not in the package's register of people.

A zone of its own, under a key that nobody keeps, holds the local ids meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import sqlglot.expressions as exp

from tre.inspection.landed import Landed
from tre.inspection.report import Finding, Level
from tre.intake.sql import column, named, relation, sql
from tre.manifest import Kind, Resource

ROSTER: Final = "CREATE TABLE :roster AS :ids"
STRANGERS: Final = """
SELECT coalesce(sum(o.n), 0), count(*)
FROM :others AS o WHERE NOT EXISTS (SELECT 1 FROM :register AS r WHERE r.id = o.id)
"""


def keep_roster(landed: Landed, index: int) -> bool:
    """Keep how many rows each local id has, for `strangers`; False without one."""
    for at, incoming in enumerate(landed.linking):
        if incoming.field.tre.kind is Kind.LOCAL_ID:
            key = column(f"i{at}")
            ids = landed.accepted(named(key, "id"), named(sql("count(*)"), "n"))
            ids = ids.where(exp.Not(this=exp.Is(this=key, expression=exp.Null())))
            roster = _roster(index)
            landed.engine.run(sql(ROSTER, roster=roster, ids=ids.group_by(key.copy())))
            return True
    return False


def strangers(
    landed: Landed, index: int, register: Resource, register_at: int
) -> Iterator[Finding]:
    """Rows whose local id the package's register of people does not have."""
    statement = sql(STRANGERS, others=_roster(index), register=_roster(register_at))
    ((rows, people),) = landed.engine.run(statement)
    if rows:
        share = int(rows) / max(landed.rows, 1)
        yield Finding(
            Level.SERIOUS if share > 0.01 else Level.WARNING,  # noqa: PLR2004 - one in a hundred
            "unknown_person",
            landed.name,
            "",
            f"{int(rows):,} of {landed.rows:,} rows ({share:.0%}) are of people who "
            f"are not in the table {register.name}, {people:,} of them: see which of "
            "the two files is not whole",
            int(rows),
        )


def _roster(index: int) -> exp.Table:
    return relation("roster", f"ids_{index}")
