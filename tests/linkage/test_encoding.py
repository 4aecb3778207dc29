"""Encoded records link nearly as well as open ones, and show nothing."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from scipy import stats

from connectors.errors import Invalid
from tests.linkage.febrl import DATASET_4, brought, documented, fetched, quality
from tre.demo.prepare import answers
from tre.encode import encode
from tre.intake.bloom import FLIPPED, LENGTH, Encoder, parts
from tre.intake.resemble import _bits as _bits_of
from tre.intake.resemble import coefficients
from tre.lab import Lab
from tre.manifest import Kind, columns, load
from tre.shuffle import write_shuffled

SECRET = b"a secret of the controllers' own"
ZOE = [(Kind.FORENAME, "zoe"), (Kind.SURNAME, "lund"), (Kind.SEX, None)]


def _bits(text: str) -> np.ndarray:
    packed = np.frombuffer(base64.b64decode(text), np.uint8)
    return np.unpackbits(packed).astype(np.float32)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A secret in a file of its owner's."""
    file = tmp_path / "secret"
    file.write_bytes(SECRET)
    file.chmod(0o600)
    return file


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A small dataset of people, and a reference table."""
    (tmp_path / "people.csv").write_text(
        "nhs,name,born,region,notes\n9434765919,Zoë Lund,1980-01-02,north,canary\n"
        ",Ole Berg,NA,south,canary\n,,,north,canary\n"
    )
    (tmp_path / "places.csv").write_text("region,area\nnorth,12\nsouth,9\n")
    name = {"name": "name", "tre": {"role": "identifier", "kind": "full-name"}}
    nhs = {"name": "nhs", "tre": {"role": "identifier", "kind": "nhs-number"}}
    year = {"from": "year", "minimum": 1900, "maximum": 2020}
    born = {"role": "identifier", "kind": "date-of-birth", "derive": {"year": year}}
    document = {
        "name": "people",
        "tre": {"controller": "A", "legal_basis": "B", "population": "residents"},
        "resources": [
            {
                "name": "people",
                "path": "people.csv",
                "tre": {
                    "privacy_unit": "person",
                    "rows_per_person": 1,
                    "link": {"identifiers": ["nhs", "name", "born"]},
                },
                "schema": {
                    "missingValues": ["", "NA"],
                    "fields": [
                        nhs,
                        name,
                        {"name": "born", "type": "date", "tre": born},
                        {"name": "region", "constraints": {"enum": ["north", "south"]}},
                        {"name": "notes", "tre": {"role": "free-text"}},
                    ],
                },
            },
            {
                "name": "places",
                "path": "places.csv",
                "tre": {"privacy_unit": "none"},
                "schema": {"fields": [{"name": "region"}, {"name": "area"}]},
            },
        ],
    }
    file = tmp_path / "datapackage.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


def test_the_same_record_has_one_encoding() -> None:
    """Encoding twice tells no more than once: the same coins fall the same way."""
    one, other = Encoder(SECRET).encode(ZOE), Encoder(SECRET).encode(reversed(ZOE))
    assert one == other
    assert Encoder(SECRET[::-1]).encode(ZOE) != one
    assert Encoder(SECRET).encode([(Kind.SEX, None)]) == ""
    assert SECRET.decode() not in repr(Encoder(SECRET))


def test_similar_records_have_similar_encodings() -> None:
    """One letter changes the coefficient a little; another person's is far off."""
    encoder = Encoder(SECRET)
    whole = [(Kind.FORENAME, "albert"), (Kind.SURNAME, "lundgren")]
    near = [(Kind.FORENAME, "albert"), (Kind.SURNAME, "lundgrem")]
    far = [(Kind.FORENAME, "ruth"), (Kind.SURNAME, "obrien")]
    rows = np.array([_bits(encoder.encode(one)) for one in (whole, near, far)])
    dice = coefficients(rows, rows)[0]
    assert dice[0] == 1
    assert dice[1] > dice[2] + 0.2


