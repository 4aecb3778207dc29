"""An objection reaches its person, however many share what it says, and by any pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors import TableSource
from tests.intake.support import new_zones
from tests.intake.test_link import OTHER_VALID, VALID, ZOE
from tests.intake.test_relink import OLE, World
from tre.intake.agree import MOST
from tre.intake.destroy import forget
from tre.intake.object import take_objections


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty population."""
    return World(new_zones(tmp_path / "home"))


def _object(world: World, **said: str) -> None:
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
    _object(world, nhs_number=VALID)
    found = world.take_in("clinic", *_crowd(), {**OLE, "n": 99})
    assert found[:-1] == [None] * len(_crowd())
    assert set(world.whose("clinic")) == {99}


def test_who_says_more_than_a_shared_number_reaches_fewer(world) -> None:
    """Of those who share it, only who is not told apart by name, sex or birthday."""
    one = _crowd()[5]
    _object(world, nhs_number=VALID, forename=one["forename"])
    world.take_in("clinic", *_crowd(), OLE)
    assert 5 not in world.whose("clinic")
    assert len(world.rows("clinic")) == len(_crowd())


@pytest.mark.parametrize("late", [False, True])
def test_two_who_contradict_each_other_are_both_reached(world, late) -> None:
    """A number that is written down for two people leaves both out."""
    both = [
        {"nhs": VALID, "forename": "Zoe", "born": "1980-01-02", "n": 1},
        {"nhs": VALID, "forename": "Ole", "born": "1951-03-04", "n": 2},
    ]
    if late:
        world.take_in("clinic", *both, {**OLE, "n": 3})
    _object(world, nhs_number=VALID)
    world.take_in("clinic", *both, {**OLE, "n": 3})
    assert set(world.whose("clinic")) == {3}


def test_twins_are_told_apart_by_who_gives_a_forename(world) -> None:
    """Without one both are left out; with it the other stays."""
    twin = {"surname": "Lund", "born": "1980-01-02", "code": "SW1A 1AA"}
    twins = [{**twin, "forename": "Zoe", "n": 1}, {**twin, "forename": "Ida", "n": 2}]
    said = {"surname": "Lund", "date_of_birth": "1980-01-02", "postcode": "SW1A 1AA"}
    _object(world, **said, forename="Ida")
    world.take_in("clinic", *twins)
    assert set(world.whose("clinic")) == {1}
    _object(world, **said)
    world.take_in("school", *twins, {**OLE, "n": 3})
    assert set(world.whose("school")) == {3}


def test_who_objects_again_to_more_is_heard(world) -> None:
    """An objection of somebody who objects to something already is kept like any."""
    _object(world, nhs_number=VALID, purposes="marketing")
    _object(world, nhs_number=VALID, forename="Zoe", purposes="research")
    _object(world, nhs_number=VALID)
    kept = world.spine("SELECT DISTINCT purposes FROM f.objection")
    assert {purposes for (purposes,) in kept} == {None, "marketing", "research"}


def test_a_dataset_that_goes_leaves_the_objection_with_the_person(world) -> None:
    """Who was reached by a record that is forgotten is reached by those that stay."""
    ida = {"nhs": VALID, "forename": "Ida", "surname": "Moe", "born": "1951-03-04"}
    world.take_in("clinic", {"nhs": VALID, **ZOE}, ida)
    world.take_in("school", {**ZOE, "code": "CB7 4XX"}, {**OLE, "n": 9})
    _object(world, nhs_number=VALID)
    forget(world.zones, "residents", ["clinic"])
    world.take_in("school", {**ZOE, "code": "CB7 4XX"}, {**OLE, "n": 9})
    assert set(world.whose("school")) == {9}


def test_a_number_that_is_never_issued_reaches_nobody_alone(world) -> None:
    """Ten equal digits have a right check digit, and stand for no number."""
    first = world.take_in("clinic", {**ZOE, "nhs": "9999999999"}, {"nhs": "9999999999"})
    assert first[1] is None
    _object(world, nhs_number="9999999999")
    assert world.take_in("school", {**ZOE, "nhs": "9999999999"}) == first[:1]


def test_a_later_manifests_passes_find_whom_an_earlier_one_brought(world) -> None:
    """Records that are known are signed by passes that nobody used before."""
    from tests.intake.support import take_in
    from tests.intake.test_link import _package, _rows

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
