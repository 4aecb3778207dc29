from __future__ import annotations

import hashlib
import hmac

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.intake.support import Register, new_zones, opened, package, rows, take_in
from tre.intake import Zones
from tre.intake.identity import valid
from tre.intake.passes import PASSES, signatures
from tre.intake.pseudonymise import HMAC, message, padded
from tre.intake.sql import column, literal, sql
from tre.manifest import Evidence, Kind

RFC_4231 = [
    (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (b"\x0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than "
        b"block-size data. The key needs to be hashed before being used by the HMAC "
        b"algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]


@pytest.fixture(scope="module")
def engine():
    """A plain connection."""
    with duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    ) as connection:
        yield connection


def _signed(engine, key: bytes, text: str) -> str:
    inner, outer = padded(key)
    statement = sql("SELECT " + HMAC.format(of=""), message=sql("$text")).sql("duckdb")
    parameters = {"inner": inner, "outer": outer, "text": text}
    return engine.execute(statement, parameters).fetchone()[0]


@pytest.mark.parametrize(("key", "data", "expected"), RFC_4231)
def test_hmac_is_rfc_4231s(engine, key: bytes, data: bytes, expected: str) -> None:
    """The engine's expression gives the test vectors of RFC 4231."""
    inner, outer = padded(key)
    # Two vectors are not text, so the hole is filled with bytes, not encode(text).
    signed = HMAC.format(of="").replace("encode(:message)", "$data")
    statement = sql(f"SELECT {signed}").sql("duckdb")
    parameters = {"inner": inner, "outer": outer, "data": data}
    (found,) = engine.execute(statement, parameters).fetchone()
    assert found[: len(expected)] == expected


@given(st.binary(max_size=200), st.text(max_size=200))
def test_hmac_is_the_standard_librarys(engine, key: bytes, text: str) -> None:
    """For any key and text the engine and Python agree."""
    text = text.replace("\0", "")
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    assert _signed(engine, key, text) == expected


@given(
    st.lists(st.text("ab:1 2", max_size=4), max_size=3),
    st.lists(st.text("ab:1 2", max_size=4), max_size=3),
)
def test_different_parts_are_signed_differently(engine, one, two) -> None:
    """Messages are equal only where every part is."""

    def written(parts: list[str]) -> str:
        tree = message("name", [literal(part) for part in parts])
        return engine.execute(f"SELECT {tree.sql('duckdb')}").fetchone()[0]

    assert (written(one) == written(two)) == (one == two)


@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [
        (Kind.NHS_NUMBER, "9434765919", True),
        (Kind.NHS_NUMBER, "9434765918", False),
        (Kind.NHS_NUMBER, "943476591", False),
        (Kind.NHS_NUMBER, "943476591x", False),
        (Kind.NATIONAL_INSURANCE_NUMBER, "ab123456c", True),
        (Kind.NATIONAL_INSURANCE_NUMBER, "ab123456", True),
        (Kind.NATIONAL_INSURANCE_NUMBER, "qq123456c", False),
        (Kind.NATIONAL_INSURANCE_NUMBER, "ab12345c", False),
    ],
)
def test_national_numbers_are_checked(engine, kind: Kind, number, expected) -> None:
    """Check digits and prefixes tell which numbers can have been issued."""
    tree = valid(kind, literal(number)).sql("duckdb")
    assert engine.execute(f"SELECT {tree}").fetchone() == (expected,)


def test_no_pass_rests_on_what_a_household_shares() -> None:
    """Every pass has something of the person's own: a number, name or birth date."""
    shared = {
        Evidence.SURNAME,
        Evidence.POSTCODE,
        Evidence.ADDRESS,
        Evidence.TWO_ADDRESSES,
        Evidence.CONTACT,
    }
    assert all(set(needed) - shared for needed in PASSES)


def test_a_lone_local_id_has_one_signature() -> None:
    """Where a local id is all there is, each record is signed once."""
    (signature,) = signatures([Kind.LOCAL_ID])
    assert signature.rank == 0
    assert signature.parts == (column("local_id"),)


def test_tokens_depend_on_the_population(tmp_path) -> None:
    """The same identifier has unrelated tokens under two populations' keys."""
    register = Register()

    def tokens(zones: Zones, population: str) -> set[object]:
        document = package(name=population)
        document["tre"] = {**document["tre"], "population": population}
        take_in(zones, register, document, rows(("a", 2010, "North", 1)))
        file = zones.spine(population)
        with opened(zones, file, zones.key_name(file)) as connection:
            return {
                row[0]
                for row in connection.execute("SELECT token FROM f.token").fetchall()
            }

    zones = new_zones(tmp_path)
    assert not tokens(zones, "one") & tokens(zones, "two")


def test_normal_forms_ignore_how_things_are_written(tmp_path) -> None:
    """Case, accents, punctuation and blanks do not make two people of one."""
    document = package()
    resource = document["resources"][0]
    kinds = {
        "forename": "forename",
        "surname": "surname",
        "born": "date-of-birth",
        "code": "postcode",
    }
    resource["schema"]["fields"] = [
        {
            "name": name,
            "type": "date" if name == "born" else "string",
            "tre": {"role": "identifier", "kind": kind},
        }
        for name, kind in kinds.items()
    ] + [{"name": "n", "type": "integer"}]
    resource["tre"]["link"] = {"identifiers": list(kinds)}
    table = pa.table(
        {
            "forename": ["Zoë", "ZOE ", "Zoe"],
            "surname": ["O'Brien", "obrien", "O Brien"],
            "born": ["1980-01-02", "1980-01-02", "1980-01-03"],
            "code": ["SW1A 1AA", "sw1a1aa", "SW1A1AA"],
            "n": ["1", "2", "3"],
        }
    )
    publication = take_in(new_zones(tmp_path), Register(), document, table)
    assert publication.links is not None
    first, second, third = publication.links["person"].to_pylist()
    assert first == second != third