def test_a_name_does_not_show_where_it_is_a_surname() -> None:
    """Each kind has a key of its own: the same word sets other bits."""
    encoder = Encoder(SECRET)
    one = _bits(encoder.encode([(Kind.FORENAME, "james")]))
    other = _bits(encoder.encode([(Kind.SURNAME, "james")]))
    assert coefficients(one[None], other[None])[0, 0] < 0.6


def test_bits_are_flipped_as_often_as_said() -> None:
    """Of bits no identifier sets, half of FLIPPED are on: within five deviations."""
    encoder = Encoder(SECRET)
    sizes = 400
    on = sum(
        int(_bits(encoder.encode([(Kind.SEX, f"{at}")])).sum()) for at in range(sizes)
    )
    set_bits = 0
    for at in range(sizes):
        places = [encoder._places(Kind.SEX, part) for part in parts(Kind.SEX, f"{at}")]
        set_bits += len(np.unique(np.concatenate(places)))
    coins = sizes * LENGTH - set_bits
    expected = coins * FLIPPED / 2 + set_bits * (1 - FLIPPED / 2)
    assert abs(on - expected) < 5 * np.sqrt(coins * FLIPPED / 2)


def test_what_is_handed_over_has_no_identifiers(manifest, secret, tmp_path) -> None:
    """The new dataset has attributes, derived parts and encodings, and loads."""
    encoded = encode(manifest, tmp_path / "out", secret)
    table = pq.read_table(tmp_path / "out" / "people.parquet")
    assert table.column_names == ["encoding", "region", "year"]
    rows = sorted(table.to_pylist(), key=lambda row: row["encoding"] or "")
    assert rows[0] == {"encoding": None, "region": "north", "year": None}
    assert {row["year"] for row in rows if row["encoding"]} == {1980, None}
    written = "".join(
        file.read_bytes().decode("latin-1") for file in (tmp_path / "out").iterdir()
    )
    for canary in ("9434765919", "Lund", "lund", "canary", SECRET.decode()):
        assert canary not in written
    loaded = load(encoded.manifest)
    assert loaded.resources[0].table_schema.fields[0].tre.kind is Kind.ENCODED
    assert encoded.rows == {"people": 3, "places": 2}
    assert not encoded.left_out


def test_rows_that_cannot_be_told_apart_are_told_of(manifest, secret, tmp_path) -> None:
    """A row with a value too many is left out, and counted."""
    with (tmp_path / "people.csv").open("a") as file:
        file.write("1,2,3,4,5,6\n")
    encoded = encode(manifest, tmp_path / "out", secret)
    assert encoded.rows["people"] == 3
    assert encoded.left_out == {"people": 1}


def _changed(manifest: Path, **extension: object) -> Path:
    """The manifest of people with more said of the table, and of where it lives."""
    (manifest.parent / "areas.csv").write_text("half,area\nSW1A,inner\nCF10,outer\n")
    (manifest.parent / "people.csv").write_text(
        "nhs,name,born,code,region,gone,entry\n"
        "9434765919,Ann,1980-01-02,sw1a 1aa,north,false,a1\n"
        ",Ole,NA,CF10 1AB,south,true,a2\n"
    )
    document = yaml.safe_load(manifest.read_text())
    people = document["resources"][0]
    lookup = {"from": "lookup", "table": "areas.csv", "key": "half", "value": "area"}
    area = {**lookup, "form": "outward-postcode", "enum": ["inner", "outer"]}
    code = {"role": "identifier", "kind": "postcode", "derive": {"area": area}}
    regions = {**lookup, "table": "public/regions.csv", "enum": ["up", "down"]}
    (manifest.parent / "public").mkdir()
    (manifest.parent / "public" / "regions.csv").write_text(
        "half,area\nnorth,up\nsouth,down\n"
    )
    fields = people["schema"]["fields"]
    people["schema"]["fields"] = [
        *fields[:3],
        {"name": "code", "tre": code},
        {"name": "region", "tre": {"generalise": regions}},
        {"name": "gone", "type": "boolean", "tre": {"drop": True}},
        {"name": "entry", "tre": {"drop": True}},
    ]
    people["tre"] |= extension
    document["tre"]["delivery"] = {"kind": "correct", "to": "0"}
    manifest.write_text(yaml.safe_dump({**document, "resources": [people]}))
    return manifest


