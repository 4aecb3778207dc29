"""Who is refused the next question, by public facts: accreditation and conditions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Invalid
from privacy.errors import Refused
from tests.control import world as worlds
from tests.control.world import (
    ADMINISTRATOR,
    NOW,
    RESEARCHER,
    STEWARD,
    World,
    publication,
    table,
)
from tre.governance.admit import Admission, admit
from tre.governance.conditions import (
    Conditions,
    conditions_of,
    lift_conditions,
    read_conditions,
    set_conditions,
)
from tre.governance.datasets import switch_versions
from tre.governance.organisations import add_organisation, affiliate
from tre.governance.people import add_person
from tre.governance.qualifications import (
    Kind,
    Qualified,
    disqualify_person,
    qualify_person,
)
from tre.governance.roles import Role


def admitted(world: World, now: datetime = NOW) -> Admission:
    """The researcher's leave to ask."""
    with world.control.reading() as connection:
        return admit(connection, "pathways", RESEARCHER, now)


def refusal(world: World, now: datetime = NOW) -> str:
    """The code with which the researcher is not admitted; empty where they are."""
    try:
        admitted(world, now)
    except Refused as refused:
        return refused.code
    return ""


def withheld(world: World, now: datetime = NOW) -> str:
    """Which condition withholds the table; empty where none does."""
    admission = admitted(world, now)
    if "people" in admission.versions:
        assert admission.version("people").dataset == "people"
        return ""
    with pytest.raises(Refused) as caught:
        admission.version("people")
    assert caught.value.code == "condition_unmet"
    return caught.value.message


def restrict(world: World, **conditions: Any) -> None:
    """Conditions on the dataset, by its steward."""
    with world.act(STEWARD) as act:
        set_conditions(act, "people", read_conditions(conditions))


@pytest.mark.parametrize(
    ("kind", "code"),
    [(Kind.ACCREDITATION, "not_accredited"), (Kind.TRAINING, "not_trained")],
)
def test_who_is_not_qualified_asks_nothing(world: World, kind: Kind, code: str) -> None:
    """The last day counts, the next does not; what is ended is ended at once."""
    qualified = Qualified(kind, date(2026, 8, 1), "Certificate 7")
    with world.act(ADMINISTRATOR) as act:
        qualify_person(act, RESEARCHER, qualified)
    assert refusal(world, datetime(2026, 8, 1, 23, 59, tzinfo=UTC)) == ""
    assert refusal(world, datetime(2026, 8, 2, tzinfo=UTC)) == code
    with world.act(ADMINISTRATOR) as act:
        disqualify_person(act, RESEARCHER, kind, "It was somebody else's.")
    assert refusal(world) == code


def test_a_project_asks_nothing_before_it_begins(tmp_path: Path) -> None:
    """Approved is not begun."""
    world = worlds.activated(tmp_path / "control.db", starts=date(2026, 9, 1))
    assert refusal(world) == "project_not_active"
    assert refusal(world, datetime(2026, 9, 1, tzinfo=UTC)) == ""
    world.control.close()


def test_without_conditions_approvals_say_all(world: World) -> None:
    """What the controller approved of may be used."""
    assert withheld(world) == ""
    with world.control.reading() as connection:
        assert conditions_of(connection, ["people"]) == {}


def test_a_purpose_that_is_not_allowed_is_refused(world: World) -> None:
    """Every purpose of the project has to be one of those allowed."""
    restrict(world, purposes=["research", "statistics"])
    assert withheld(world) == ""
    restrict(world, purposes=["statistics"])
    assert "for statistics alone" in withheld(world)


def test_the_last_day_of_a_condition_counts(world: World) -> None:
    """The day after it nothing is asked of the dataset."""
    restrict(world, until=date(2026, 8, 1))
    assert withheld(world, datetime(2026, 8, 1, tzinfo=UTC)) == ""
    assert "until 2026-08-01" in withheld(world, datetime(2026, 8, 2, tzinfo=UTC))


