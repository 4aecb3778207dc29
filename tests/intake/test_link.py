from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from connectors import Invalid
from tests.intake.support import Register, new_zones, opened, package, take_in
from tre.intake import Zones
from tre.keystore import Keystore

KINDS = {
    "local": "local-id",
    "nhs": "nhs-number",
    "forename": "forename",
    "name": "full-name",
    "sex": "sex",
    "phone": "phone",
    "surname": "surname",
    "born": "date-of-birth",
    "code": "postcode",
    "street": "address",
    "town": "address",
    "number": "other",
}
VALID = "9434765919"
OTHER_VALID = "4010232137"


def _package(name: str, columns: list[str], **link: Any) -> dict[str, Any]:
    document = package(name=name)
    resource = document["resources"][0]
    resource["name"] = name
    resource["schema"]["fields"] = [
        {"name": one, "tre": {"role": "identifier", "kind": KINDS[one]}}
        for one in columns
    ] + [{"name": "n", "type": "integer"}]
    resource["tre"]["link"] = {"identifiers": columns, **link}
    return document


def _link(
    tmp_path, *tables: list[dict[str, str]], **link: Any
) -> list[list[int | None]]:
    """The people of each table's rows, taken in one after another."""
    zones, register = new_zones(tmp_path), Register()
    found = []
    for at, records in enumerate(tables):
        columns = list(dict.fromkeys(key for record in records for key in record))
        document = _package(f"t{at}", columns, **link)
        rows = _rows(records, columns)
        publication = take_in(zones, register, document, rows, fewest_rows=0)
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
    one = {"forename": "Zo", "born": "1980-01-02", "street": "High St", "town": "Ely"}
    two = {"forename": "Zoe", "born": "1980-01-02", "street": "Ely", "town": "High St."}
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
    """A record that fits one person by number and another by name is neither's."""
    zoe = {**ZOE, "nhs": VALID}
    ole = {"nhs": OTHER_VALID, "forename": "Ole", "surname": "Berg"}
    ole = {**ole, "born": "1970-01-01", "code": "X"}
    both = {**ZOE, "nhs": OTHER_VALID}
    ((a, b), (c,), (d, e)) = _link(tmp_path, [zoe, ole], [both], [zoe, ole])
    assert len({a, b, c}) == 3
    assert (d, e) == (a, b)


HOME = {"surname": "Lund", "born": "1980-01-02", "code": "SW1A 1AA"}
HOME = {**HOME, "street": "1 High St", "town": "Ely"}


@pytest.mark.parametrize("apart", [False, True], ids=["one dataset", "two datasets"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"forename": "Amy"}, {"forename": "Ruth"}),
        ({"forename": "Alex", "sex": "F"}, {"forename": "Alex", "sex": "male"}),
        ({"forename": "Amy", "phone": "01 2"}, {"forename": "Ruth", "phone": "01 2"}),
        ({"nhs": VALID}, {"nhs": OTHER_VALID}),
    ],
    ids=["forename", "sex", "one telephone", "numbers"],
)
def test_twins_at_one_address_are_two_people(tmp_path, one, other, apart) -> None:
    """What a household shares, birthday included, does not outweigh what differs."""
    twins = [{**HOME, **one}, {**HOME, **other}]
    found = _link(tmp_path, *([[one] for one in twins] if apart else [twins]))
    assert len({person for people in found for person in people}) == 2


def test_who_fits_both_twins_is_neither(tmp_path) -> None:
    """A record without a forename does not bring the twins of an address together."""
    amy, ruth = {**HOME, "forename": "Amy"}, {**HOME, "forename": "Ruth"}
    ((a, b, c),) = _link(tmp_path / "one", [amy, ruth, HOME])
    assert len({a, b, c}) == 3
    ((a, b), (c,)) = _link(tmp_path / "two", [amy, ruth], [HOME])
    assert len({a, b, c}) == 3


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"forename": "Mary"}, True),
        ({"born": "1971-05-09"}, True),
        ({"forename": "Mary", "born": "1971-05-09"}, False),
    ],
)
def test_a_number_outweighs_one_difference(tmp_path, changed, same) -> None:
    """Another forename or another birthday may be; both are another person's."""
    zoe = {**ZOE, "nhs": VALID}
    ((a,), (b,)) = _link(tmp_path, [zoe], [{**zoe, **changed}])
    assert (a == b) == same


