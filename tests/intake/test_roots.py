"""Keys under a file, a passphrase and a key server; rotated, replaced, interrupted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.openbao import TOKEN, openbao
from tre import keystore as keystores
from tre.keystore import Keystore, KeyUnavailable
from tre.roots import (
    TransitRoot,
    Unwrappable,
    passphrase_root,
    random_root,
    read_root,
    transit_root,
)

PASSPHRASE = b"correct horse battery staple"
NAMES = ("signing", "research-people-1", "linkage-residents", "pseudonyms-residents")


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    """A keystore with a key in three of its zones."""
    keystore = Keystore.create(tmp_path / "keys")
    for name in NAMES:
        keystore.create_key(name)
    return keystore


@pytest.fixture(scope="module")
def transit() -> Iterator[str]:
    """A real OpenBao server with a transit key; its address."""
    with openbao() as address:
        yield address


def kept(keystore: Keystore) -> dict[str, bytes]:
    """Every key, as a keystore opened now finds it."""
    opened = Keystore.open(keystore.folder)
    return {name: opened.key(name) for name in sorted(opened.names())}


def secret_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, secret: bytes
) -> None:
    """Put a secret where the environment says it is."""
    file = tmp_path / variable
    file.write_bytes(secret + b"\n")
    monkeypatch.setenv(variable, str(file))


def test_a_rotated_zone_keeps_its_keys(keystore: Keystore) -> None:
    """The keys are the same, under a new zone key; the old one is gone."""
    before = kept(keystore)
    assert keystore.rotate_zone("research") == 1
    assert keystore.rotate_zone("linkage") == 2
    assert kept(keystore) == before
    zones = {file.name for file in keystore.folder.glob("*.zone")}
    assert zones == {"control.1.zone", "research.2.zone", "linkage.2.zone"}
    keystore.create_key("research-people-2")
    assert "research-people-2" in kept(keystore)
    with pytest.raises(KeyUnavailable, match="zones are"):
        keystore.rotate_zone("elsewhere")


@pytest.mark.parametrize("moment", range(12))
def test_an_interrupted_change_loses_no_key(
    keystore: Keystore, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Stopped at any writing of a rotation and a new root, all keys open still."""
    before = kept(keystore)
    real, seen = keystores._replace, iter(range(100))

    def stopped(file: Path, content: bytes) -> None:
        if next(seen) == moment:
            raise KeyboardInterrupt
        real(file, content)

    monkeypatch.setattr(keystores, "_replace", stopped)
    try:
        keystore.rotate_zone("linkage")
        keystore.replace_root(random_root)
    except KeyboardInterrupt:
        pass
    assert kept(keystore) == before
    assert not list(keystore.folder.glob("*.next"))


def test_a_passphrase_is_the_root(
    keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it all keys open; without it, or with another, none does."""
    before = kept(keystore)
    keystore.replace_root(partial(passphrase_root, PASSPHRASE))
    assert PASSPHRASE not in b"".join(f.read_bytes() for f in keystore.folder.iterdir())
    with pytest.raises(KeyUnavailable, match="TRE_PASSPHRASE_FILE"):
        Keystore.open(keystore.folder)
    secret_file(tmp_path, monkeypatch, "TRE_PASSPHRASE_FILE", PASSPHRASE)
    assert kept(keystore) == before
    secret_file(tmp_path, monkeypatch, "TRE_PASSPHRASE_FILE", b"another passphrase")
    with pytest.raises(KeyUnavailable, match="of another root key or passphrase"):
        kept(keystore)
    with pytest.raises(ValueError, match="at least"):
        passphrase_root(b"short")


def test_a_key_server_is_the_root(
    keystore: Keystore, transit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only it unwraps; its own rotation, and a way back to a file, lose no key."""
    before = kept(keystore)
    secret_file(tmp_path, monkeypatch, "TRE_TRANSIT_TOKEN_FILE", TOKEN.encode())
    keystore.replace_root(partial(transit_root, transit, "transit", "tre"))
    assert kept(keystore) == before
    root = read_root((keystore.folder / "root").read_bytes())
    assert isinstance(root, TransitRoot)
    root.rotate()
    assert kept(keystore) == before
    wrong = root.wrap(b"x" * 32, "one")
    with pytest.raises(Unwrappable, match="refuses the key"):
        root.unwrap(wrong, "two")
    assert TOKEN.encode() not in b"".join(
        file.read_bytes() for file in keystore.folder.iterdir()
    )
    back = Keystore.open(keystore.folder).replace_root(random_root)
    secret_file(tmp_path, monkeypatch, "TRE_TRANSIT_TOKEN_FILE", b"wrong")
    assert kept(back) == before


def test_a_key_server_that_does_not_answer_opens_nothing(
    keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost or half changed, and the refusal shows no token."""
    before = kept(keystore)
    secret_file(tmp_path, monkeypatch, "TRE_TRANSIT_TOKEN_FILE", TOKEN.encode())
    nowhere = partial(transit_root, "http://127.0.0.1:9", "transit", "tre")
    with pytest.raises(KeyUnavailable, match="does not answer") as refusal:
        keystore.replace_root(nowhere)
    assert TOKEN not in str(refusal.value)
    monkeypatch.delenv("TRE_TRANSIT_TOKEN_FILE")
    with pytest.raises(KeyUnavailable, match="the file TRE_TRANSIT_TOKEN_FILE names"):
        keystore.replace_root(nowhere)
    assert kept(keystore) == before


def test_no_secret_is_in_a_listing(keystore: Keystore, tmp_path: Path) -> None:
    """Arguments and environment of a process that has all keys hold none of them."""
    keystore.replace_root(partial(passphrase_root, PASSPHRASE))
    file = tmp_path / "passphrase"
    file.write_bytes(PASSPHRASE)
    program = """
import sys
from pathlib import Path
from tre.keystore import Keystore
keystore = Keystore.open(Path(sys.argv[1]))
keys = [keystore.key(name) for name in keystore.names()]
listings = [Path("/proc/self/cmdline"), Path("/proc/self/environ")]
seen = b"".join(listing.read_bytes() for listing in listings)
print(len(keys), any(key in seen or key.hex().encode() in seen for key in keys))
whole = b"correct horse" + bytes([32]) + b"battery"
print(whole in seen, "battery" in repr(keystore))
"""
    run = subprocess.run(
        [sys.executable, "-c", program, str(keystore.folder)],
        env={**os.environ, "TRE_PASSPHRASE_FILE": str(file)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["4", "False", "False", "False"]
