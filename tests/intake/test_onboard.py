from __future__ import annotations

import stat
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors import Invalid, TableSource
from tests.intake.support import (
    Register,
    every_file,
    new_zones,
    opened,
    package,
    published,
    rows,
    take_in,
    with_fields,
)
from tre.intake import Options, Reason, Reject, Zones, inspect, onboard
from tre.manifest import load

SEVEN = [(f"p{i % 7}", 2010 + i % 5, "North", i) for i in range(35)]


def test_a_version_has_the_declared_layout(zones: Zones, register: Register) -> None:
    """person_id and _rank come first, public columns then, and _order last."""
    publication = take_in(zones, register, package(), rows(*SEVEN))
    table = published(zones, publication)
    with opened(zones, publication.file, publication.key_name) as connection:
        described = connection.execute("DESCRIBE f.earnings").fetchall()
    assert [(name, kind) for name, kind, *_ in described] == [
        ("person_id", "UTINYINT"),
        ("_rank", "UTINYINT"),
        ("tax_year", "SMALLINT"),
        ("region", "ENUM('North', 'South', 'Wales')"),
        ("pay", "INTEGER"),
        ("_total_pay", "UINTEGER"),
        ("_order", "UBIGINT"),
    ]
    assert table.num_rows == 21


def test_rows_lie_by_person_and_rank(zones: Zones, register: Register) -> None:
    """A version is clustered by person, ranks counting from one within each."""
    table = published(zones, take_in(zones, register, package(), rows(*SEVEN)))
    stored = list(
        zip(table["person_id"].to_pylist(), table["_rank"].to_pylist(), strict=True)
    )
    assert stored == [(person, rank) for person in range(7) for rank in (1, 2, 3)]


def test_totals_are_of_the_rows_that_remain(zones: Zones, register: Register) -> None:
    """Beside every row is what its person's rows add up to, those past the cap not."""
    table = rows(*SEVEN, ("p0", 2010, "North", "NA"), ("none", 2010, "North", "NA"))
    stored = published(zones, take_in(zones, register, package(), table)).to_pylist()
    sums: dict[int, int] = {}
    for row in stored:
        sums[row["person_id"]] = sums.get(row["person_id"], 0) + (row["pay"] or 0)
    assert [row["_total_pay"] for row in stored] == [
        sums[row["person_id"]] for row in stored
    ]
    assert 0 in sums.values()


def test_numbers_are_fixed_point(zones: Zones, register: Register) -> None:
    """A number with two decimals is stored as whole hundredths."""
    table = rows(("a", 2010, "North", "12.3"), ("b", 2011, "NA", "1e2"))
    stored = published(zones, take_in(zones, register, package(), table))
    assert sorted(stored["pay"].to_pylist()) == [1230, 10000]
    assert set(stored["region"].to_pylist()) == {"North", None}


def test_counts_account_for_every_row(zones: Zones, register: Register) -> None:
    """Landed is rejected, without a person, over the cap and published, together."""
    table = rows(
        *SEVEN,
        (None, 2010, "North", 1),
        ("  ", 2010, "North", 1),
        ("p1", None, "North", 1),
        ("p1", 1999, "East", "nan"),
    )
    (counts,) = take_in(zones, register, package(), table).counts
    assert counts.landed == 39
    assert counts.rejected == 2
    assert counts.without_person == 2
    assert counts.over_cap == 14
    assert counts.published == 21
    assert counts.people == 7
    assert set(counts.rejects) == {
        Reject("tax_year", Reason.REQUIRED, 1),
        Reject("tax_year", Reason.RANGE, 1),
        Reject("region", Reason.RANGE, 1),
        Reject("pay", Reason.NOT_FINITE, 1),
    }


def test_which_rows_stay_is_a_secret_choice(tmp_path: Path) -> None:
    """Over many intakes each of a person's rows is kept about equally often."""
    kept: Counter[int] = Counter()
    document = package()
    document["resources"][0]["tre"]["rows_per_person"] = 1
    people = [(f"p{i}", 2010 + j, "North", j) for i in range(300) for j in range(4)]
    zones = new_zones(tmp_path)
    stored = published(zones, take_in(zones, Register(), document, rows(*people)))
    kept.update(stored["pay"].to_pylist())
    assert set(kept) == {0, 100, 200, 300}
    # Each is binomial(300, 1/4): seven standard deviations are 52.
    assert all(abs(n - 75) < 52 for n in kept.values())


def test_people_are_numbered_by_a_permutation(zones: Zones, register: Register) -> None:
    """Numbers are dense from zero and do not follow the source's order."""
    table = rows(*((f"p{i:03}", 2010, "North", i) for i in range(200)))
    publication = take_in(zones, register, package(), table)
    assert publication.links is not None
    people = publication.links["person"].to_pylist()
    assert sorted(people) == list(range(200))
    assert people != sorted(people)
    in_step = sum(a < b for a, b in pairwise(people))
    assert 50 < in_step < 150


