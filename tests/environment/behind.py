"""What stands behind an environment: its published versions, their rows, its log.

Nothing of it is shown by the environment itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.intake.support import opened
from tre.environment import Environment
from tre.governance.replacing import Standing, standing_versions
from tre.recorded import zones_of

POPULATION = "residents"


def standing(environment: Environment) -> tuple[Standing, ...]:
    """The versions that are asked or pinned."""
    with environment._parts.control.reading() as connection:
        return standing_versions(connection, POPULATION)


def rows_of(environment: Environment, version: Standing, query: str) -> list[tuple]:
    """What a query finds in a version's file, as `f`."""
    zones = zones_of(environment._parts)
    with opened(zones, Path(version.file), version.key_name) as connection:
        return connection.execute(query).fetchall()


def sizes(environment: Environment) -> dict[str, int]:
    """How many rows each version has that is asked or pinned, of its first table."""
    found = {}
    for each in standing(environment):
        query = f"SELECT count(*) FROM f.{each.tables[0].name}"
        ((found[each.version],),) = rows_of(environment, each, query)
    return found


def recorded(environment: Environment, kind: str) -> list[dict[str, Any]]:
    """Records of this kind: what they are `of`, `by` whom, and what they say."""
    with environment._parts.control.reading() as connection:
        found = connection.exec_driver_sql(
            "SELECT subject, actor, detail FROM audit_record WHERE kind = ?"
            " ORDER BY position",
            (kind,),
        ).all()
    return [{"of": of, "by": by, **json.loads(detail)} for of, by, detail in found]