def test_what_tells_rows_apart_goes_along(manifest, secret, tmp_path) -> None:
    """A key that is no identifier, the mark of removal, and public tables do."""
    said = _changed(manifest, row_key=["entry"], removed="gone")
    encoded = encode(said, tmp_path / "out", secret)
    table = pq.read_table(tmp_path / "out" / "people.parquet")
    assert table.column_names == [
        *("encoding", "region", "gone", "entry", "year", "area")
    ]
    rows = {row["entry"]: row for row in table.to_pylist()}
    assert (rows["a1"]["area"], rows["a2"]["area"]) == ("inner", "outer")
    assert (rows["a1"]["gone"], rows["a2"]["gone"]) == ("false", "true")
    (loaded,) = load(encoded.manifest).resources
    assert (loaded.tre.row_key, loaded.tre.removed) == (("entry",), "gone")
    public = tmp_path / "out" / "public" / "regions.csv"
    assert public.read_text() == "half,area\nnorth,up\nsouth,down\n"
    assert public.stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "out" / "areas.csv").exists()


def test_a_key_of_identifiers_is_refused(manifest, secret, tmp_path) -> None:
    """Rows cannot be told apart by what does not leave: refused before any is read."""
    said = _changed(manifest, row_key=["entry", "nhs"])
    with pytest.raises(Invalid, match="nhs is an identifier, which does not") as caught:
        encode(said, tmp_path / "out", secret)
    assert caught.value.path == "resources[0].tre.row_key[1]"
    assert not (tmp_path / "out").exists()


def _wards(folder: Path, table: pa.Table) -> Path:
    """A manifest of people by surname in a Parquet file."""
    pq.write_table(table, folder / "wards.parquet")
    surname = {"name": "surname", "tre": {"role": "identifier", "kind": "surname"}}
    document = {
        "name": "wards",
        "tre": {"controller": "A", "legal_basis": "B", "population": "residents"},
        "resources": [
            {
                "name": "wards",
                "path": "wards.parquet",
                "format": "parquet",
                "tre": {
                    "privacy_unit": "person",
                    "rows_per_person": 1,
                    "link": {"identifiers": ["surname"]},
                },
                "schema": {"fields": [surname, {"name": "ward"}]},
            }
        ],
    }
    file = folder / "wards.json"
    file.write_text(json.dumps(document))
    return file


def test_what_a_schema_says_besides_stays_behind(secret, tmp_path) -> None:
    """Metadata of schema and fields, and categories that no row has, are free text."""
    ward = pa.DictionaryArray.from_arrays([0, 0], ["north", "canary of categories"])
    fields = [
        pa.field("surname", pa.string()),
        pa.field("ward", ward.type, metadata={"said": "canary of a field"}),
    ]
    schema = pa.schema(fields, metadata={"pandas": "canary of the schema"})
    table = pa.table([["Abbot", "Baker"], ward], schema=schema)
    encode(_wards(tmp_path, table), tmp_path / "out", secret)
    written = tmp_path / "out" / "wards.parquet"
    found = pq.read_table(written)
    assert found["ward"].to_pylist() == ["north", "north"]
    assert found.schema.metadata is None
    assert all(field.metadata is None for field in found.schema)
    assert b"canary" not in written.read_bytes()
    embedded = pq.read_metadata(written).metadata[b"ARROW:schema"]
    assert b"canary" not in base64.b64decode(embedded)