def test_an_organisation_that_is_not_allowed_is_refused(world: World) -> None:
    """So is somebody of whom nobody has said."""
    with world.act(ADMINISTRATOR) as act:
        add_organisation(act, "University of Examples")
        add_organisation(act, "Institute of Others")
    restrict(world, organisations=["University of Examples"])
    assert "University of Examples" in withheld(world)
    for name, allowed in (("Institute of Others", 0), ("University of Examples", 1)):
        with world.act(ADMINISTRATOR) as act:
            affiliate(act, RESEARCHER, name)
        assert (withheld(world) == "") == bool(allowed)


def test_a_column_that_is_not_allowed_is_not_granted(world: World) -> None:
    """Columns are narrowed; a table of which nothing is left is not read at all."""
    restrict(world, columns={"people": ["age", "pay"]})
    assert admitted(world).catalogue.tables["people"].granted == {"age"}
    assert withheld(world) == ""
    restrict(world, columns={"people": ["pay"]})
    assert admitted(world).catalogue.tables["people"].granted == set()
    restrict(world, columns={})
    assert "none of its columns" in withheld(world)


def test_conditions_are_replaced_and_lifted_at_once(world: World) -> None:
    """The next question meets those in force then, on record."""
    restrict(world, purposes=["statistics"])
    restrict(world, purposes=["research"])
    assert withheld(world) == ""
    restrict(world, purposes=["statistics"])
    assert withheld(world)
    with world.act(STEWARD) as act:
        lift_conditions(act, "people")
        assert [record.kind for record in act.records] == ["dataset.conditions_lifted"]
    assert withheld(world) == ""
    with pytest.raises(Refused, match="no conditions"), world.act(STEWARD) as act:
        lift_conditions(act, "people")


def test_conditions_only_narrow(world: World) -> None:
    """A condition that names more than was approved grants nothing more."""
    restrict(world, columns={"people": ["age", "pay"]}, purposes=["research", "other"])
    with world.act(ADMINISTRATOR) as act:
        tables = (table("earnings", "earnings", "pay"),)
        switch_versions(act, [publication("earnings", tables=tables)])
    with world.act(STEWARD) as act:
        set_conditions(act, "earnings", Conditions(purposes=("research",)))
    admission = admitted(world)
    assert set(admission.versions) == {"people"}
    assert admission.catalogue.tables["people"].granted == {"age"}


def test_conditions_are_the_controllers_own(world: World) -> None:
    """Neither another's steward nor an administrator sets them."""
    with world.act(ADMINISTRATOR) as act:
        add_person(act, "outsider", [Role.STEWARD], "Outside")
    for actor in ("outsider", ADMINISTRATOR, RESEARCHER):
        with pytest.raises(Refused) as caught, world.act(actor) as act:
            set_conditions(act, "people", Conditions(purposes=("research",)))
        assert caught.value.code == "not_permitted"
    with pytest.raises(Refused) as caught, world.act(STEWARD) as act:
        lift_conditions(act, "nothing")
    assert caught.value.code == "unknown_dataset"


@pytest.mark.parametrize(
    ("facts", "path"),
    [
        ({}, ""),
        ({"purposes": []}, "purposes"),
        ({"purpose": ["research"]}, "purpose"),
        ({"until": "someday"}, "until"),
        ({"until": "2026-06-30"}, "until"),
        ({"columns": {"people": [1]}}, "columns.people[0]"),
        ([], ""),
    ],
)
def test_conditions_that_say_nothing_right_are_invalid(
    world: World, facts: Mapping[str, Any], path: str
) -> None:
    """A fault of form is named by its place; nothing is written."""
    with pytest.raises(Invalid) as caught, world.act(STEWARD) as act:
        set_conditions(act, "people", read_conditions(facts))
    assert caught.value.path == path


def test_conditions_are_read_from_their_file(tmp_path: Path) -> None:
    """YAML and a mapping of the same shape are the same conditions."""
    path = tmp_path / "conditions.yaml"
    path.write_text("purposes: [research]\nuntil: 2027-01-01\n")
    read = read_conditions(path)
    assert read == Conditions(purposes=("research",), until=date(2027, 1, 1))
    assert read.facts() == {"purposes": ["research"], "until": "2027-01-01"}
