"""An objection reaches its person, however many share what it says, and by any pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors import TableSource
from tests.intake.support import new_zones, take_in
from tests.intake.test_link import OTHER_VALID, VALID, ZOE, _package, _rows
from tests.intake.test_relink import OLE, World
from tre.intake.agree import MOST
from tre.intake.destroy import forget
from tre.intake.object import take_objections


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty population."""
    return World(new_zones(tmp_path / "home"))


def object_with(world: World, **said: str) -> None:
    """Somebody objects, by identifiers of these kinds."""
    columns = {name.replace("_", "-"): [value] for name, value in said.items()}
    table = pa.table({name: pa.array(held) for name, held in columns.items()})
    take_objections(world.zones, "residents", TableSource("o", table), world.known)


def _crowd(number: str = VALID) -> list[dict[str, Any]]:
    """More people than linking believes to be one, under one number."""
    names = [chr(ord("a") + n) * 3 for n in range(MOST + 3)]
    return [
        {
            "nhs": number,
            "forename": name,
            "surname": name[::-1] + "x",
            "born": f"{1950 + n}-02-{n + 1:02}",
            "n": n,
        }
        for n, name in enumerate(names)
    ]


@pytest.mark.parametrize("late", [False, True])
def test_a_number_that_very_many_share_reaches_all_of_them(world, late) -> None:
    """Nobody can say which of them objects, so nobody of them stays; others do."""
    if late:
        world.take_in("clinic", *_crowd(), {**OLE, "n": 99})
    object_with(world, nhs_number=VALID)
    found = world.take_in("clinic", *_crowd(), {**OLE, "n": 99})
    assert found[:-1] == [None] * len(_crowd())
    assert set(world.whose("clinic")) == {99}


def test_who_says_more_than_a_shared_number_reaches_fewer(world) -> None:
    """Of those who share it, only who is not told apart by name and birthday."""
    one = _crowd()[5]
    said = {"forename": one["forename"], "date_of_birth": one["born"]}
    object_with(world, nhs_number=VALID, **said)
    world.take_in("clinic", *_crowd(), OLE)
    assert 5 not in world.whose("clinic")
    assert len(world.rows("clinic")) == len(_crowd())


def test_one_person_more_brings_nobody_back(world) -> None:
    """Whom an objection reaches does not turn on how many share what it says."""
    few, more = _crowd()[: MOST - 1], _crowd()
    object_with(world, nhs_number=VALID, forename=few[5]["forename"])
    left = [
        set(world.whose("clinic"))
        for crowd in (few, more)
        if world.take_in("clinic", *crowd, {**OLE, "n": 99})
    ]
    assert left == [{99}, {99}]


@pytest.mark.parametrize("late", [False, True])
def test_two_who_contradict_each_other_are_both_reached(world, late) -> None:
    """A number that is written down for two people leaves both out."""
    both = [
        {"nhs": VALID, "forename": "Zoe", "born": "1980-01-02", "n": 1},
        {"nhs": VALID, "forename": "Ole", "born": "1951-03-04", "n": 2},
    ]
    if late:
        world.take_in("clinic", *both, {**OLE, "n": 3})
    object_with(world, nhs_number=VALID)
    world.take_in("clinic", *both, {**OLE, "n": 3})
    assert set(world.whose("clinic")) == {3}


def test_twins_are_told_apart_by_who_gives_a_forename(world) -> None:
    """Without one both are left out; with it the other stays."""
    twin = {"surname": "Lund", "born": "1980-01-02", "code": "SW1A 1AA"}
    twins = [{**twin, "forename": "Zoe", "n": 1}, {**twin, "forename": "Ida", "n": 2}]
    said = {"surname": "Lund", "date_of_birth": "1980-01-02", "postcode": "SW1A 1AA"}
    object_with(world, **said, forename="Ida")
    world.take_in("clinic", *twins)
    assert set(world.whose("clinic")) == {1}
    object_with(world, **said)
    world.take_in("school", *twins, {**OLE, "n": 3})
    assert set(world.whose("school")) == {3}


def test_who_objects_again_to_more_is_heard(world) -> None:
    """An objection of somebody who objects to something already is kept like any."""
    object_with(world, nhs_number=VALID, purposes="marketing")
    object_with(world, nhs_number=VALID, forename="Zoe", purposes="research")
    object_with(world, nhs_number=VALID)
    kept = world.spine("SELECT DISTINCT purposes FROM f.objection")
    assert {purposes for (purposes,) in kept} == {None, "marketing", "research"}


def test_a_dataset_that_goes_leaves_the_objection_with_the_person(world) -> None:
    """Who was reached by a record that is forgotten is reached by those that stay."""
    ida = {"nhs": VALID, "forename": "Ida", "surname": "Moe", "born": "1951-03-04"}
    world.take_in("clinic", {"nhs": VALID, **ZOE}, ida)
    world.take_in("school", {**ZOE, "code": "CB7 4XX"}, {**OLE, "n": 9})
    object_with(world, nhs_number=VALID)
    forget(world.zones, "residents", ["clinic"])
    world.take_in("school", {**ZOE, "code": "CB7 4XX"}, {**OLE, "n": 9})
    assert set(world.whose("school")) == {9}


