from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tre.keystore import Keystore, KeyUnavailable


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    """A new keystore."""
    return Keystore.create(tmp_path / "keys")


def test_a_key_reads_back_in_another_process(keystore: Keystore) -> None:
    """What was created is what a keystore opened later gives."""
    key = keystore.create_key("research-a")
    assert len(key) == 32
    assert Keystore.open(keystore.folder).key("research-a") == key


def test_keys_differ(keystore: Keystore) -> None:
    """Two names have two keys, and a purpose has a key of its own."""
    one, two = keystore.create_key("one"), keystore.create_key("two")
    derived = {keystore.derive("one", "a"), keystore.derive("one", "b")}
    assert len({one, two, *derived}) == 4
    assert keystore.derive("one", "a") in derived


def test_nothing_is_in_clear(keystore: Keystore) -> None:
    """No file holds a key as it is, and only its owner can read any."""
    key = keystore.create_key("one")
    for file in keystore.folder.iterdir():
        assert key not in file.read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(keystore.folder.stat().st_mode) == 0o700


def test_no_repr_shows_a_secret(keystore: Keystore) -> None:
    """A keystore shows where it is and nothing else."""
    assert repr(keystore) == f"Keystore(folder={keystore.folder!r})"


def test_a_destroyed_key_is_gone(keystore: Keystore) -> None:
    """After destroying there is no key and no file; again does nothing."""
    keystore.create_key("one")
    keystore.destroy("one")
    keystore.destroy("one")
    assert keystore.names() == frozenset()
    with pytest.raises(KeyUnavailable, match="key one"):
        keystore.key("one")


def test_names_are_not_taken_twice(keystore: Keystore) -> None:
    """A key is never overwritten, nor is a root key."""
    key = keystore.create_key("one")
    with pytest.raises(FileExistsError):
        keystore.create_key("one")
    with pytest.raises(FileExistsError):
        Keystore.create(keystore.folder)
    assert keystore.key_or_new("one") == key
    names = {file.name for file in keystore.folder.iterdir()}
    assert names == {"root", "control.1.zone", "one.key"}


def test_an_altered_file_is_noticed(keystore: Keystore) -> None:
    """A wrapped key that was changed, or moved to another name, does not open."""
    keystore.create_key("one")
    file = keystore.folder / "one.key"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(KeyUnavailable, match="altered"):
        keystore.key("one")
    (keystore.folder / "two.key").write_bytes(content)
    with pytest.raises(KeyUnavailable, match="altered"):
        keystore.key("two")
    file.write_bytes(b"")
    with pytest.raises(KeyUnavailable, match="altered"):
        keystore.key("one")


def test_a_root_key_others_can_read_is_refused(keystore: Keystore) -> None:
    """Opening checks that only the owner can read the root key, and its length."""
    root = keystore.folder / "root"
    root.chmod(0o640)
    with pytest.raises(KeyUnavailable, match="only its owner"):
        Keystore.open(keystore.folder)
    root.chmod(0o600)
    root.write_bytes(b"short")
    with pytest.raises(KeyUnavailable, match="32 bytes"):
        Keystore.open(keystore.folder)
    root.unlink()
    with pytest.raises(KeyUnavailable, match="newest backup"):
        Keystore.open(keystore.folder)


@pytest.mark.parametrize("name", ["", "../root", "A", "a/b", ".hidden", "a\n"])
def test_names_cannot_leave_the_folder(keystore: Keystore, name: str) -> None:
    """A name is letters, digits, dots and dashes, and never a path."""
    with pytest.raises(KeyUnavailable):
        keystore.create_key(name)
    with pytest.raises(KeyUnavailable):
        keystore.key(name)