def test_a_number_of_many_joins_nobody(tmp_path) -> None:
    """What is written for whoever gave no number is nobody's."""
    made_up = [
        {
            "number": "99999",
            "surname": "Lund",
            "forename": f"Name{at}",
            "code": f"C{at}",
        }
        for at in range(20)
    ]
    (people,) = _link(tmp_path, made_up)
    assert len(set(people)) == 20


def test_a_full_name_agrees_with_its_parts(tmp_path) -> None:
    """Forename and surname in one field are read as two."""
    whole = {"name": "Zoë O'Brien", "born": "1980-01-02"}
    parts = {"forename": "Zoe", "surname": "OBrien", "born": "1980-01-02"}
    ((a,), (b,)) = _link(tmp_path, [whole], [parts])
    assert a == b


def test_a_dataset_may_bring_its_own_passes(tmp_path) -> None:
    """Only what the manifest lists joins records, beside equal local ids."""
    moved = {**ZOE, "code": "CB7 4XX"}
    ((a, b),) = _link(tmp_path / "usual", [ZOE, moved])
    assert a == b
    strict = {"passes": [["name", "date-of-birth", "postcode"]]}
    ((a, b, c),) = _link(
        tmp_path / "own", [ZOE, moved, {**ZOE, "street": "A"}], **strict
    )
    assert a == c != b


def test_the_same_rows_again_are_the_same_records(tmp_path) -> None:
    """A new version of a dataset adds to the spine only who is new in it."""
    first, second = _link(tmp_path, [ZOE], [ZOE, {**ZOE, "forename": "Ole"}])
    assert first == second[:1]
    zones = Zones(tmp_path, Keystore.open(tmp_path / "keys"))
    file = zones.spine("residents")
    with opened(zones, file, zones.key_name(file)) as connection:
        assert connection.execute("SELECT count(*) FROM f.record").fetchone() == (2,)


WOMAN = {"nhs": VALID, "name": "Jo Bell", "born": "1980-02-03"}
STRANGER = {"nhs": OTHER_VALID, "name": "Al Frey", "born": "1990-05-06"}
BY_NAME = [["name", "date-of-birth"]]


NUMBER = {"nhs": VALID}
NAMED = {"name": "Jo Bell", "born": "1980-02-03"}


@pytest.mark.parametrize(
    ("probe", "passes", "cap"),
    [
        ([NUMBER, NAMED], None, 2),
        ([NUMBER, NUMBER, NAMED], None, 1),
        ([WOMAN, WOMAN, NUMBER], None, 1),
        ([NUMBER, {**NUMBER, "name": "Jo Bell"}], BY_NAME, 2),
    ],
)
def test_counts_do_not_tell_who_is_known(tmp_path, probe, passes, cap) -> None:
    """A steward is told the same whoever is in the population's other data."""
    columns = list(WOMAN)
    told = []
    for at, others in enumerate(([STRANGER], [STRANGER, WOMAN], [*probe, WOMAN])):
        zones, register = new_zones(tmp_path / str(at)), Register()
        take_in(zones, register, _package("clinic", columns), _rows(others, columns))
        document = _package("probe", columns, **({"passes": passes} if passes else {}))
        document["resources"][0]["tre"]["rows_per_person"] = cap
        rows = _rows([*probe, {"nhs": "1"}], columns)
        publication = take_in(zones, register, document, rows, fewest_rows=0)
        told.append(publication.counts)
    assert told[1] == told[0]
    assert told[2] == told[0]


@pytest.mark.parametrize("known", [[STRANGER], [STRANGER, {"nhs": VALID}]])
def test_a_table_is_refused_for_its_own_rows_alone(tmp_path, known) -> None:
    """Whether any row can be published does not rest on who is known already."""
    zones, register = new_zones(tmp_path), Register()
    columns = list(WOMAN)
    take_in(zones, register, _package("clinic", columns), _rows(known, columns))
    document = _package("probe", columns, passes=BY_NAME)
    with pytest.raises(Invalid, match="no row of 1 could be published"):
        take_in(zones, register, document, _rows([{"nhs": VALID}], columns))


def _rows(records: list[dict[str, str]], columns: list[str]) -> pa.Table:
    """Records as a table of text, and a number."""
    return pa.table(
        {one: pa.array([r.get(one) for r in records], pa.string()) for one in columns}
        | {"n": list(range(len(records)))}
    )


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
