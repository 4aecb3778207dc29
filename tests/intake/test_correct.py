"""Correcting: rows with a declared key are replaced or removed, and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.errors import Invalid
from tests.intake.delivering import delivered, keyed
from tests.intake.support import Register, fields_of, opened, published
from tre.intake import Publication, Reason, Zones, inspect
from tre.intake.anew import Written
from tre.intake.publication import Changes
from tre.intake.rebuild import keep
from tre.intake.relink import relink
from tre.intake.successor import settle_successor
from tre.manifest import load

FIRST = [(f"p{i}", f"r{i}", 2010, "North", i) for i in range(6)]


@pytest.fixture
def first(zones: Zones, register: Register) -> Publication:
    """Six people with one numbered row each."""
    return delivered(zones, register, keyed("1"), *FIRST)


def _pays(zones: Zones, publication: Publication) -> list[int]:
    return sorted(
        pay // 100 for pay in published(zones, publication)["pay"].to_pylist()
    )


def test_rows_are_replaced_and_removed_by_their_keys(
    zones: Zones, register: Register, first: Publication
) -> None:
    """One row says something else, one is gone, one is new; the rest are as before."""
    correction = [
        ("p1", "r1", 2010, "South", 50, "U"),
        (None, "r2", None, None, None, "D"),
        ("p7", "r7", 2011, "Wales", 70, "I"),
        (None, "r9", None, None, None, "D"),
    ]
    document = keyed("2", "correct", "1")
    second = delivered(zones, register, document, *correction, onto=first)
    assert _pays(zones, second) == [0, 3, 4, 5, 50, 70]
    assert _pays(zones, first) == [0, 1, 2, 3, 4, 5]
    assert second.changes == (
        Changes("earnings", added=1, corrected=1, removed=1, unknown=1),
    )
    (counts,) = second.counts
    assert (counts.landed, counts.rejected, counts.published) == (4, 0, 2)
    with opened(zones, second.file, second.key_name) as connection:
        found = connection.execute(
            "SELECT brought, count(*) FROM f._brought_earnings GROUP BY ALL"
        ).fetchall()
    assert found == [(1, 6)]


def test_a_row_of_another_person_moves_to_them(
    zones: Zones, register: Register, first: Publication
) -> None:
    """Whose a row is can be corrected, too: it is nobody else's any more."""
    document = keyed("2", "correct", "1")
    moved = ("p0", "r1", 2010, "North", 60, "U")
    second = delivered(zones, register, document, moved, onto=first)
    stored = {
        r["pay"] // 100: r["person_id"] for r in published(zones, second).to_pylist()
    }
    assert stored[60] == stored[0]
    assert 1 not in stored


def test_correcting_does_not_change_which_rows_the_cap_keeps(
    zones: Zones, register: Register
) -> None:
    """A row that the cap left out does not come in by being corrected, nor one go."""
    many = [("p0", f"r{i}", 2010, "North", i) for i in range(12)]
    held = delivered(zones, register, keyed("1"), *many)
    kept = _pays(zones, held)
    assert len(kept) == 3
    again = [(*row[:4], row[4] + 100, "U") for row in many]
    second = delivered(zones, register, keyed("2", "correct", "1"), *again, onto=held)
    assert _pays(zones, second) == [pay + 100 for pay in kept]
    assert second.changes == (Changes("earnings", 0, 12, 0, 0),)
    with opened(zones, second.file, second.key_name) as connection:
        query = "SELECT brought FROM f._brought_earnings"
        assert connection.execute(query).fetchall() == [(12,)]


def test_a_correction_can_be_corrected_again(
    zones: Zones, register: Register, first: Publication
) -> None:
    """A removed row is unknown afterwards, and may come again as a new one."""
    gone = (None, "r2", None, None, None, "D")
    back = ("p2", "r2", 2012, "North", 22, "U")
    second = delivered(zones, register, keyed("2", "correct", "1"), gone, onto=first)
    third = delivered(
        zones,
        register,
        keyed("3", "correct", "2"),
        back,
        ("p1", "r1", 2010, "North", 11, "U"),
        onto=second,
    )
    assert third.changes == (Changes("earnings", 1, 1, 0, 0),)
    assert _pays(zones, third) == [0, 3, 4, 5, 11, 22]


def test_rows_are_appended_beside_their_keys_once(
    zones: Zones, register: Register, first: Publication
) -> None:
    """What was delivered before is refused in an append, counted and not shown."""
    more = [("p0", "r10", 2011, "North", 10), ("p1", "r1", 2010, "North", 1)]
    document = keyed("2", "append", "1")
    with pytest.raises(Invalid, match="1 rows were delivered before") as refused:
        delivered(zones, register, document, *more, onto=first)
    assert "r1" not in str(refused.value).replace("rows", "")
    second = delivered(zones, register, document, more[0], onto=first)
    assert second.changes == (Changes("earnings", 1, 0, 0, 0),)
    third = delivered(
        zones,
        register,
        keyed("3", "correct", "2"),
        ("p0", "r10", 2011, "North", 12, "U"),
        ("p0", "r0", 2011, "North", 13, "U"),
        onto=second,
    )
    assert _pays(zones, third) == [1, 2, 3, 4, 5, 12, 13]


def test_keys_that_are_written_otherwise_are_noticed(
    zones: Zones, register: Register, first: Publication
) -> None:
    """A correction of which no row is known is refused: nothing would be corrected."""
    document = keyed("2", "correct", "1")
    wrong = ("p1", "R-1", 2010, "North", 50, "U")
    with pytest.raises(Invalid, match="are keys written as they were"):
        delivered(zones, register, document, wrong, onto=first)