def test_the_spine_is_extended_not_renumbered(zones: Zones, register: Register) -> None:
    """A second dataset finds the people of the first and adds its own after them."""
    first = take_in(zones, register, package(), rows(*SEVEN))
    more = [(f"p{i}", 2010, "North", i) for i in range(5, 10)]
    second = take_in(zones, register, package(name="more"), rows(*more))
    assert first.links is not None
    assert second.links is not None
    by_nr = dict(
        zip([r[0] for r in SEVEN], first.links["person"].to_pylist(), strict=True)
    )
    numbers = second.links["person"].to_pylist()
    assert numbers[:2] == [by_nr["p5"], by_nr["p6"]]
    assert sorted(numbers[2:]) == [7, 8, 9]
    assert first.spine_version == second.spine_version == 1


def test_populations_do_not_share_people(zones: Zones, register: Register) -> None:
    """The same local id in another population is nobody already known."""
    take_in(zones, register, package(), rows(*SEVEN))
    other = package(name="other")
    other["tre"] = {**other["tre"], "population": "others"}
    second = take_in(zones, register, other, rows(("p1", 2010, "North", 1)))
    assert second.links is not None
    assert second.links["person"].to_pylist() == [0]


def test_rejected_rows_have_no_person(zones: Zones, register: Register) -> None:
    """Links name every row of the source; a rejected one has no person."""
    table = rows(("a", 2010, "North", 1), ("a", 1900, "North", 1), ("b", 2010, "NA", 1))
    publication = take_in(zones, register, package(), table)
    assert publication.links is not None
    links = publication.links.to_pylist()
    assert [link["row"] for link in links] == [0, 1, 2]
    assert links[1]["person"] is None
    assert {link["resource"] for link in links} == {"earnings"}


def test_every_row_may_be_a_person(zones: Zones, register: Register) -> None:
    """With privacy_unit row, numbers are a permutation of the rows, rank one."""
    document = with_fields({"name": "n", "type": "integer"})
    table = pa.table({"n": list(range(300))})
    stored = published(zones, take_in(zones, register, document, table))
    assert stored["person_id"].to_pylist() == list(range(300))
    assert set(stored["_rank"].to_pylist()) == {1}
    assert stored["n"].to_pylist() != list(range(300))


def test_a_reference_table_has_no_people(zones: Zones, register: Register) -> None:
    """With privacy_unit none there is neither person_id nor rank."""
    document = with_fields({"name": "code", "type": "string"}, privacy_unit="none")
    table = pa.table({"code": ["x", "y"]})
    publication = take_in(zones, register, document, table)
    assert published(zones, publication).column_names == ["code"]
    assert publication.spine_version is None


def test_tables_of_one_dataset_share_a_file(zones: Zones, register: Register) -> None:
    """Two resources become two tables of one version, their people linked."""
    document = package()
    second = {**document["resources"][0], "name": "again"}
    document["resources"].append(second)
    table = rows(*SEVEN)
    publication = onboard(
        load(document, zones.home),
        zones,
        register,
        sources={name: TableSource(name, table) for name in ("earnings", "again")},
    )
    one, two = (published(zones, publication, name) for name in ("earnings", "again"))
    assert set(one["person_id"].to_pylist()) == set(two["person_id"].to_pylist())
    assert len(list(zones.folder("research").iterdir())) == 1


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow"])
def test_every_format_comes_to_the_same(
    zones: Zones, register: Register, tmp_path: Path, kind: str
) -> None:
    """CSV, typed Parquet and typed Arrow of the same rows publish the same values."""
    typed = pa.table(
        {
            "nr": pa.array(["a", "b", "c"]),
            "tax_year": pa.array([2010, 2011, 2012], pa.int32()),
            "region": pa.array(["North", None, "Wales"]).dictionary_encode(),
            "pay": pa.array([1.25, None, 200000.75]),
        }
    )
    file = tmp_path / f"earnings.{kind}"
    if kind == "csv":
        file.write_text(
            "nr,tax_year,region,pay\na,2010,North,1.25\nb,2011,,NA\nc,2012,Wales,200000.75\n"
        )
    elif kind == "parquet":
        pq.write_table(typed, file)
    else:
        with (
            pa.OSFile(str(file), "wb") as sink,
            pa.ipc.new_file(sink, typed.schema) as w,
        ):
            w.write_table(typed)
    document = package()
    document["resources"][0]["path"] = file.name
    publication = onboard(load(document, tmp_path), zones, register)
    stored = published(zones, publication).to_pylist()
    seen = {row["tax_year"]: (row["region"], row["pay"]) for row in stored}
    assert seen == {
        2010: ("North", 125),
        2011: (None, None),
        2012: ("Wales", 20_000_000),
    }


