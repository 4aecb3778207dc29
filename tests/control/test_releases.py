from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.control.world import KEY, NOW, World
from tre.audit.attested import Unverified
from tre.control.canonical import Json, canonical, digest
from tre.ledger.settle import AlreadySettled, settle_failed
from tre.releases import (
    Content,
    StoredRelease,
    load_release,
    publish,
    verify_receipt,
)

BODY: dict[str, Json] = {
    "price": {"rho_nano": 5},
    "mechanisms": [{"kind": "gaussian", "scale": "3.5"}],
}
CONTENT = Content("text/csv", b"n\n12\n")
PUBLIC = KEY.public_key()


@pytest.fixture
def stored(world: World) -> StoredRelease:
    """A published release."""
    return publish(world.control, world.reserve(5), BODY, CONTENT, NOW)


def test_a_release_is_kept_as_it_was_made(world: World, stored: StoredRelease) -> None:
    """What was published is what is found, and its receipt verifies with it."""
    with world.control.reading() as connection:
        found = load_release(connection, stored.id)
    assert found == stored
    assert found.project == "pathways"
    assert found.receipt["question"]["text"] == "SELECT 1"
    assert found.receipt["body"] == BODY
    verify_receipt(found.receipt, PUBLIC, CONTENT.data)
    verify_receipt(json.loads(json.dumps(found.receipt, indent=4)), PUBLIC)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the leaves of a receipt are."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        yield path
    for key, item in items:
        yield from places(item, (*path, key))


def changed(receipt: Any, path: tuple[Any, ...]) -> Any:
    """The receipt with one leaf changed."""
    forged = copy.deepcopy(receipt)
    holder = forged
    for key in path[:-1]:
        holder = holder[key]
    old = holder[path[-1]]
    holder[path[-1]] = old + 1 if isinstance(old, int) else f"{old}0"
    return forged


def test_a_receipt_with_anything_changed_does_not_verify(stored: StoredRelease) -> None:
    """Every single field of a receipt is under its signature."""
    leaves = list(places(stored.receipt))
    assert len(leaves) >= 25  # as many siblings as the log is deep
    for path in leaves:
        with pytest.raises(Unverified):
            verify_receipt(changed(stored.receipt, path), PUBLIC)


def test_a_receipt_signed_again_does_not_fit_the_log(stored: StoredRelease) -> None:
    """Even the key's holder cannot change what the log recorded."""
    for name in ("question", "body", "content", "release"):
        forged = {
            key: value for key, value in stored.receipt.items() if key != "signature"
        }
        forged[name] = {"forged": True}
        signature = KEY.sign(canonical(forged).encode()).hex()
        with pytest.raises(Unverified, match="something else"):
            verify_receipt({**forged, "signature": signature}, PUBLIC)
    claim = {
        name: stored.receipt[name]
        for name in ("release", "question", "body", "content")
    }
    forged = {**stored.receipt, "body": {}}
    forged.pop("signature")
    forged["log"] = copy.deepcopy(forged["log"])
    forged["log"]["record"]["detail"]["claim"] = digest({**claim, "body": {}})
    signature = KEY.sign(canonical(forged).encode()).hex()
    with pytest.raises(Unverified, match="does not hold"):
        verify_receipt({**forged, "signature": signature}, PUBLIC)


def test_another_table_or_key_does_not_verify(stored: StoredRelease) -> None:
    """The receipt is of one table, and by one key."""
    with pytest.raises(Unverified, match="table"):
        verify_receipt(stored.receipt, PUBLIC, b"n\n13\n")
    with pytest.raises(Unverified, match="another key"):
        verify_receipt(stored.receipt, Ed25519PrivateKey.generate().public_key())


@pytest.mark.parametrize("wrong", [{}, {"format": "tre-receipt/1"}, {"format": 3}])
def test_what_is_no_receipt_does_not_verify(wrong: Any) -> None:
    """Anything at all may be checked, and only receipts pass."""
    with pytest.raises(Unverified, match="not a receipt"):
        verify_receipt(wrong, PUBLIC)


def test_a_failed_question_is_not_released(world: World) -> None:
    """A question taken for dead releases nothing, and keeps nothing."""
    reserved = world.reserve(5)
    settle_failed(world.control, reserved, NOW)
    with pytest.raises(AlreadySettled):
        publish(world.control, reserved, BODY, CONTENT, NOW)
    for release_id in (reserved.id, "", "\ud800"):
        with world.control.reading() as connection, pytest.raises(LookupError):
            load_release(connection, release_id)


def test_a_receipt_has_no_floats(world: World) -> None:
    """A number two programs could spell differently cannot be signed."""
    reserved = world.reserve(5)
    with pytest.raises(TypeError, match="float"):
        publish(world.control, reserved, {"scale": 3.5}, CONTENT, NOW)  # type: ignore[dict-item] # the point
    publish(world.control, reserved, {"scale": "3.5"}, CONTENT, NOW)


def test_canonical_names_are_text() -> None:
    """Objects whose names are not text have no spelling; tuples are lists."""
    assert canonical((1, [True, None])) == "[1,[true,null]]"
    with pytest.raises(TypeError, match="names"):
        canonical({1: 2})  # type: ignore[dict-item] # the point


def test_a_released_table_is_not_printed(stored: StoredRelease) -> None:
    """Printing a release shows neither its table nor its receipt."""
    assert "12" not in repr(stored).replace(stored.id, "")