def test_rows_are_handed_over_in_an_order_of_their_own(secret, tmp_path) -> None:
    """A source sorted by surname does not sort its encodings, nor twice alike."""
    names = [f"name{place:03d}" for place in range(200)]
    table = pa.table({"surname": names, "ward": names})
    manifest = _wards(tmp_path, table)
    orders = []
    for folder in ("one", "two"):
        encode(manifest, tmp_path / folder, secret)
        found = pq.read_table(tmp_path / folder / "wards.parquet")
        orders.append(found["ward"].to_pylist())
        assert len(set(found["encoding"].to_pylist())) == 200
    assert sorted(orders[0]) == sorted(orders[1]) == names
    assert orders[0] != orders[1]
    assert names not in orders


def test_what_is_said_of_linking_and_of_columns_goes_along(
    manifest, secret, tmp_path
) -> None:
    """How similar encodings must be, the columns of match rates, and what is sensitive.

    So does what a column was made of: one made of a sensitive field is sensitive.
    """
    document = yaml.safe_load(manifest.read_text())
    resource = document["resources"][0]
    resource["tre"]["link"] |= {"similarity": 0.8, "by": ["region"], "review": 0.4}
    made = {
        "role": "sensitive",
        "derive": {"code": {"from": "codes", "codes": {"canary": "other"}}},
    }
    resource["schema"]["fields"][-1]["tre"] = made | {"drop": True}
    manifest.write_text(yaml.safe_dump(document))
    encoded = encode(manifest, tmp_path / "out", secret)
    told = load(encoded.manifest)
    link = told.resources[0].tre.link
    assert link is not None
    assert (link.similarity, link.by) == (0.8, ("region",))
    found = {each.name: each.sensitive for each in columns(told.resources[0])}
    assert found == {"region": False, "year": False, "code": True}


@pytest.mark.statistical
def test_every_order_is_as_likely(tmp_path) -> None:
    """Of three rows in two batches each of six orders comes out a sixth of the time."""
    size = 240
    file = tmp_path / "rows.parquet"
    batches = [pa.table({"row": [0, 1]}), pa.table({"row": [2]})]
    found: Counter[tuple[int, ...]] = Counter()
    for _ in range(size):
        assert write_shuffled(iter(batches), file) == 3
        found[tuple(pq.read_table(file)["row"].to_pylist())] += 1
    assert len(found) == 6
    assert stats.chisquare([*found.values()]).pvalue > 1e-6


def test_what_is_handed_over_is_its_owners_alone(manifest, secret, tmp_path) -> None:
    """Nobody else on the machine reads the folder or a file in it."""
    out = tmp_path / "out"
    out.mkdir(mode=0o755)
    encode(manifest, out, secret)
    assert out.stat().st_mode & 0o777 == 0o700
    modes = {file.stat().st_mode & 0o777 for file in out.iterdir()}
    assert modes == {0o600}


