"""How the people of a table are linked: one class each, in what the enclave reads."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.intake.support import new_zones, opened, published
from tests.intake.test_link import OTHER_VALID, VALID, ZOE
from tests.intake.test_relink import NUMBER_AND_NAME, OLE, World
from tre.intake.carry import brought_by


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty population."""
    return World(new_zones(tmp_path / "home"))


def _told(world: World, name: str) -> list[dict[str, Any]]:
    """What is beside a table of each of its people."""
    found = published(world.zones, world.standing[name], brought_by(name))
    return found.to_pylist()


def _classes(world: World, name: str) -> dict[int, int]:
    return dict(Counter(row["linked"] for row in _told(world, name)))


def test_each_person_is_in_the_class_of_their_least_sure_link(world) -> None:
    """Nobody else's, the same identifiers, a pass; and alone."""
    world.take_in("clinic", ZOE, NUMBER_AND_NAME, OLE)
    assert _classes(world, "clinic") == {0: 3}
    world.take_in("school", {**ZOE, "code": "XX1 1XX"}, OLE, {"nhs": OTHER_VALID})
    assert _classes(world, "school") == {0: 1, 2: 2}


def test_duplicates_within_one_table_are_no_link(world) -> None:
    """Who has two records in one dataset alone is in no other dataset."""
    world.take_in("clinic", ZOE, {**ZOE, "code": "XX1 1XX"})
    assert _classes(world, "clinic") == {0: 1}


def test_what_identifiers_people_lack_is_told_by_kind(world) -> None:
    """A person lacks a kind where one of their records does, by their names."""
    world.take_in("clinic", ZOE, NUMBER_AND_NAME, OLE)
    lacking: Counter[int] = Counter()
    for row in _told(world, "clinic"):
        lacking.update(place for place in range(5) if row[f"x{place}"])
    assert lacking == {0: 1, 2: 2, 3: 1}  # born; nhs; code


def test_a_doubtful_pair_is_told_once(world) -> None:
    """Of the two people of a doubtful pair, one is told as being in it."""
    world.take_in("clinic", ZOE, OLE)
    world.take_in("clinic", ZOE, OLE)
    records = [number for (number,) in world.spine("SELECT record FROM f.record")]
    with world.engine() as engine:
        engine.run(
            f"INSERT INTO spine.doubt VALUES ({max(records)}, {min(records)}, 0.7, 1)"
        )
    world.take_in("school", ZOE, OLE)
    assert sum(row["doubtful"] for row in _told(world, "school")) == 1


def test_a_new_spine_version_tells_how_people_are_linked_in_it(world) -> None:
    """Two who turn out to be one are told as one, by the pass that found them."""
    world.take_in("clinic", ZOE, NUMBER_AND_NAME, OLE)
    world.take_in("school", {**ZOE, "nhs": VALID})
    assert _classes(world, "clinic") == {0: 3}
    world.apply()
    assert _classes(world, "clinic") == {0: 1, 2: 1}
    assert _classes(world, "school") == {2: 1}


def test_a_delivery_tells_anew_of_the_people_of_every_delivery(world) -> None:
    """Who was alone when their rows came is told as linked once they are."""
    world.take_in("clinic", ZOE, {**OLE, "n": 2})
    world.take_in("school", {**ZOE, "code": "XX1 1XX"})
    assert _classes(world, "clinic") == {0: 2}
    world.append("clinic", {**OLE, "n": 3})
    assert _classes(world, "clinic") == {0: 1, 2: 1}


def test_no_number_is_beside_what_is_told(world) -> None:
    """Beside whose it is, the statement's file has classes, and nothing of a row."""
    world.take_in("clinic", ZOE)
    (row,) = _told(world, "clinic")
    told = {"brought", "linked", "doubtful", *(f"x{place}" for place in range(5))}
    assert row.keys() == {"person_id", *told}


def test_one_person_less_is_one_row_less(tmp_path) -> None:
    """Of a table's people, what is told of the others is the same without one."""
    seen = []
    for there in (True, False):
        world = World(new_zones(tmp_path / str(there)))
        hers = [{"nhs": VALID, **ZOE}] if there else []
        world.take_in("clinic", *hers, OLE, {"nhs": OTHER_VALID})
        world.take_in("school", *hers, OLE, {"nhs": OTHER_VALID})
        told = _told(world, "school")
        seen.append(Counter(str({**row, "person_id": None}) for row in told))
    with_her, without = seen
    assert sum((with_her - without).values()) == 1
    assert not without - with_her


def test_the_spine_keeps_nothing_of_it(world) -> None:
    """Classes are with the version, and go with it."""
    world.take_in("clinic", ZOE)
    file = world.zones.spine("residents")
    with opened(world.zones, file, world.zones.key_name(file)) as connection:
        names = connection.execute(
            "SELECT column_name FROM duckdb_columns()"
        ).fetchall()
    assert not {"linked", "doubtful"} & {name for (name,) in names}
