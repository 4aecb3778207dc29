"""Heads and proofs in the form that other people's tools read."""

from __future__ import annotations

import base64
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from connectors.errors import Invalid
from privacy.errors import Refused
from tests.control.world import ADMINISTRATOR, KEY, NOW, World
from tre.audit.merkle import Head, verify_consistency, verify_inclusion
from tre.audit.note import (
    Note,
    _key_id,
    log_name,
    read_verifier_key,
    sign_note,
    verifier_key,
)
from tre.audit.outside import (
    AddressOutside,
    FolderOutside,
    Forked,
    NotPublished,
    outside,
)
from tre.audit.verify import verify
from tre.audit.window import Window, set_place
from tre.governance.people import add_person
from tre.governance.roles import Role

HEAD = Head(7, bytes(range(32)))
NOTE = sign_note(KEY, HEAD)


def window(world: World) -> Window:
    """The world's log as others see it."""
    return Window(world.control, lambda: NOW)


def grow(world: World, times: int = 1) -> None:
    """Add records to the log."""
    for _ in range(times):
        with world.control.reading() as connection:
            size = connection.exec_driver_sql(
                "SELECT COUNT(*) FROM audit_record"
            ).scalar_one()
        with world.act(ADMINISTRATOR) as act:
            add_person(act, f"auditor-{size}", [Role.AUDITOR])


def test_key_ids_and_signatures_are_those_of_the_standard() -> None:
    """The example of the note format's first implementation verifies as it says."""
    vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    name, identity, encoded = vkey.split("+", 2)
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded)[1:])
    assert _key_id(name, key).hex() == identity
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    signature = base64.b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6K"
        "E6RyyBwJnAM="
    )
    assert signature[:4].hex() == identity
    key.verify(signature[4:], text.encode())


def test_a_note_is_read_as_it_was_written() -> None:
    """Origin, size and root in lines; a signature by a key that has the log's name."""
    public = KEY.public_key()
    assert Note.read(NOTE.written()) == NOTE
    assert (NOTE.head, NOTE.size) == (HEAD, 7)
    assert NOTE.signed_by(public)
    assert NOTE.written().split("\n")[:2] == [log_name(public), "7"]
    assert read_verifier_key(verifier_key(public)) == public


def test_a_witness_may_sign_too() -> None:
    """Signatures of others are left alone; without the log's own there is none."""
    other = Ed25519PrivateKey.generate()
    witness = ("witness.example", b"1234" + other.sign(NOTE.text.encode()))
    public = KEY.public_key()
    assert Note(NOTE.text, (witness, *NOTE.signatures)).signed_by(public)
    assert not Note(NOTE.text, (witness,)).signed_by(public)
    assert not NOTE.signed_by(other.public_key())


@pytest.mark.parametrize(
    ("old", "new"),
    [("\n7\n", "\n8\n"), ("AAEC", "BAEC"), ("tre-log/", "tre-log/x")],
)
def test_a_changed_note_is_not_signed(old: str, new: str) -> None:
    """Another size, root or origin under the same signature does not pass."""
    changed = NOTE.written().replace(old, new, 1)
    assert changed != NOTE.written()
    assert not Note.read(changed).signed_by(KEY.public_key())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        NOTE.text,
        NOTE.written()[:-1],
        NOTE.written().replace("\n7\n", "\n07\n"),
        NOTE.written().replace("\n7\n", "\n-7\n"),
        NOTE.written().replace("\n7\n", "\n\n"),
        NOTE.written().replace("AAEC", "A*EC"),
        NOTE.written().replace("— ", "- "),
        "x\n7\nAA==\n\n— a AAAA\n",
        NOTE.written() + "x" * 70_000 + "\n",
    ],
)
def test_what_is_no_note_is_not_read(text: str) -> None:
    """Anything that is not spelled exactly so is refused."""
    with pytest.raises(ValueError, match="this is not"):
        Note.read(text)


@pytest.mark.parametrize(
    "text", ["", "a+b+c", "a+c74f20a3+", verifier_key(KEY.public_key())[:-4]]
)
def test_what_is_no_key_is_not_read(text: str) -> None:
    """A verifier key whose parts do not belong together is refused."""
    with pytest.raises(ValueError, match=r"this is not|name or id|key"):
        read_verifier_key(text)


