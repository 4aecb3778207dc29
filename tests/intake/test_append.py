"""Appending: rows of a later delivery join the people and rows already published."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import Invalid
from privacy.catalogue import Column, Domain, GroupBound, Table, Type, Unit
from tests.intake.delivering import before, delivered, delivery
from tests.intake.support import (
    Register,
    fields_of,
    new_zones,
    opened,
    package,
    published,
    rows,
    take_in,
    with_fields,
)
from tre.intake import Publication, Zones
from tre.intake.brought import summarise
from tre.intake.carry import Carry
from tre.intake.engine import Engine
from tre.intake.heed import ANY
from tre.intake.publish import publish

FIRST = [(f"p{i}", 2010, "North", i) for i in range(5)]


def _brought(zones: Zones, publication: Publication) -> dict[int, int]:
    with opened(zones, publication.file, publication.key_name) as connection:
        found = connection.execute(
            "SELECT person_id, brought FROM f._brought_earnings"
        ).fetchall()
    return dict(found)


def test_rows_join_the_people_already_published(
    zones: Zones, register: Register
) -> None:
    """Old rows stay, new rows are of the people known, and newcomers are added."""
    first = delivered(zones, register, delivery("1"), *FIRST)
    assert first.links is not None
    more = [("p0", 2011, "South", 10), ("p9", 2011, "South", 11)]
    second = delivered(zones, register, delivery("2", "append", "1"), *more, onto=first)
    stored = published(zones, second).to_pylist()
    by_pay = {row["pay"] // 100: row["person_id"] for row in stored}
    people = first.links["person"].to_pylist()
    assert [by_pay[n] for n in range(5)] == people
    assert (by_pay[10], by_pay[11]) == (people[0], 5)
    assert published(zones, first).num_rows == 5
    assert _brought(zones, second) == {**dict.fromkeys(range(6), 1), people[0]: 2}


def test_a_person_is_capped_over_all_deliveries(
    zones: Zones, register: Register
) -> None:
    """However many deliveries bring rows, the cap holds, with ranks from one on."""
    held = delivered(zones, register, delivery("0"), *FIRST)
    for number in range(1, 5):
        more = [(f"p{i}", 2011, "North", 10 * number + i) for i in range(5)]
        document = delivery(str(number), "append", str(number - 1))
        held = delivered(zones, register, document, *more, onto=held)
    stored = published(zones, held)
    found = zip(
        stored["person_id"].to_pylist(), stored["_rank"].to_pylist(), strict=True
    )
    assert list(found) == [(person, rank) for person in range(5) for rank in (1, 2, 3)]
    totals = Counter[int]()
    for row in stored.to_pylist():
        totals[row["person_id"]] += row["pay"]
    assert all(r["_total_pay"] == totals[r["person_id"]] for r in stored.to_pylist())
    assert _brought(zones, held) == dict.fromkeys(range(5), 5)


def test_which_rows_stay_does_not_depend_on_the_delivery(tmp_path) -> None:
    """Of rows brought in three deliveries each is kept about equally often."""
    zones, register = new_zones(tmp_path), Register()
    people = range(400)
    batches = ([0, 1], [2], [3])
    held: Publication | None = None
    for number, pays in enumerate(batches):
        kind, to = ("append", str(number - 1)) if number else ("replace", None)
        document = delivery(str(number), kind, to, rows_per_person=1)
        values = [(f"p{i}", 2010, "North", pay) for i in people for pay in pays]
        held = delivered(zones, register, document, *values, onto=held)
    assert held is not None
    kept = Counter(published(zones, held)["pay"].to_pylist())
    # Each is binomial(400, 1/4): seven standard deviations are 61. Drawing anew at
    # each delivery would keep the last one's rows 200 times.
    assert set(kept) == {0, 100, 200, 300}
    assert all(abs(n - 100) < 61 for n in kept.values())


TABLE = Table(
    name="t",
    dataset="d",
    unit=Unit.PERSON,
    rows_per_person=2,
    columns=(Column("x", Domain(Type.NUMBER, 0, nullable=False, lower=0, upper=99)),),
    granted=frozenset(),
)
NUMBER = st.one_of(st.integers(0, 1), st.integers(0, 99))
ROWS = st.lists(st.tuples(st.integers(0, 3), NUMBER), max_size=12)
BOUNDS = st.sampled_from([(), (GroupBound(("x",), rows=1),)])


def _published(
    deliveries: list[list[tuple[int, int, int]]], table: Table
) -> dict[str, list[tuple]]:
    """What publishing these rows (person, number, value) one after another leaves."""
    with duckdb.connect() as connection:
        engine = Engine(connection)
        connection.execute("ATTACH ':memory:' AS spine")
        connection.execute("CREATE TABLE spine.record (record INT, person INT)")
        connection.execute("CREATE TABLE spine.objection (record INT)")
        for number, rows_ in enumerate(deliveries):
            connection.execute("ATTACH ':memory:' AS staging")
            connection.execute("ATTACH ':memory:' AS version")
            connection.execute(
                "CREATE TABLE staging.attributes"
                " (_row BIGINT, _order UBIGINT, c0 TINYINT)"
            )
            connection.execute(
                "CREATE TABLE staging.people (_row BIGINT, person BIGINT, record INT)"
            )
            for row, (person, order, value) in enumerate(rows_):
                connection.execute(
                    "INSERT INTO staging.attributes VALUES (?, ?, ?)",
                    (row, order, value),
                )
                connection.execute(
                    "INSERT INTO staging.people VALUES (?, ?, 0)", (row, person)
                )
            carry = Carry(ANY, corrected=False) if number else None
            publish(engine, table, carry)
            summarise(engine, table, [], carry=carry)
            connection.execute("DETACH staging")
            connection.execute("DETACH DATABASE IF EXISTS before")
            connection.execute("ATTACH ':memory:' AS before")
            connection.execute("COPY FROM DATABASE version TO before")
            connection.execute("DETACH version")
        return {
            name: connection.execute(f"FROM before.{name} ORDER BY ALL").fetchall()
            for name in ("t", "_brought_t")
        }


@settings(max_examples=20)
@given(ROWS, st.integers(0, 12), st.integers(0, 12), BOUNDS)
def test_deliveries_in_parts_leave_what_one_would(
    people: list[tuple[int, int]],
    first: int,
    second: int,
    bounds: tuple[GroupBound, ...],
) -> None:
    """Where a delivery is cut changes nothing: neither rows, nor ranks, nor counts."""
    numbered = [(person, 7 * n % 1009, x) for n, (person, x) in enumerate(people)]
    low, high = sorted((min(first, len(numbered)), min(second, len(numbered))))
    parts = [numbered[:low], numbered[low:high], numbered[high:]]
    table = replace(TABLE, bounds=bounds)
    assert _published(parts, table) == _published([numbered], table)


def test_every_row_a_person_grows_without_a_shared_number(
    zones: Zones, register: Register
) -> None:
    """Where every row is another person, so are the rows of every delivery."""
    region = {"name": "region", "constraints": {"enum": ["North", "South"]}}
    document = with_fields(region, privacy_unit="row")
    first = take_in(zones, register, document, rows(("North",), names=("region",)))
    document["version"] = "next"
    document["tre"]["delivery"] = {"kind": "append", "to": first.version}
    more = rows(("South",), ("South",), names=("region",))
    second = take_in(zones, register, document, more, before=before(first))
    stored = published(zones, second)
    assert sorted(stored["person_id"].to_pylist()) == [0, 1, 2]
    assert stored["region"].to_pylist().count("South") == 2


def test_an_empty_delivery_adds_nothing(zones: Zones, register: Register) -> None:
    """A delivery may be of some tables only: the files of the others are empty."""
    first = delivered(zones, register, delivery("1"), *FIRST)
    document = delivery("2", "append", "1")
    empty = rows(*FIRST).slice(0, 0)
    second = take_in(zones, register, document, empty, before=before(first))
    assert published(zones, second).to_pylist() == published(zones, first).to_pylist()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["resources"][0]["tre"].update(rows_per_person=4), "and cap"),
        (
            lambda d: fields_of(d)[3]["constraints"].update(maximum=1),
            "expected the columns, bounds, lists and caps of the version before",
        ),
        (lambda d: d["resources"][0].update(name="others"), "expected the tables of"),
        (lambda d: d["resources"][0]["tre"].update(row_key=["nr"]), "before has none"),
    ],
)
def test_what_the_public_relies_on_does_not_change_in_an_append(
    zones: Zones, register: Register, change, said: str
) -> None:
    """Other columns, bounds, caps or keys need the dataset whole, and say so."""
    first = delivered(zones, register, delivery("1"), *FIRST)
    document = delivery("2", "append", "1")
    change(document)
    with pytest.raises(Invalid, match=said):
        delivered(zones, register, document, *FIRST, onto=first)
    assert register.switched == [first]


def test_rows_published_without_numbers_take_no_more(
    zones: Zones, register: Register
) -> None:
    """A file of before rows kept their numbers says what to do instead."""
    first = delivered(zones, register, delivery("1"), *FIRST)
    old = zones.home / first.file
    old.chmod(0o600)
    key = zones.keystore.key(first.key_name).hex()
    with opened(zones, first.file, first.key_name):
        pass
    with duckdb.connect() as connection:
        from tre.encryption import crypto_extension

        connection.execute(f"LOAD '{crypto_extension()}'")
        connection.execute(f"ATTACH '{old}' AS f (ENCRYPTION_KEY ?)", [key])
        connection.execute("ALTER TABLE f.earnings DROP COLUMN _order")
    with pytest.raises(Invalid, match="deliver the dataset whole once"):
        delivered(zones, register, delivery("2", "append", "1"), *FIRST, onto=first)


def test_there_is_nothing_to_add_to_at_first(zones: Zones, register: Register) -> None:
    """The first delivery of a dataset is whole."""
    with pytest.raises(Invalid, match="there is no version to add to"):
        delivered(zones, register, delivery("2", "append", "1"), *FIRST)


def test_a_dataset_that_is_delivered_whole_ignores_what_was_before(
    zones: Zones, register: Register
) -> None:
    """Replacing needs nothing of the version before, and takes nothing from it."""
    first = take_in(zones, register, package(), rows(*FIRST))
    second = delivered(zones, register, delivery("2"), FIRST[0], onto=first)
    assert published(zones, second).num_rows == 1
