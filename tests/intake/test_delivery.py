"""What a manifest may say of a delivery, and where it is wrong."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from connectors.errors import Invalid
from tests.intake.delivering import delivery, keyed
from tests.intake.support import fields_of, with_fields
from tre.manifest import DeliveryKind, load


def test_a_delivery_takes_the_place_of_the_version_before() -> None:
    """Where nothing is said, nothing of the version before stays."""
    assert load(delivery("1")).delivery.kind is DeliveryKind.REPLACE
    assert not load(delivery("1")).delivery.extends


def test_a_period_is_two_days() -> None:
    """Its first and its last day, as the public reads them."""
    document = delivery("2", "append", "1")
    period = {"from": "2026-04-06", "until": "2027-04-05"}
    document["tre"]["delivery"]["period"] = period
    found = load(document).delivery.period
    assert found is not None
    assert (found.begins, found.ends) == (date(2026, 4, 6), date(2027, 4, 5))


WRONG = [
    (delivery("2", "append"), "tre.delivery.to", "adds to or corrects"),
    (delivery("2", "replace", "1"), "tre.delivery.to", "kind: append or correct"),
    (delivery("2", "append", "2"), "version", "expected another version"),
    (delivery("2", "correct", "1"), "resources[0].tre.row_key", "expected the fields"),
    (
        delivery("2", row_key=["nobody"]),
        "resources[0].tre.row_key[0]",
        "not free text",
    ),
    (delivery("2", row_key=["nr", "nr"]), "resources[0].tre.row_key[1]", "once"),
    (
        keyed("2", removed="record"),
        "resources[0].tre.removed",
        "is for tre.delivery.kind: correct",
    ),
    (
        keyed("2", "correct", "1") | {"name": "x"},
        "resources[0].tre.removed",
        "a boolean field with drop: true",
    ),
]
WRONG[-1][0]["resources"][0]["tre"]["removed"] = "record"


@pytest.mark.parametrize(("document", "path", "message"), WRONG)
def test_a_wrong_delivery_names_its_place(
    document: dict[str, Any], path: str, message: str
) -> None:
    """The error has the path of the key at fault and says what was expected."""
    with pytest.raises(Invalid) as caught:
        load(document)
    assert caught.value.path == path
    assert message in caught.value.message


def test_a_period_goes_forward() -> None:
    """A period that ends before it begins is none."""
    document = delivery("2", "append", "1")
    period = {"from": "2027-04-06", "until": "2026-04-05"}
    document["tre"]["delivery"]["period"] = period
    with pytest.raises(Invalid, match="from no later than until"):
        load(document)


@pytest.mark.parametrize("said", ["row_key", "removed"])
def test_public_tables_are_delivered_whole(said: str) -> None:
    """Rows of nobody have no key to be corrected by."""
    code = {"name": "code", "constraints": {"enum": ["x"]}}
    document = with_fields(code, privacy_unit="none")
    document["resources"][0]["tre"][said] = ["code"] if said == "row_key" else "code"
    with pytest.raises(Invalid, match="public tables are delivered whole"):
        load(document)


def test_free_text_is_no_key() -> None:
    """What nobody reads tells no rows apart."""
    document = keyed("1")
    fields_of(document)[1]["tre"] = {"role": "free-text"}
    with pytest.raises(Invalid, match="a field that is not free text"):
        load(document)