def test_every_record_and_every_head_has_its_proof(new: World) -> None:
    """Proofs from the log as it is kept pass the checks of RFC 9162, at every size."""
    grow(new, 6)
    seen = window(new)
    last = seen.note().head
    for size in range(last.size + 1):
        grown = seen.consistency(size)
        assert grown.later == last
        assert verify_consistency(grown.earlier, last, grown.path)
        for position in range(size):
            proof = seen.inclusion(position, size)
            assert proof.head == grown.earlier
            assert verify_inclusion(
                proof.leaf, position, size, proof.path, proof.head.root
            )


def test_what_was_never_in_the_log_has_no_proof(new: World) -> None:
    """Positions and sizes beyond the log are refused by name."""
    seen = window(new)
    size = seen.note().size
    for ask in (
        lambda: seen.inclusion(size),
        lambda: seen.inclusion(0, size + 1),
        lambda: seen.inclusion(3, 3),
        lambda: seen.consistency(size + 1),
        lambda: seen.consistency(2, 1),
    ):
        with pytest.raises(Refused) as caught:
            ask()
        assert caught.value.code == "not_in_log"


def test_published_heads_are_added_and_never_changed(
    new: World, tmp_path: Path
) -> None:
    """Each head is a file nobody writes again; the same one twice is one."""
    folder = tmp_path / "outside"
    folder.mkdir()
    with new.act(ADMINISTRATOR) as act:
        set_place(act, str(folder))
    seen = window(new)
    first = seen.publish()
    assert seen.publish() == first
    grow(new, 3)
    second = seen.publish()
    assert first is not None
    assert second is not None
    files = sorted(folder.iterdir())
    assert [Note.read(file.read_text()) for file in files] == [first, second]
    assert all(file.stat().st_mode & 0o222 == 0 for file in files)
    assert FolderOutside(folder).newest() == second
    (folder / "99999999999999999999.checkpoint").write_text("cut sho")
    assert FolderOutside(folder).newest() == second
    with pytest.raises(Forked):
        FolderOutside(folder).publish(sign_note(KEY, Head(first.size, HEAD.root)))


def test_a_log_that_was_cut_or_rewritten_publishes_nothing(
    new: World, tmp_path: Path
) -> None:
    """What does not continue the published head is reported, and verify names it."""
    folder = tmp_path / "outside"
    folder.mkdir()
    with new.act(ADMINISTRATOR) as act:
        set_place(act, str(folder))
    grow(new, 12)  # one head a record, so that there is one of 16
    seen = window(new)
    published = seen.publish()
    with new.control.writing() as connection:
        for table, column in (("record", "position"), ("head", "size - 1")):
            connection.exec_driver_sql(
                f"DELETE FROM audit_{table} WHERE {column} >= 16"
            )
        connection.exec_driver_sql("DELETE FROM audit_tree")
        head = connection.exec_driver_sql(
            "SELECT hash FROM audit_node WHERE level = 4 AND position = 0"
        ).scalar_one()
        connection.exec_driver_sql(
            "INSERT INTO audit_tree VALUES (1, ?, ?)", (16, head)
        )
    with pytest.raises(Forked):
        seen.publish()
    with new.control.reading() as connection:
        found = verify(connection, KEY.public_key(), published)
    assert (found.sound, found.position) == (False, 16)
    assert found.problem == "the records from here on are missing"


def test_a_place_is_a_folder_or_an_address(new: World, tmp_path: Path) -> None:
    """Anything else is invalid; with none, nothing is published."""
    assert window(new).publish() is None
    assert outside("https://witness.example/heads") == AddressOutside(
        "https://witness.example/heads"
    )
    for wrong in ("relative", str(tmp_path / "missing"), "ftp://x/y", "x" * 300):
        with pytest.raises(Invalid):
            outside(wrong)


def test_a_place_that_does_not_take_heads_is_reported(tmp_path: Path) -> None:
    """A folder that is gone, or an address nobody answers at, loses nothing."""
    with pytest.raises(NotPublished):
        FolderOutside(tmp_path / "gone").publish(NOTE)
    with pytest.raises(NotPublished):
        AddressOutside("http://127.0.0.1:1/heads").publish(NOTE)


def test_heads_are_put_to_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each under its own name, never over another; a second time is no mistake."""
    asked = []

    def put(url: str, **said) -> httpx.Response:
        asked.append((url, said["headers"]["If-None-Match"], said["content"]))
        return httpx.Response(201 if len(asked) == 1 else 412)

    monkeypatch.setattr(httpx, "put", put)
    place = AddressOutside("https://witness.example/heads/")
    place.publish(NOTE)
    place.publish(NOTE)
    name = f"https://witness.example/heads/{7:020d}.checkpoint"
    assert asked == [(name, "*", NOTE.written().encode())] * 2
