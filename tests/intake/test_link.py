from __future__ import annotations

from typing import Any

import pyarrow as pa

from tests.intake.support import Register, new_zones, package, take_in

KINDS = {
    "local": "local-id",
    "nhs": "nhs-number",
    "forename": "forename",
    "surname": "surname",
    "born": "date-of-birth",
    "code": "postcode",
    "street": "address",
    "town": "address",
    "number": "other",
}
VALID = "9434765919"
OTHER_VALID = "4010232137"


def _package(name: str, columns: list[str]) -> dict[str, Any]:
    document = package(name=name)
    resource = document["resources"][0]
    resource["name"] = name
    resource["schema"]["fields"] = [
        {"name": one, "tre": {"role": "identifier", "kind": KINDS[one]}}
        for one in columns
    ] + [{"name": "n", "type": "integer"}]
    resource["tre"]["link"] = {"identifiers": columns}
    return document


def _link(tmp_path, *tables: list[dict[str, str]]) -> list[list[int | None]]:
    """The people of each table's rows, taken in one after another."""
    zones, register = new_zones(tmp_path), Register()
    found = []
    for at, records in enumerate(tables):
        columns = list(dict.fromkeys(key for record in records for key in record))
        table = pa.table(
            {
                one: pa.array([r.get(one) for r in records], pa.string())
                for one in columns
            }
            | {"n": list(range(len(records)))}
        )
        document = _package(f"t{at}", columns)
        publication = take_in(zones, register, document, table, fewest_rows=0)
        assert publication.links is not None
        found.append(publication.links["person"].to_pylist())
    return found


ZOE = {"forename": "Zoe", "surname": "Lund", "born": "1980-01-02", "code": "SW1A 1AA"}


def test_equal_local_ids_are_one_person(tmp_path) -> None:
    """One id space: the same local id is the same person, another id another."""
    ((a, b, c),) = _link(tmp_path, [{"local": "1"}, {"local": "1"}, {"local": "01"}])
    assert a == b != c


def test_local_ids_overrule_everything_else(tmp_path) -> None:
    """People with different local ids stay apart, however alike they are."""
    one, two = {**ZOE, "local": "1"}, {**ZOE, "local": "2"}
    ((a, b), (c,)) = _link(tmp_path, [one, two], [{**ZOE, "local": "3"}])
    assert len({a, b, c}) == 3


def test_contradictions_fall_back_on_local_ids(tmp_path) -> None:
    """A record without a local id does not chain two people who have them."""
    one, two = {**ZOE, "local": "1"}, {**ZOE, "local": "2"}
    ((a, b, _, d),) = _link(tmp_path, [one, two, ZOE, {"local": "1"}])
    assert a != b
    assert a == d


def test_name_and_birth_link_across_datasets(tmp_path) -> None:
    """A misspelt postcode does not keep name and date of birth from agreeing."""
    ((a,), (b,)) = _link(tmp_path, [ZOE], [{**ZOE, "code": "SW1A 1AB"}])
    assert a == b


def test_a_household_is_not_a_person(tmp_path) -> None:
    """Surname, postcode and address alone join nobody."""
    home = {"surname": "Lund", "code": "SW1A 1AA", "street": "High St", "town": "Ely"}
    one = {**home, "forename": "Zoe", "born": "1980-01-02"}
    two = {**home, "forename": "Ole", "born": "1979-05-06"}
    ((a, b),) = _link(tmp_path, [one, two])
    assert a != b


def test_a_valid_number_links_alone(tmp_path) -> None:
    """An NHS number that passes its check links; one that fails needs company."""
    first = [
        {"nhs": VALID, "forename": "Zoe"},
        {"nhs": "1111111112", "forename": "Ole"},
    ]
    second = [{"nhs": VALID, "forename": "Zo"}, {"nhs": "1111111112", "forename": "Ol"}]
    ((a, b), (c, d)) = _link(tmp_path, first, second)
    assert a == c
    assert b != d


def test_any_other_number_needs_company(tmp_path) -> None:
    """A number of no known kind links beside a birth date, not on its own."""
    first = [{"number": "77", "born": "1980-01-02", "forename": "Zoe"}]
    ((a,), (b, c)) = _link(
        tmp_path,
        first,
        [
            {"number": "77", "born": "1980-01-02", "forename": "Zo"},
            {"number": "77", "born": "1999-01-02", "forename": "Ole"},
        ],
    )
    assert a == b != c


def test_addresses_agree_across_columns(tmp_path) -> None:
    """Address lines written in each other's place still agree."""
    one = {"forename": "Z", "born": "1980-01-02", "street": "High St", "town": "Ely"}
    two = {"forename": "Y", "born": "1980-01-02", "street": "Ely", "town": "High St."}
    ((a,), (b,)) = _link(tmp_path, [one], [two])
    assert a == b


def test_the_ambiguous_match_nobody(tmp_path) -> None:
    """A record that fits two known people equally well becomes a third."""
    twins = [{**ZOE, "nhs": VALID}, {**ZOE, "nhs": OTHER_VALID}]
    ((a,), (b,), (c,)) = _link(
        tmp_path,
        [twins[0]],
        [{**twins[1], "forename": "Ida", "born": "1981-01-01"}],
        [{"forename": "Ida", "surname": "Lund", "born": "1990-01-01", "nhs": ""}],
    )
    assert len({a, b, c}) == 3


def test_people_already_known_are_never_merged(tmp_path) -> None:
    """A record that fits one person by number and another by name joins the first."""
    zoe, ole = (
        {**ZOE, "nhs": VALID},
        {
            "nhs": OTHER_VALID,
            "forename": "Ole",
            "surname": "Berg",
            "born": "1970-01-01",
            "code": "X",
        },
    )
    both = {**ZOE, "nhs": OTHER_VALID}
    ((a, b), (c,), (d, e)) = _link(tmp_path, [zoe, ole], [both], [zoe, ole])
    assert a != b
    assert c == b
    assert (d, e) == (a, b)


def test_rows_without_enough_identity_are_dropped(tmp_path) -> None:
    """A forename alone, where more was declared, is nobody."""
    ((a, b),) = _link(tmp_path, [ZOE, {"forename": "Zoe"}])
    assert a == 0
    assert b is None


def test_a_chain_of_agreements_is_one_person(tmp_path) -> None:
    """A agrees with B by name, B with C by number: one person, in any order."""
    a = {**ZOE, "number": "1"}
    b = {**ZOE, "number": "2"}
    c = {
        "forename": "Zo",
        "surname": "L",
        "born": "1980-01-02",
        "number": "2",
        "code": "Y",
    }
    for at, order in enumerate(([a, b, c], [c, a, b], [b, c, a])):
        (people,) = _link(tmp_path / str(at), order)
        assert len(set(people)) == 1