def test_an_empty_table_is_not_published(zones: Zones, register: Register) -> None:
    """A source without rows names the resource, and leaves nothing behind."""
    empty = rows(*SEVEN).slice(0, 0)
    with pytest.raises(Invalid) as caught:
        take_in(zones, register, package(), empty)
    assert caught.value.path == "resources[0]"
    assert "the source has none" in caught.value.message
    assert not list(zones.folder("research").iterdir())


def test_a_laboratory_may_publish_an_empty_table(
    zones: Zones, register: Register
) -> None:
    """Where no row is expected, an empty table is a table like any other."""
    empty = rows(*SEVEN).slice(0, 0)
    publication = take_in(zones, register, package(), empty, fewest_rows=0)
    assert published(zones, publication).num_rows == 0


def test_nothing_but_rejects_is_not_published(zones: Zones, register: Register) -> None:
    """Where every row is rejected, the error says by which columns and reasons."""
    table = rows(("a", "never", "North", 1), ("b", 2010, "East", 1))
    with pytest.raises(Invalid, match="tax_year type 1, region range 1"):
        take_in(zones, register, package(), table)


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (("nr", "tax_year", "region"), "resources[0].schema.fields[3].name"),
        (("nr", "tax_year", "region", "pay", "extra"), "earnings"),
    ],
)
def test_source_and_manifest_name_the_same_columns(
    zones: Zones, register: Register, names: tuple[str, ...], path: str
) -> None:
    """A missing column names its field, an unknown one its source."""
    table = rows(tuple(["x"] * len(names)), names=names)
    with pytest.raises(Invalid) as caught:
        take_in(zones, register, package(), table)
    assert caught.value.path == path


def test_types_that_cannot_be_published_are_named(
    zones: Zones, register: Register
) -> None:
    """A column of lists is an error about that field's type."""
    document = with_fields({"name": "x"})
    with pytest.raises(Invalid) as caught:
        take_in(zones, register, document, pa.table({"x": [[1], [2]]}))
    assert caught.value.path == "resources[0].schema.fields[0].type"


def test_a_version_is_immutable_and_its_owners(
    zones: Zones, register: Register
) -> None:
    """A published file can be read by its owner alone, and written by nobody."""
    publication = take_in(zones, register, package(), rows(*SEVEN))
    mode = stat.S_IMODE((zones.home / publication.file).stat().st_mode)
    assert mode == 0o400


def test_an_intake_leaves_no_work_behind(zones: Zones, register: Register) -> None:
    """After an intake the zones hold the version, the spine and the lock."""
    publication = take_in(zones, register, package(), rows(*SEVEN))
    files = {name for name in every_file(zones.home) if name.startswith("zones")}
    assert files == {
        publication.file.as_posix(),
        "zones/linkage/residents.1.duckdb",
        "zones/landing/lock",
    }


def test_only_the_files_own_key_opens_it(zones: Zones, register: Register) -> None:
    """Destroying a version's key makes the version unreadable."""
    publication = take_in(zones, register, package(), rows(*SEVEN))
    other = take_in(zones, register, package(name="other"), rows(*SEVEN))
    with (
        pytest.raises(Exception, match="Wrong encryption key"),
        opened(zones, publication.file, other.key_name),
    ):
        pass


def test_one_intake_at_a_time(zones: Zones, register: Register) -> None:
    """While one intake holds the home, another says so and does nothing."""
    with zones.locked(), pytest.raises(Invalid, match="another intake is running"):
        take_in(zones, register, package(), rows(*SEVEN))
    assert not register.switched


def test_a_look_counts_and_publishes_nothing(zones: Zones, tmp_path: Path) -> None:
    """Checking a manifest counts its rejects and leaves only the lock behind."""
    file = tmp_path / "earnings.csv"
    file.write_text("nr,tax_year,region,pay\na,2010,North,1\nb,1900,North,1\n")
    (counts,) = inspect(load(package(), tmp_path), zones)
    assert (counts.landed, counts.rejected) == (2, 1)
    assert {n for n in every_file(zones.home) if n.startswith("zones")} == {
        "zones/landing/lock"
    }


def test_little_memory_is_enough(zones: Zones, register: Register) -> None:
    """An intake larger than the engine's memory spills, encrypted, and finishes."""
    many = pa.table(
        {
            "nr": pa.array([f"canary-{i % 60_000:09}" for i in range(200_000)]),
            "tax_year": pa.array([2015] * 200_000),
            "region": pa.array(["North"] * 200_000),
            "pay": pa.array([float(i) for i in range(200_000)]),
        }
    )
    publication = onboard(
        load(package(), zones.home),
        zones,
        register,
        sources={"earnings": TableSource("earnings", many)},
        options=Options(memory_mib=64),
    )
    assert publication.counts[0].people == 60_000