def test_a_number_that_is_never_issued_reaches_nobody_alone(world) -> None:
    """Ten equal digits have a right check digit, and stand for no number."""
    first = world.take_in("clinic", {**ZOE, "nhs": "9999999999"}, {"nhs": "9999999999"})
    assert first[1] is None
    object_with(world, nhs_number="9999999999")
    assert world.take_in("school", {**ZOE, "nhs": "9999999999"}) == first[:1]


def test_a_later_manifests_passes_find_whom_an_earlier_one_brought(world) -> None:
    """Records that are known are signed by passes that nobody used before."""
    first = _package("one", ["nhs", "forename", "code"], passes=[["nhs-number"]])
    second = _package("two", ["forename", "code"], passes=[["forename", "postcode"]])
    records = [{"nhs": VALID, "forename": "Zoe", "code": "SW1A 1AA"}]
    records.append({"nhs": OTHER_VALID, "forename": "Ole", "code": "SW1A 1AA"})
    found = []
    for document, columns in (
        (first, ["nhs", "forename", "code"]),
        (second, ["forename", "code"]),
    ):
        rows = _rows(records, columns)
        taken = take_in(world.zones, world.register, document, rows, fewest_rows=0)
        assert taken.links is not None
        found.append(taken.links["person"].to_pylist())
    assert found[0] == found[1]
    tokens = world.spine(
        "SELECT count(*), count(DISTINCT (token, record)) FROM f.token"
    )
    assert tokens[0][0] == tokens[0][1]


# ------------------------------------------------- whichever of passes came first

CODE = {"forename": "Zoe", "code": "SW1A 1AA"}
OTHER_CODE = {"forename": "Ole", "code": "CB7 4XX"}


def _by_code(world: World, name: str = "two") -> list[int | None]:
    """Take in a dataset with a pass of its own; whose each row is: Zoe's, Ole's."""
    columns = ["forename", "code"]
    document = _package(name, columns, passes=[["forename", "postcode"]])
    rows = _rows([CODE, OTHER_CODE], columns)
    taken = take_in(world.zones, world.register, document, rows, fewest_rows=0)
    assert taken.links is not None
    return taken.links["person"].to_pylist()


def _zoe_objects(world: World) -> None:
    object_with(world, nhs_number=VALID, forename="Zoe", postcode="SW1A 1AA")


@pytest.mark.parametrize("before", [(), ("two",), ("one",), ("one", "two")])
@pytest.mark.parametrize("between", [False, True])
def test_an_objection_reaches_by_passes_that_came_before_or_after_it(
    world, before, between
) -> None:
    """Whoever brought a manifest's passes first, later records have them, too."""
    for name in before:
        zoe, ole = _by_code(world, name)
        assert zoe is not None
        assert ole is not None
    _zoe_objects(world)
    if between:
        world.take_in("clinic", {**OLE, "n": 9})
    zoe, ole = _by_code(world)
    assert zoe is None
    assert ole is not None


@pytest.mark.parametrize("order", [("two", "clinic"), ("clinic", "two")])
def test_who_is_linked_does_not_turn_on_which_passes_came_first(world, order) -> None:
    """Records have tokens by the passes of every manifest, before theirs or after."""
    full = [{"nhs": VALID, **CODE, "n": 1}, {"nhs": OTHER_VALID, **OTHER_CODE, "n": 2}]
    found = [
        _by_code(world) if name == "two" else world.take_in(name, *full)
        for name in order
    ]
    assert found[0] == found[1]
    assert None not in found[0]


def test_an_objection_is_by_any_pass_there_is(world) -> None:
    """Who says too little for the built-in passes is found by a manifest's own."""
    _, ole = _by_code(world)
    object_with(world, nhs_number="", forename="Zoe", postcode="SW1A 1AA")
    assert _by_code(world) == [None, ole]


def test_records_of_a_home_from_before_are_signed_once(world) -> None:
    """Tokens that an earlier way of working left out are made by the next intake."""
    _by_code(world)
    _zoe_objects(world)
    with world.engine() as engine:  # as it was left then: nothing by the pass kept
        for statement in (
            "DELETE FROM spine.applied",
            "DELETE FROM spine.objection USING spine.record AS r"
            " WHERE r.record = objection.record AND r.nhs_number IS NULL",
            "DELETE FROM spine.token WHERE record IN"
            " (SELECT record FROM spine.record WHERE nhs_number IS NOT NULL)"
            " AND token IN (SELECT token FROM spine.token GROUP BY token"
            " HAVING count(*) > 1)",
        ):
            engine.run(statement)
    zoe, ole = _by_code(world)
    assert zoe is None
    assert ole is not None
    tokens = "SELECT count(*), count(DISTINCT (token, record)) FROM f.token"
    applied = "SELECT count(*) FROM f.applied"
    kept = world.spine(tokens), world.spine(applied)
    ((every, different),) = kept[0]
    assert every == different
    _by_code(world)
    assert (world.spine(tokens), world.spine(applied)) == kept
