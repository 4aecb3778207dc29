"""The catalogue as DCAT (W3C, version 3) in JSON-LD, for catalogues that harvest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

CONTEXT: Final = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

RESTRICTED: Final = (
    "http://publications.europa.eu/resource/authority/access-right/RESTRICTED"
)
"""Nobody is given rows: approved researchers ask questions."""


def catalogue(datasets: Iterable[Mapping[str, Any]], address: str) -> dict[str, object]:
    """The datasets (as `tre.describe` has them) as one `dcat:Catalog`.

    `address` is where this environment's interface is, without a slash at the end.
    """
    return {
        "@context": CONTEXT,
        "@id": f"{address}/catalogue",
        "@type": "dcat:Catalog",
        "dct:title": "Datasets that questions may be asked of",
        "dct:description": "Nobody is shown a row: answers are noised.",
        "dcat:dataset": [_dataset(one, address) for one in datasets],
    }


def _dataset(facts: Mapping[str, Any], address: str) -> dict[str, object]:
    place = f"{address}/catalogue/{facts['name']}"
    found = {
        "@id": place,
        "@type": "dcat:Dataset",
        "dct:identifier": facts["name"],
        "dct:title": facts["title"] or facts["name"],
        "dct:description": facts["description"],
        "dcat:version": facts["version"],
        "dct:publisher": {
            "@type": "foaf:Organization",
            "foaf:name": facts["controller"],
        },
        "dct:accessRights": {"@id": RESTRICTED},
        "dct:rights": facts["legal_basis"],
        "dcat:landingPage": {"@id": place},
        "dcat:keyword": [table["name"] for table in facts["tables"]],
    }
    return {key: value for key, value in found.items() if value}
