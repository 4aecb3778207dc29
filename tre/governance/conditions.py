"""What a controller allows its dataset to be used for, whatever was approved.

Conditions hold from the next question on, for every project: they are looked at
when a question is admitted and again when it is charged. They are public facts, and
only narrow what approvals grant.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, bindparam, delete, insert, select

from connectors.errors import Invalid
from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.canonical import Json, canonical
from tre.control.tables import dataset, dataset_condition, project
from tre.governance.roles import Action, permitted
from tre.governance.written import written

_FIND: Final = select(dataset_condition.c.dataset, dataset_condition.c.body).where(
    dataset_condition.c.dataset.in_(bindparam("datasets", expanding=True))
)

_Word = Annotated[str, Field(min_length=1, max_length=254)]


class Conditions(BaseModel):
    """A controller's conditions. What is not said is not restricted.

    `purposes` are the only ones a project may have; `organisations` those a person
    who asks may be of; `columns` the only ones that may be used, by table: a table
    that is not named may not be used at all. `until` is the last day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    purposes: Annotated[tuple[_Word, ...], Field(min_length=1)] | None = None
    organisations: Annotated[tuple[_Word, ...], Field(min_length=1)] | None = None
    columns: dict[_Word, tuple[_Word, ...]] | None = None
    until: date | None = None

    def facts(self) -> Mapping[str, Json]:
        """The conditions as they are kept and shown: only what they say."""
        said: dict[str, Json] = self.model_dump(mode="json", exclude_none=True)
        return said

    def usable(self, table: str) -> frozenset[str] | None:
        """The columns of a table that may be used; None for all of them."""
        return None if self.columns is None else frozenset(self.columns.get(table, ()))


@dataclass(frozen=True, slots=True)
class Use:
    """Who would use a dataset, for what, and when."""

    purposes: frozenset[str]
    organisation: str | None
    today: date


def unmet(conditions: Conditions, use: Use) -> str | None:
    """The condition that does not hold for this use, in words; None where all do."""
    if conditions.until is not None and conditions.until < use.today:
        return f"it may be used until {conditions.until}"
    if conditions.purposes is not None and not use.purposes <= {*conditions.purposes}:
        return f"it may be used for {', '.join(conditions.purposes)} alone"
    allowed = conditions.organisations
    if allowed is not None and use.organisation not in allowed:
        return f"it may be used by people of {', '.join(allowed)} alone"
    return None


def read_conditions(source: Path | str | Mapping[str, Any]) -> Conditions:
    """Conditions from a YAML or JSON file, or a mapping; Invalid names the fault."""
    return written(Conditions, source)


def set_conditions(act: Act, name: str, conditions: Conditions) -> None:
    """Put conditions in force for a dataset, in place of those it had.

    Refused with not_permitted or unknown_dataset; Invalid where nothing is said, or
    the last day is over.
    """
    _own(act, name)
    if not conditions.facts():
        raise Invalid("", "expected at least one condition")
    if conditions.until and conditions.until < act.now.astimezone(UTC).date():
        raise Invalid("until", "expected a day that has not passed")
    _forget(act, name)
    act.connection.execute(
        insert(dataset_condition).values(
            dataset=name, body=canonical(conditions.facts()), set_at=act.now
        )
    )
    act.record("dataset.conditions_set", name, {"conditions": conditions.facts()})


def lift_conditions(act: Act, name: str) -> None:
    """End a dataset's conditions; approvals stay what is needed.

    Refused with not_permitted, unknown_dataset, or wrong_state where it has none.
    """
    _own(act, name)
    if not _forget(act, name):
        raise Refused("wrong_state", "The dataset has no conditions.")
    act.record("dataset.conditions_lifted", name, {})


def conditions_of(
    connection: Connection, names: Iterable[str]
) -> Mapping[str, Conditions]:
    """The conditions in force, of those datasets that have some."""
    rows = connection.execute(_FIND, {"datasets": sorted(set(names))})
    return {
        row.dataset: Conditions.model_validate(json.loads(row.body)) for row in rows
    }


def known_purposes(connection: Connection) -> frozenset[str]:
    """Every purpose that a condition names, or a project that was ever approved has."""
    conditions = connection.execute(select(dataset_condition.c.body)).scalars()
    approved = select(project.c.application).where(project.c.state != "proposed")
    texts = [*conditions, *connection.execute(approved).scalars()]
    return frozenset(
        purpose for text in texts for purpose in json.loads(text).get("purposes", ())
    )


def _own(act: Act, name: str) -> None:
    actor = permitted(act, Action.SET_CONDITIONS)
    controller = act.connection.execute(
        select(dataset.c.controller).where(dataset.c.name == name)
    ).scalar_one_or_none()
    if controller is None:
        raise Refused("unknown_dataset", f"There is no dataset {name[:80]}.")
    if actor.controller != controller:
        raise Refused(
            "not_permitted", f"Only {controller}'s stewards say how it may be used."
        )


def _forget(act: Act, name: str) -> bool:
    gone = act.connection.execute(
        delete(dataset_condition).where(dataset_condition.c.dataset == name)
    )
    return bool(gone.rowcount)
