"""The catalogue for everybody: pages, DCAT, Croissant, made-up rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.csv as pacsv
import pytest

from tests.ways_in.conftest import Said, Served
from tests.ways_in.pages import outline
from tests.ways_in.world import package

NAME = str(package()["name"])


@pytest.mark.parametrize("path", ["/catalogue", f"/catalogue/{NAME}"])
def test_pages_need_no_account_and_no_script(served: Served, path: str) -> None:
    """A page has one heading, a language, named tables, and nothing from elsewhere."""
    with served.http(None) as http:
        said = http.get(path)
        assert said.status_code == 200
        tags = outline(said.text)
        assert "default-src 'none'" in said.headers["content-security-policy"]
        for _, attributes in tags:
            for place in filter(None, map(attributes.get, ("href", "src"))):
                assert place.startswith(("/", "#"))
                assert "#" in place or http.get(place).status_code == 200, place


def test_a_codebook_has_every_public_fact(served: Served) -> None:
    """Every published column is on the page with its keys; no identifier is."""
    with served.http(None) as http:
        page = http.get(f"/catalogue/{NAME}").text
    fields = package()["resources"][0]["schema"]["fields"]
    for field in fields:
        hidden = (field.get("tre") or {}).get("role") == "identifier"
        there = f'<th scope="row">{field["name"]}</th>' in page
        assert there is not hidden
        for key in (field.get("constraints") or {}).get("enum", []):
            assert str(key) in page


def test_an_unknown_dataset_is_not_found(served: Served) -> None:
    """A name that is not there is a problem by name, in each of the forms."""
    with served.http(None) as http:
        for path in ("/catalogue/nowhere", "/v1/catalogue/nowhere"):
            assert http.get(path).status_code == 404


def test_dcat_names_what_it_is_for(served: Served) -> None:
    """The catalogue in JSON-LD has every dataset with publisher and access rights."""
    with served.http(None) as http:
        said = http.get("/v1/catalogue")
        document = said.json()
    assert said.headers["content-type"] == "application/ld+json"
    assert document["@type"] == "dcat:Catalog"
    (dataset,) = document["dcat:dataset"]
    assert dataset["dct:identifier"] == NAME
    assert dataset["dct:accessRights"]["@id"].endswith("/RESTRICTED")
    assert dataset["dct:publisher"]["foaf:name"]


def test_croissant_refers_to_what_it_lists(served: Served) -> None:
    """Every reference of a field is to a field of the document, with its values."""
    with served.http(None) as http:
        document = http.get(f"/v1/catalogue/{NAME}").json()
    assert document["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    sets = document["recordSet"]
    there = {field["@id"] for one in sets for field in one["field"]}
    assert len(there) == sum(len(one["field"]) for one in sets)
    references = [
        field["references"]["field"]["@id"]
        for one in sets
        for field in one["field"]
        if "references" in field
    ]
    assert references
    assert set(references) <= there
    assert "distribution" not in document


def test_made_up_tables_are_written(tre: Callable[..., Said], tmp_path: Path) -> None:
    """A CSV file a table, with its public columns and joining person numbers."""
    said = tre(
        "dataset", "dummy", NAME, "-o", tmp_path / "d", "--rows", 50, "--seed", 1
    )
    assert said.status == 0, said
    for file in sorted((tmp_path / "d").iterdir()):
        made = pacsv.read_csv(file)
        assert 0 < made.num_rows <= 50
        assert "person_id" in made.column_names
    assert tre("dataset", "dummy", "nowhere", "-o", tmp_path).status == 3
