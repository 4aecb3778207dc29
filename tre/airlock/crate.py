"""RO-Crate 1.1 metadata of what is carried out, from signed documents alone.

Modelled on the Five Safes RO-Crate profile, with a `DisclosureCheck` action for what
the gateway did and one for what people decided. The profile's mandatory workflow
entity does not fit a query, so conformance to it is not claimed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

METADATA: Final = "ro-crate-metadata.json"
DECISION: Final = "decision.json"
RECEIPTS: Final = "receipts/"

_CONTEXT: Final = (
    "https://w3id.org/ro/crate/1.1/context",
    {
        "DisclosureCheck": "https://w3id.org/shp#DisclosureCheck",
        "policy": "https://w3id.org/shp#policy",
    },
)


def described(
    parts: Mapping[str, bytes],
    receipts: Mapping[str, Mapping[str, Any]],
    decision: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The metadata: the whole, each file with its hash, and what checked them.

    `receipts` by release. It follows from what it describes, so whoever has the
    package can make it again and compare.
    """
    checks = [_automatic(each) for each in receipts.values()]
    if decision is not None:
        checks.append(_by_people(decision))
    last = decision or next(iter(receipts.values()))
    title, told = _words(receipts, decision)
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": told,
        "datePublished": last["log"]["record"]["at"],
        "license": {"@id": "#terms"},
        "hasPart": [{"@id": name} for name in sorted(parts)],
        "mentions": [{"@id": check["@id"]} for check in checks],
    }
    files = [_file(name, data) for name, data in sorted(parts.items())]
    return {
        "@context": list(_CONTEXT),
        "@graph": [_ABOUT, root, _TERMS, *checks, *files],
    }


def _words(
    receipts: Mapping[str, Mapping[str, Any]], decision: Mapping[str, Any] | None
) -> tuple[str, str]:
    if decision is not None:
        said = decision["context"]
        told = f"{said['what']}\n\n{said['why']}\n\nFor: {said['for_whom']}"
        return said["title"], told
    ((release_id, receipt),) = receipts.items()
    question = receipt["question"]
    title = f"Release {release_id} of the project {question['project']}"
    return title, question["text"]


def _file(name: str, data: bytes) -> dict[str, Any]:
    return {
        "@id": name,
        "@type": "File",
        "name": name.rpartition("/")[2],
        "contentSize": str(len(data)),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


_ABOUT: Final = {
    "@id": METADATA,
    "@type": "CreativeWork",
    "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    "about": {"@id": "./"},
}
_TERMS: Final = {
    "@id": "#terms",
    "@type": "CreativeWork",
    "name": "Terms of the project it was released to",
    "description": "Figures are noised; quote them with their intervals.",
}


def _automatic(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """What the gateway did to a release: its rules, parameters and price."""
    body, release_id = receipt["body"], receipt["release"]
    return {
        "@id": f"#check-{release_id}",
        "@type": "DisclosureCheck",
        "name": "Differential privacy, then disclosure rules on noised values",
        "endTime": receipt["log"]["record"]["at"],
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
        "object": {"@id": f"{RECEIPTS}{release_id}.json"},
        "policy": json.dumps(body["policy"], sort_keys=True),
        "additionalProperty": [
            _property("price", body["price"]),
            _property("mechanisms", body["mechanisms"]),
            _property("verdicts", body["disclosure"]),
        ],
    }


def _by_people(decision: Mapping[str, Any]) -> dict[str, Any]:
    votes = [f"{v['verdict']}: {v['reason']}" for v in decision["votes"]]
    return {
        "@id": "#check-airlock",
        "@type": "DisclosureCheck",
        "name": "Independent output checkers",
        "endTime": decision["log"]["record"]["at"],
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
        "object": {"@id": DECISION},
        "description": "\n".join(votes),
    }


def _property(name: str, value: object) -> dict[str, Any]:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return {"@type": "PropertyValue", "name": name, "value": text}