@pytest.mark.parametrize("kind", ["replace", "correct"])
def test_two_rows_of_one_key_are_refused(
    zones: Zones, register: Register, first: Publication, kind: str
) -> None:
    """A key that is not one is refused before anything is published, and by `check`."""
    row: tuple[Any, ...] = ("p1", "r1", 2010, "North", 50)
    row = (*row, "U") if kind == "correct" else row
    document = keyed("2", kind, "1" if kind == "correct" else None)
    with pytest.raises(Invalid, match="another key for each row: 1 rows repeat one"):
        delivered(zones, register, document, row, row, onto=first)


def test_a_row_without_its_key_is_rejected(zones: Zones, register: Register) -> None:
    """A row needs every part of its key; a row to be removed nothing else."""
    first = delivered(
        zones, register, keyed("1"), *FIRST, ("p6", None, 2010, "North", 6)
    )
    (counts,) = first.counts
    assert [(r.column, r.reason, r.rows) for r in counts.rejects] == [
        ("record", Reason.REQUIRED, 1)
    ]
    document = keyed("2", "correct", "1")
    wrong = ("p1", "r1", 2010, "North", 50, "X")
    right = (None, "r2", 1000, "Atlantis", "much", "D")
    second = delivered(zones, register, document, wrong, right, onto=first)
    (counts,) = second.counts
    assert [(r.column, r.reason, r.rows) for r in counts.rejects] == [
        ("change", Reason.TYPE, 1)
    ]
    assert _pays(zones, second) == [0, 1, 3, 4, 5]


def test_a_dataset_without_a_key_is_not_corrected(
    zones: Zones, register: Register
) -> None:
    """Rows whose keys were never kept cannot be found again; the message says so."""
    document = keyed("1")
    del document["resources"][0]["tre"]["row_key"]
    first = delivered(zones, register, document, *FIRST)
    assert not zones.rows(zones.home / first.file).exists()
    with pytest.raises(Invalid, match="the version before has none for this table"):
        delivered(
            zones, register, keyed("2", "correct", "1"), (*FIRST[0], "U"), onto=first
        )
    keyed_first = delivered(zones, register, keyed("3"), *FIRST)
    document["version"] = "4"
    document["tre"]["delivery"] = {"kind": "append", "to": "3"}
    with pytest.raises(Invalid, match="expected the row key that the version before"):
        delivered(zones, register, document, FIRST[0], onto=keyed_first)


def test_row_keys_are_tokens_of_the_linkage_zone(
    zones: Zones, first: Publication
) -> None:
    """No key is written down, research has no token, and destroying takes both."""
    from tre.intake.destroy import destroy, forget

    whole = zones.home / first.file
    name = zones.rows_key_name(whole)
    beside = zones.rows(whole).relative_to(zones.home)
    with opened(zones, beside, name) as connection:
        columns = connection.execute("DESCRIBE f.earnings").fetchall()
        tokens = connection.execute("SELECT number FROM f.earnings").fetchall()
    assert [(c[0], c[1]) for c in columns] == [("token", "UUID"), ("number", "UBIGINT")]
    with opened(zones, first.file, first.key_name) as connection:
        orders = connection.execute("SELECT _order FROM f.earnings").fetchall()
        described = connection.execute("DESCRIBE f.earnings").fetchall()
    assert sorted(tokens) == sorted(orders)
    assert "record" not in {column[0] for column in described}
    destroy(zones, first.file, first.key_name)
    forget(zones, "residents", ["earnings"])
    assert not zones.rows(whole).exists()
    assert {n for n in zones.keystore.names() if n.startswith("linkage--")} == set()


def test_a_check_of_a_correction_sets_aside_what_is_to_go(
    zones: Zones, tmp_path
) -> None:
    """Rows to be removed have no values to look at, and are no rejects."""
    document = keyed("2", "correct", "1")
    lines = [
        ",".join(field["name"] for field in fields_of(document)),
        "p1,r1,2010,South,50,U",
        ",r2,,,,D",
    ]
    (tmp_path / "earnings.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (counts,) = inspect(load(document, tmp_path), zones)
    assert (counts.landed, counts.rejected, counts.published) == (2, 0, 1)


def test_a_correction_finds_its_rows_under_a_new_spine_version(
    zones: Zones, register: Register, first: Publication
) -> None:
    """Numbering people anew leaves rows the numbers that their keys are known by."""
    old = Written("earnings", first.file, first.key_name, first.tables)
    with zones.locked():
        made = relink(zones, "residents", [old], register.known_files())
        (new,) = made.written
        anew = replace(first, file=new.file, key_name=new.key_name, spine_version=2)
        register.switched.append(anew)
        settle_successor(zones, made.successor, register.known_files())
        keep(zones, made.written)
    correction = [
        ("p1", "r1", 2010, "South", 50, "U"),
        (None, "r2", None, None, None, "D"),
        ("p0", "r7", 2011, "Wales", 70, "I"),
    ]
    second = delivered(
        zones, register, keyed("2", "correct", "1"), *correction, onto=anew
    )
    assert _pays(zones, second) == [0, 3, 4, 5, 50, 70]
    assert second.changes == (Changes("earnings", 1, 1, 1, 0),)
    whose = {
        row["pay"] // 100: row["person_id"]
        for row in published(zones, second).to_pylist()
    }
    assert whose[70] == whose[0]
