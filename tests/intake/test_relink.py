"""A new spine version: who is merged, who is parted, and whose rows are whose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors import Invalid, TableSource
from tests.intake.support import (
    Register,
    every_file,
    new_zones,
    opened,
    published,
    take_in,
)
from tests.intake.test_link import OTHER_VALID, VALID, ZOE
from tre.intake import Zones, spine, sweep
from tre.intake.anew import Written
from tre.intake.carry import brought_by
from tre.intake.decide import decide
from tre.intake.engine import Engine
from tre.intake.object import take_objections
from tre.intake.publication import Before, Options
from tre.intake.rebuild import keep
from tre.intake.reference import References
from tre.intake.relink import Relinked, relink, rotate_key
from tre.intake.review import Asked, pairs_to_review
from tre.intake.successor import settle_successor
from tre.intake.underway import opened as engine_of
from tre.manifest import Kind

KINDS = {
    "nhs": "nhs-number",
    "forename": "forename",
    "surname": "surname",
    "born": "date-of-birth",
    "code": "postcode",
}
CAP = 3


def _document(name: str, **delivery: str) -> dict[str, Any]:
    return {
        "name": name,
        "version": delivery.pop("version", "1"),
        "tre": {
            "controller": "Department of Examples",
            "legal_basis": "Digital Economy Act 2017, section 64",
            "population": "residents",
            **({"delivery": delivery} if delivery else {}),
        },
        "resources": [
            {
                "name": name,
                "path": f"{name}.csv",
                "tre": {
                    "privacy_unit": "person",
                    "rows_per_person": CAP,
                    "link": {"identifiers": list(KINDS)},
                },
                "schema": {
                    "fields": [
                        *(
                            {"name": one, "tre": {"role": "identifier", "kind": kind}}
                            for one, kind in KINDS.items()
                        ),
                        {
                            "name": "n",
                            "type": "integer",
                            "constraints": {"minimum": 0, "maximum": 1000},
                        },
                        {"name": "person", "constraints": {"enum": ["p"]}},
                    ]
                },
            }
        ],
    }


@dataclass
class Known(Register):
    """A register that has files of new spine versions, too."""

    made: list[Path] = field(default_factory=list)

    def known_files(self) -> list[Path]:
        """The files of every version."""
        return [*super().known_files(), *self.made]


@dataclass
class World:
    """A population's versions on record, and the spine under them."""

    zones: Zones
    register: Known = field(default_factory=Known)
    bounds: list[dict[str, Any]] = field(default_factory=list)
    standing: dict[str, Written] = field(default_factory=dict)

    def take_in(
        self, name: str, *records: Mapping[str, Any], **delivery: str
    ) -> list[int | None]:
        """Publish a table; whose each row is. Rows are numbered in `n`.

        What `delivery` says is done to the version that stands.
        """
        before = self.before(name) if delivery else None
        columns = [*KINDS, "n", "person"]  # a name that intake uses, too
        held = [
            {**dict.fromkeys(columns), **record, "n": str(record.get("n", at))}
            for at, record in enumerate(records)
        ]
        schema = pa.schema([(column, pa.string()) for column in columns])
        table = pa.Table.from_pylist(held, schema)
        document = _document(name, **delivery)
        document["resources"][0]["tre"]["group_bounds"] = self.bounds
        found = take_in(self.zones, self.register, document, table, before=before)
        assert found.links is not None
        identified = {name: tuple(map(Kind, sorted(KINDS.values())))}
        self.standing[name] = Written(
            name, found.file, found.key_name, found.tables, identified=identified
        )
        return found.links["person"].to_pylist()

    def before(self, name: str) -> Before:
        """What stands of a dataset, as a delivery finds it."""
        held = self.standing[name]
        version = str(self.zones.spine_version("residents"))
        return Before("1", held.file, held.key_name, version, held.tables)

    def append(self, name: str, *records: Mapping[str, Any]) -> None:
        """Add rows to the version that stands."""
        self.take_in(name, *records, kind="append", to="1", version="2")

    def brought(self, name: str) -> Counter[int]:
        """How many rows each person of a table brought."""
        found = published(self.zones, self.standing[name], brought_by(name))
        return Counter({row["person_id"]: row["brought"] for row in found.to_pylist()})

    def known(self) -> list[Path]:
        """Every file on record."""
        return self.register.known_files()

    def relinked(self) -> Relinked:
        """A new spine version and its files, not switched to yet."""
        return relink(
            self.zones, "residents", list(self.standing.values()), self.known()
        )

    def switch(self, made: Relinked) -> None:
        """Put what was made in force."""
        self.register.made += [each.file for each in made.written]
        self.standing = {each.dataset: each for each in made.written}

    def apply(self) -> None:
        """Make a new spine version, and put it in force."""
        with self.zones.locked():
            made = self.relinked()
            self.switch(made)
            settle_successor(self.zones, made.successor, self.known())
            keep(self.zones, made.written)

    def rotate(self) -> None:
        """Put pseudonyms under a new key."""
        with self.zones.locked():
            rotate_key(self.zones, "residents", self.known())

    def rows(self, name: str) -> list[dict[str, Any]]:
        """What is published of a table."""
        return published(self.zones, self.standing[name]).to_pylist()

    def whose(self, name: str) -> dict[int, int]:
        """Whose each row is that is published, by its number."""
        return {row["n"]: row["person_id"] for row in self.rows(name)}

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """An engine with the spine in force."""
        with self.zones.scratch() as scratch, engine_of(scratch, Options()) as engine:
            spine.open_spine(engine, self.zones, "residents")
            yield engine
            engine.detach("spine")

    def decide(self, same: bool, *pairs: tuple[int, int], by: str = "ab") -> None:
        """Reviewers decide on pairs of records."""
        with self.engine() as engine:
            for reviewer in by:
                decide(engine, dict.fromkeys(pairs, same), reviewer)

    def spine(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds in the spine in force, as `f`."""
        file = self.zones.spine("residents")
        with opened(self.zones, file, self.zones.key_name(file)) as connection:
            return connection.execute(query).fetchall()

    def record(self, **said: str) -> int:
        """The one record with an identifier."""
        ((name, value),) = said.items()
        query = f"SELECT record FROM f.record WHERE {name} = '{value}'"
        ((found,),) = self.spine(query)
        return int(found)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty population."""
    return World(new_zones(tmp_path / "home"))


NUMBER_AND_NAME = {"nhs": VALID, "forename": "Zoe", "surname": "Lund"}
OLE = {"forename": "Ole", "surname": "Berg", "born": "1970-01-01", "code": "AB1 2CD"}


def _two_who_are_one(world: World) -> None:
    """Two known people, and later data that shows that they are one."""
    first = world.take_in("clinic", ZOE, ZOE, NUMBER_AND_NAME, NUMBER_AND_NAME, OLE)
    assert first[0] == first[1] != first[2] == first[3]
    (later,) = world.take_in("school", {**ZOE, "nhs": VALID})
    assert later == first[2]


def test_later_data_merges_people_who_are_known(world) -> None:
    """Two people whom a third record agrees with are one in the next spine version."""
    _two_who_are_one(world)
    before = world.whose("clinic")
    assert before[0] != before[2]
    world.apply()
    after = world.rows("clinic")
    zoe = [row for row in after if row["n"] != 4]
    assert len({row["person_id"] for row in zoe}) == 1
    assert sorted(row["_rank"] for row in zoe) == [1, 2, 3]
    assert {row["_total_n"] for row in zoe} == {sum(row["n"] for row in zoe)}
    (ole,) = [row for row in after if row["n"] == 4]
    assert ole["person_id"] != zoe[0]["person_id"]
    assert world.whose("school")[0] == zoe[0]["person_id"]


def test_the_cap_holds_over_people_who_are_merged(world) -> None:
    """Rows past it are left out, each as likely as another."""
    _two_who_are_one(world)
    world.apply()
    kept = Counter(row["person_id"] for row in world.rows("clinic"))
    assert sorted(kept.values()) == [1, CAP]


def test_bounds_by_group_hold_over_people_who_are_merged(world) -> None:
    """Who is found to be one has as many rows of a group as anybody has."""
    world.bounds = [{"by": ["n"], "rows": 1}]
    world.take_in("clinic", *({**each, "n": 7} for each in (ZOE, NUMBER_AND_NAME, OLE)))
    assert len(world.rows("clinic")) == 3
    world.take_in("school", {**ZOE, "nhs": VALID})
    world.apply()
    after = world.rows("clinic")
    assert len({row["person_id"] for row in after}) == len(after) == 2
    assert {row["_total_n"] for row in after} == {7}


def test_rows_that_a_bound_by_group_left_stay_whose_they_were(world) -> None:
    """Of who had two records, each row goes to the record that it came of."""
    world.bounds = [{"by": ["n"], "rows": 1}]
    world.take_in("clinic", *TWO, *TWO, {**TWO[1], "n": 21})
    assert sorted(world.whose("clinic")) == [10, 20, 21, 30]
    pair = world.record(postcode="cb74xx"), world.record(postcode="sw1a1aa")
    world.decide(False, (max(pair), min(pair)))
    world.apply()
    whose = world.whose("clinic")
    assert whose[20] == whose[21] != whose[10] != whose[30]


def test_what_contradicts_is_not_merged(world) -> None:
    """A record that agrees with two people who differ in their numbers joins none."""
    world.take_in("clinic", {**ZOE, "nhs": OTHER_VALID}, NUMBER_AND_NAME)
    world.take_in("school", {**ZOE, "nhs": VALID})
    world.apply()
    whose = world.whose("clinic")
    assert whose[0] != whose[1]


TWO = [{**ZOE, "n": 10}, {**ZOE, "code": "CB7 4XX", "n": 20}, {**OLE, "n": 30}]
"""Two records of one person, by name and date of birth; and another person."""


def test_two_reviewers_part_a_person_and_rows_go_where_they_came_of(world) -> None:
    """Each record of who was one person has its own rows, in every table."""
    world.take_in("clinic", TWO[0], TWO[1], {**TWO[1], "n": 21}, TWO[2])
    world.take_in("school", TWO[0], TWO[1])
    assert len(set(world.whose("clinic").values())) == 2
    pair = world.record(postcode="cb74xx"), world.record(postcode="sw1a1aa")
    world.decide(False, (max(pair), min(pair)))
    world.apply()
    clinic, school = world.whose("clinic"), world.whose("school")
    assert clinic[20] == clinic[21] == school[20]
    assert clinic[10] == school[10]
    assert len({clinic[10], clinic[20], clinic[30]}) == 3
    totals = {row["n"]: row["_total_n"] for row in world.rows("clinic")}
    assert totals == {10: 10, 20: 41, 21: 41, 30: 30}


@pytest.mark.parametrize("also", [{}, {"c": True}])
def test_one_reviewer_decides_nothing(world, also) -> None:
    """Nor do two who disagree."""
    world.take_in("clinic", *TWO)
    pair = world.record(postcode="cb74xx"), world.record(postcode="sw1a1aa")
    pair = max(pair), min(pair)
    world.decide(False, pair, by="a")
    for reviewer, same in also.items():
        world.decide(False, pair, by="b")
        world.decide(same, pair, by=reviewer)
    world.apply()
    assert world.whose("clinic")[10] == world.whose("clinic")[20]


def test_reviewers_merge_whom_no_rule_would(world) -> None:
    """A decision that two people are one holds against what their records say."""
    world.take_in("clinic", {**ZOE, "n": 10}, {**OLE, "n": 30})
    pair = world.record(forename="ole"), world.record(forename="zoe")
    world.decide(True, (max(pair), min(pair)))
    world.apply()
    assert world.whose("clinic")[10] == world.whose("clinic")[30]


def test_who_was_merged_can_be_parted_again(world) -> None:
    """Whose rows are whose outlives a merger, and another spine version."""
    world.take_in("clinic", {**ZOE, "n": 10}, {**OLE, "n": 30}, {**OLE, "n": 31})
    pair = world.record(forename="ole"), world.record(forename="zoe")
    pair = max(pair), min(pair)
    world.decide(True, pair)
    world.apply()
    world.apply()
    assert len(set(world.whose("clinic").values())) == 1
    world.decide(False, pair)
    world.apply()
    whose = world.whose("clinic")
    assert whose[30] == whose[31] != whose[10]
    ranks = {(row["person_id"], row["_rank"]) for row in world.rows("clinic")}
    assert ranks == {(whose[10], 1), (whose[30], 1), (whose[30], 2)}


def test_decisions_that_contradict_make_no_version(world) -> None:
    """They are to be decided again; nothing is left of the attempt."""
    world.take_in("clinic", {**ZOE, "n": 10}, {**OLE, "n": 30}, {**OLE, "nhs": VALID})
    records = [number for (number,) in world.spine("SELECT record FROM f.record")]
    a, b, c = sorted(records)
    world.decide(True, (b, a), (c, b))
    world.decide(False, (c, a))
    before = world.rows("clinic")
    with pytest.raises(Invalid, match="decide again"):
        world.apply()
    sweep(world.zones, world.known())
    assert world.rows("clinic") == before
    assert world.zones.spine_version("residents") == 1


def test_merging_with_an_objector_leaves_both_out(world) -> None:
    """Who turns out to be an objector has no row in the next version."""
    world.take_in("clinic", {**ZOE, "n": 10}, {**OLE, "n": 30}, {"nhs": VALID, "n": 40})
    world.take_in("school", {**ZOE, "nhs": VALID, "n": 50})
    objection = pa.table({"nhs-number": [VALID]})
    take_objections(world.zones, "residents", TableSource("o", objection), world.known)
    world.apply()
    assert set(world.whose("clinic")) == {30}


# ------------------------------------------------------- deliveries before and after


def test_rows_are_added_after_a_new_spine_version(world) -> None:
    """They join the people as they are numbered now, under one cap and one count."""
    _two_who_are_one(world)
    world.apply()
    zoe = {**ZOE, "nhs": VALID}
    world.append("clinic", {**zoe, "n": 20}, {**zoe, "n": 21}, {**OLE, "n": 22})
    whose, kept = world.whose("clinic"), Counter(world.whose("clinic").values())
    assert whose[22] == whose[4]
    assert sorted(kept.values()) == [2, CAP]
    (merged,) = {person for n, person in whose.items() if n not in {4, 22}}
    assert world.brought("clinic") == {merged: 6, whose[4]: 2}


def test_who_is_put_together_is_capped_as_one_person_from_the_start(world) -> None:
    """Of all their rows those of the lowest numbers stay, whoever brought them."""
    _two_who_are_one(world)
    numbers = sorted(row["_order"] for row in world.rows("clinic") if row["n"] != 4)
    world.apply()
    after = [row for row in world.rows("clinic") if row["n"] != 4]
    assert [row["_order"] for row in after] == numbers[:CAP]
    assert [row["_rank"] for row in after] == [1, 2, 3]


def test_rows_of_every_delivery_go_where_they_came_of(world) -> None:
    """Who is parted after rows were added keeps all that is known to be theirs."""
    one, other = {**ZOE}, {**ZOE, "code": "CB7 4XX"}
    world.take_in("clinic", {**one, "n": 10}, OLE)
    world.append("clinic", {**other, "n": 20}, {**one, "n": 11})
    assert len(set(world.whose("clinic").values())) == 2
    pair = world.record(postcode="cb74xx"), world.record(postcode="sw1a1aa")
    world.decide(False, (max(pair), min(pair)))
    world.apply()
    whose = world.whose("clinic")
    assert whose[10] == whose[11] != whose[20]
    assert world.brought("clinic") == {whose[10]: 2, whose[20]: 1, whose[1]: 1}
    world.append("clinic", {**other, "n": 21})
    again = world.whose("clinic")
    assert again[21] == again[20] == whose[20]


def test_who_is_parted_again_after_rows_were_added_keeps_them(world) -> None:
    """Whose rows are whose outlives a merger, and the deliveries after it."""
    world.take_in("clinic", {**ZOE, "n": 10}, {**OLE, "n": 30})
    pair = world.record(forename="ole"), world.record(forename="zoe")
    pair = max(pair), min(pair)
    world.decide(True, pair)
    world.apply()
    world.append("clinic", {**OLE, "n": 31})
    assert len(set(world.whose("clinic").values())) == 1
    world.decide(False, pair)
    world.apply()
    whose = world.whose("clinic")
    assert whose[30] == whose[31] != whose[10]
    assert world.brought("clinic") == {whose[10]: 1, whose[30]: 2}


def test_what_an_earlier_release_left_out_is_not_planned_for(world) -> None:
    """Of a version without what its people brought nothing can be measured."""
    world.take_in("clinic", *TWO)
    standing = world.standing["clinic"]
    (world.zones.home / standing.file).chmod(0o600)
    with world.engine() as engine:
        key = world.zones.keystore.key(standing.key_name)
        engine.attach("version", world.zones.home / standing.file, key)
        engine.run(f"DROP TABLE version.{brought_by('clinic')}")
        engine.detach("version")
        engine.run("CREATE TABLE spine.held (record BIGINT)")
    before = set(world.whose("clinic"))
    world.apply()
    assert world.standing["clinic"].unmeasurable == {"clinic"}
    assert set(world.whose("clinic")) == before
    with world.engine() as engine:
        assert "held" not in engine.tables("spine")


def test_whose_rows_are_whose_goes_with_their_dataset(world) -> None:
    """Of what is destroyed nothing is kept, though its records are seen elsewhere."""
    from tre.intake.destroy import forget

    for name in ("clinic", "school"):
        world.take_in(name, *TWO)
    kept = "SELECT DISTINCT file FROM f.whose"
    assert len(world.spine(kept)) == 2
    forget(world.zones, "residents", ["clinic"])
    assert world.spine(kept) == [(world.standing["school"].file.as_posix(),)]


# ------------------------------------------------------------------- the permutation


def _many(count: int) -> list[dict[str, Any]]:
    return [
        {"forename": f"f{n}x", "surname": f"s{n}x", "born": "1980-01-02", "n": n}
        for n in range(count)
    ]


def test_numbers_are_a_permutation_drawn_anew(world) -> None:
    """Every number is dense and nobody keeps theirs but by chance.

    Fixed points of a random permutation are Poisson with mean 1: ten or more come once
    in nine million.
    """
    world.take_in("clinic", *_many(1000))
    drawn = [world.whose("clinic")]
    for _ in range(2):
        world.apply()
        drawn.append(world.whose("clinic"))
        assert sorted(drawn[-1].values()) == list(range(1000))
    for earlier, later in ((0, 1), (1, 2), (0, 2)):
        kept = sum(drawn[earlier][n] == drawn[later][n] for n in range(1000))
        assert kept < 10


def test_whoever_is_not_concerned_keeps_rows_and_order(world) -> None:
    """Nothing but numbers changes of people who are neither merged nor parted."""
    world.take_in("clinic", *_many(50), *_many(50))
    before = _shape(world)
    world.apply()
    assert _shape(world) == before


def _shape(world: World) -> list[tuple[int, ...]]:
    rows = world.rows("clinic")
    return sorted((row["n"], row["_rank"], row["_total_n"]) for row in rows)


def test_one_person_more_changes_only_their_own_rows(tmp_path) -> None:
    """Neighbours stay neighbours: others' rows are the same with a person and without.

    The person is merged of two in the next version, and has rows in both tables.
    """
    seen = []
    for there in (True, False):
        world = World(new_zones(tmp_path / str(there)))
        zoe = [{**ZOE, "n": 500}, {**NUMBER_AND_NAME, "n": 501}] if there else []
        world.take_in("clinic", *zoe, *_many(20))
        late = [{**ZOE, "nhs": VALID, "n": 502}] if there else []
        world.take_in("school", *late, *_many(20))
        world.apply()
        seen.append((world.whose("clinic"), world.whose("school")))
    (clinic, school), (others, pupils) = seen
    assert clinic[500] == clinic[501] == school[502]
    assert clinic.keys() - {500, 501} == others.keys()
    assert school.keys() - {502} == pupils.keys()
    assert clinic[500] not in {clinic[n] for n in others}
    for one, other in ((clinic, school), (others, pupils)):
        assert all(one[n] == other[n] for n in range(20))
        assert len({one[n] for n in range(20)}) == 20


# ------------------------------------------------------------------ however it ends


STEPS = ("evidence", "renumber", "rewrite")


@pytest.mark.parametrize("step", STEPS)
def test_what_is_interrupted_before_the_switch_changes_nothing(
    world, monkeypatch, step
) -> None:
    """The old version reads as before; no file or key of the new one is left."""
    import tre.intake.relink as module

    _two_who_are_one(world)
    done = getattr(module, step)
    before, rows = every_file(world.zones.home), world.rows("clinic")

    def stopped(*arguments: object) -> None:
        done(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, step, stopped)
        with pytest.raises(KeyboardInterrupt):
            world.apply()
    sweep(world.zones, world.known())
    assert every_file(world.zones.home) == before
    assert world.rows("clinic") == rows
    world.apply()
    assert world.zones.spine_version("residents") == 2


def test_what_is_not_switched_to_is_swept(world) -> None:
    """A spine and files that no record knows go, with their keys."""
    _two_who_are_one(world)
    before = every_file(world.zones.home)
    with world.zones.locked():
        world.relinked()
    sweep(world.zones, world.known())
    assert every_file(world.zones.home) == before


@pytest.mark.parametrize("begun", [False, True])
def test_what_was_switched_to_is_kept(world, begun) -> None:
    """After the switch a sweep ends what was left: the old spine and its key go."""
    _two_who_are_one(world)
    with world.zones.locked():
        made = world.relinked()
        world.switch(made)
        if begun:
            world.zones.keystore.destroy("linkage-residents.1")
    sweep(world.zones, world.known())
    names = {file.name for file in world.zones.folder("linkage").iterdir()}
    assert names == {"residents.2.duckdb"}
    assert "linkage-residents.1" not in world.zones.keystore.names()
    whose = world.whose("clinic")
    ((zoe,),) = {(whose[n],) for n in whose if n != 4}
    (later,) = world.take_in("more", {**ZOE, "nhs": VALID})
    assert later == zoe


# -------------------------------------------------------------------- the new key


def _tokens(world: World) -> set[tuple[Any, ...]]:
    return set(world.spine("SELECT token FROM f.token"))


def test_a_rotated_key_makes_old_pseudonyms_useless(world) -> None:
    """No old token is found again, the old key is gone, and people are still known."""
    first = world.take_in("clinic", ZOE, NUMBER_AND_NAME, OLE)
    old, rows = _tokens(world), world.rows("clinic")
    shape = "SELECT record, rank, count(*) FROM f.token GROUP BY ALL ORDER BY ALL"
    shaped = world.spine(shape)
    world.rotate()
    assert not old & _tokens(world)
    assert world.spine(shape) == shaped
    assert "pseudonyms-residents.1" not in world.zones.keystore.names()
    assert world.rows("clinic") == rows
    again = world.take_in(
        "school",
        {**ZOE, "code": "XX1 1XX"},
        {"nhs": VALID},
        {**OLE, "surname": "Bergh"},
        {**OLE, "forename": "Ida", "born": "1999-09-09"},
    )
    assert again[:3] == first
    assert again[3] not in first


@pytest.mark.parametrize("step", ["renew", "forget_keys"])
def test_a_rotation_that_is_interrupted_leaves_one_key(
    world, monkeypatch, step
) -> None:
    """The tokens there are, and the key that opens them, go together."""
    import tre.intake.relink as module

    (zoe,) = world.take_in("clinic", ZOE)
    done = getattr(module, step)

    def stopped(*arguments: object) -> None:
        if step == "renew":
            done(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, step, stopped)
        with pytest.raises(KeyboardInterrupt):
            world.rotate()
    assert len([n for n in world.zones.keystore.names() if "pseudonyms" in n]) == 2
    sweep(world.zones, world.known())
    assert len([n for n in world.zones.keystore.names() if "pseudonyms" in n]) == 1
    assert world.take_in("school", {**ZOE, "code": "XX1 1XX"}) == [zoe]


def test_every_spine_version_has_the_tokens_of_the_last(world) -> None:
    """A new version renumbers people, and what they are recognised by stays."""
    _two_who_are_one(world)
    world.apply()
    (ole,) = world.take_in("school", {**OLE, "code": "XX1 1XX"})
    assert ole == world.whose("clinic")[4]


# ---------------------------------------------------------------------- the review


def test_pairs_are_shown_masked_unless_identifiers_are_asked_for(world) -> None:
    """Masked, no identifier is in what is shown; how far they agree is."""
    world.take_in("clinic", *TWO)
    references = References.of(world.zones, "residents")
    with world.engine() as engine:
        masked = pairs_to_review(engine, references, Asked("a", sure=1))
        asked = Asked("a", identifiers=True, sure=1)
        shown = pairs_to_review(engine, references, asked)
    (pair,) = masked.to_pylist()
    assert (pair["forename"], pair["postcode"]) == ("equal", "different")
    assert pair["nhs_number"] == "neither has it"
    assert pair["linked"]
    assert not any("zoe" in str(value) for value in pair.values())
    (open_pair,) = shown.to_pylist()
    assert {open_pair["postcode_a"], open_pair["postcode_b"]} == {"cb74xx", "sw1a1aa"}


def test_what_a_reviewer_decided_is_shown_to_others_alone(world) -> None:
    """Each reviewer sees a pair until they have decided on it."""
    world.take_in("clinic", *TWO)
    ((a, b),) = world.spine("SELECT a, b FROM f.joined")
    world.decide(False, (a, b), by="a")
    references = References.of(world.zones, "residents")
    with world.engine() as engine:
        assert not pairs_to_review(engine, references, Asked("a", sure=1)).num_rows
        assert pairs_to_review(engine, references, Asked("b", sure=1)).num_rows == 1


def test_a_reference_cannot_be_made_up(world) -> None:
    """Only what was given out of this spine names a pair."""
    world.take_in("clinic", *TWO)
    references = References.of(world.zones, "residents")
    named = references.name(5, 3)
    assert references.read(named) == (5, 3)
    forged = named.replace("5-3-", "5-4-")
    for other in (forged, "5-3", "", named[:-1], named + "0", named.upper() + " "):
        assert references.read(other) is None
    world.apply()
    assert References.of(world.zones, "residents").read(named) is None


def test_a_dataset_that_goes_takes_nobodys_objection_along(world) -> None:
    """Whatever a dataset is called, withdrawing it forgets no objection."""
    from tre.intake.destroy import forget

    objection = pa.table({"nhs-number": [VALID]})
    take_objections(world.zones, "residents", TableSource("o", objection), world.known)
    world.take_in("objections", {**OLE, "n": 1})
    forget(world.zones, "residents", ["objections"])
    assert len(world.spine("SELECT * FROM f.objection")) == 1
    assert world.take_in("clinic", {"nhs": VALID, "n": 1}, {**OLE, "n": 2})[0] is None