_OURS = base64.b64encode(bytes(LENGTH // 8)).decode()
MALFORMED = {
    "a name": ["JOHN SMITH", _OURS],
    "letters that are not ASCII": ["\u00e9" * 172, _OURS],
    "one short, one long": [
        base64.b64encode(bytes(64)).decode(),
        base64.b64encode(bytes(192)).decode(),
    ],
    "a line end": [_OURS + "\n", _OURS],
}


@pytest.mark.parametrize("texts", MALFORMED.values(), ids=MALFORMED)
def test_text_that_is_no_encoding_is_said_to_be_none(texts: list[str]) -> None:
    """One by one, and without quoting it: it may be somebody's name."""
    with pytest.raises(Invalid, match="1024 bits") as caught:
        _bits_of(pa.table({"record": [0, 1], "encoded": texts}))
    assert all(text not in str(caught.value) for text in texts)


def test_malformed_encodings_are_invalid_to_onboarding() -> None:
    """Text that is not ASCII is what is wrong, not a breakdown."""
    encoding = {"name": "e", "tre": {"role": "identifier", "kind": "encoded"}}
    document = {
        "name": "p",
        "tre": {"controller": "A", "legal_basis": "B", "population": "residents"},
        "resources": [
            {
                "name": "p",
                "tre": {
                    "privacy_unit": "person",
                    "rows_per_person": 1,
                    "link": {"identifiers": ["e"]},
                },
                "schema": {"fields": [encoding]},
            }
        ],
    }
    with pytest.raises(Invalid, match="1024 bits"):
        Lab({"p": pa.table({"e": [_OURS, "\u00e9" * 172]})}, document)


def test_versions_of_a_person_have_coins_of_their_own() -> None:
    """A majority over spellings undoes the coins, as the manual says."""
    encoder = Encoder(SECRET)
    surname = (Kind.SURNAME, "lundgren")
    places = {
        int(place)
        for part in parts(*surname)
        for place in encoder._places(Kind.SURNAME, part)
    }
    versions = [
        _bits(encoder.encode([surname, (Kind.OTHER, f"{at}")])) for at in range(9)
    ]
    shared = sorted(places)
    majority = np.mean(versions, axis=0)[shared] > 0.5
    flips = [(version[shared] == 0).mean() for version in versions]
    assert np.mean(flips) > 0.03
    assert majority.all()


def test_a_secret_is_kept_and_long(manifest, secret, tmp_path) -> None:
    """A secret that others can read, or a short one, encodes nothing."""
    secret.chmod(0o644)
    with pytest.raises(Invalid, match="only its owner"):
        encode(manifest, tmp_path / "out", secret)
    secret.write_bytes(b"short")
    secret.chmod(0o600)
    with pytest.raises(Invalid, match="32 bytes"):
        encode(manifest, tmp_path / "out", secret)
    with pytest.raises(Invalid, match="cannot be read"):
        encode(manifest, tmp_path / "out", tmp_path / "nowhere")


def test_nothing_is_overwritten(manifest, secret, tmp_path) -> None:
    """A folder with something in it is refused."""
    with pytest.raises(Invalid, match="empty"):
        encode(manifest, tmp_path, secret)


def test_encoded_rows_are_linked_by_intake(manifest, secret, tmp_path) -> None:
    """The same people, encoded by two controllers, are one in the environment."""
    out = encode(manifest, tmp_path / "out", secret)
    document = json.loads(out.manifest.read_text())
    resource = document["resources"][0]
    document["resources"] = [{**resource, "name": "one"}, {**resource, "name": "two"}]
    table = pq.read_table(tmp_path / "out" / "people.parquet")
    with Lab({"one": table, "two": table}, document) as lab:
        people = lab.links()["person"].to_pylist()
    assert people[:3] == people[3:]
    assert len(set(people)) == 3
    assert people.count(None) == 2


@pytest.mark.slow
def test_encoded_files_are_linked(tmp_path, secret) -> None:
    """FEBRL 4, encoded on both sides: F1 of at least 0.97."""
    import pyarrow.csv as pacsv

    folder = fetched(tmp_path / "febrl")
    tables, document = brought(folder, DATASET_4)
    for file, resource in zip(DATASET_4, document["resources"], strict=True):
        # Rows leave in an order of their own: the answer goes along as an attribute.
        name = resource["name"]
        true = pa.array(list(map(str, answers(folder, file))))
        pacsv.write_csv(
            tables[name].append_column("true", true), tmp_path / f"{name}.csv"
        )
        resource["path"] = f"{name}.csv"
        resource["schema"]["fields"].append({"name": "true"})
    (tmp_path / "datapackage.json").write_text(json.dumps(document, default=str))
    encoded = encode(tmp_path / "datapackage.json", tmp_path / "out", secret)
    handed = json.loads(encoded.manifest.read_text())
    out = tmp_path / "out"
    made = {name: pq.read_table(out / f"{name}.parquet") for name in tables}
    with Lab(made, handed) as lab:
        people = lab.links()["person"].to_pylist()
    truth = [who for table in made.values() for who in table["true"].to_pylist()]
    found = quality(people, truth)
    assert found.f1 >= 0.97
    told = documented("FEBRL 4, encoded")
    assert (found.precision, found.recall) == pytest.approx(told, abs=5e-4)
