"""A backup is one sealed file; what is restored from it answers, once it may."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import Invalid
from privacy.errors import Refused
from tests.enclave.clocks import reopened
from tests.ways_in.conftest import Said
from tests.ways_in.world import CANARY, MEMBER, RESEARCHER
from tre import sealed_file
from tre.backup import Restored, restore
from tre.environment import OPERATOR, Environment
from tre.sealed_file import SealingWriter, Unreadable, opened_chunks

PASSPHRASE = "four words put together"
COUNT = "SELECT COUNT(*) AS n FROM people"
ON_PAY: dict[str, Any] = {"project": "pay", "person": RESEARCHER}


@pytest.fixture(scope="module")
def backed_up(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the copied home, in which one question was asked."""
    file = tmp_path_factory.mktemp("backup") / "backup"
    with reopened(home) as environment:
        environment.ask(COUNT, epsilon=0.5, **ON_PAY)
        environment.back_up(file, PASSPHRASE, person=None)
    return file


def test_what_is_restored_answers_once_the_committee_lets_it(
    home: Path, backed_up: Path, tmp_path: Path
) -> None:
    """Ledger, log, releases and data are those of the backup; projects wait."""
    again = tmp_path / "again"
    restored = restore(backed_up, again, PASSPHRASE, OPERATOR)
    assert restored == Restored(("pay", "pure"), lost=None)
    with reopened(again) as environment, Environment.open(home) as before:
        assert environment.verify_audit().sound
        assert environment.remaining("pay") == before.remaining("pay")
        with pytest.raises(Refused) as caught:
            environment.ask(COUNT, epsilon=0.5, **ON_PAY)
        assert caught.value.code == "project_not_active"
        environment.resume("pay", person=MEMBER)
        earlier = environment.ask(COUNT, epsilon=0.5, **ON_PAY)
        assert not earlier.charged
        fresh = environment.ask(COUNT, epsilon=0.5, fresh=True, **ON_PAY)
        assert fresh.charged
        assert abs(fresh.table.column("n")[0].as_py() - 900) < 200
        assert environment.log.key == before.log.key


def test_a_backup_shows_nothing(backed_up: Path) -> None:
    """Without the passphrase there is no name, no key, no database in it."""
    content = backed_up.read_bytes()
    assert backed_up.stat().st_mode & 0o077 == 0
    for plain in (CANARY, RESEARCHER, "SQLite format", "control.sqlite", "signing"):
        assert plain.encode() not in content


@pytest.mark.parametrize("damage", ["passphrase", "cut", "flipped", "empty", "other"])
def test_a_damaged_backup_restores_nothing(
    backed_up: Path, tmp_path: Path, damage: str
) -> None:
    """A wrong passphrase, a cut, a flipped byte: invalid, and nothing is left."""
    content = bytearray(backed_up.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
    changed: dict[str, bytes] = {
        "cut": bytes(content[:-1]),
        "empty": b"",
        "other": b"PK" * 40,
    }
    file = tmp_path / "damaged"
    file.write_bytes(changed.get(damage, bytes(content)))
    said = "another passphrase" if damage == "passphrase" else PASSPHRASE
    with pytest.raises(Invalid, match="backup"):
        restore(file, tmp_path / "home", said, OPERATOR)
    assert list(tmp_path.iterdir()) == [file]


def test_nothing_is_overwritten(home: Path, backed_up: Path, tmp_path: Path) -> None:
    """Neither a file by a backup, nor a home by a restore; a short passphrase is no."""
    with Environment.open(home) as environment:
        with pytest.raises(Invalid, match="not there yet"):
            environment.back_up(backed_up, PASSPHRASE, person=None)
        with pytest.raises(Invalid, match="12 characters"):
            environment.back_up(tmp_path / "b", "short", person=None)
        with pytest.raises(Refused, match="back the environment up"):
            environment.back_up(tmp_path / "b", PASSPHRASE, person=RESEARCHER)
    with pytest.raises(Invalid, match="not there yet"):
        restore(backed_up, home, PASSPHRASE, OPERATOR)
    with pytest.raises(Invalid, match="cannot be read"):
        restore(tmp_path / "missing", tmp_path / "home", PASSPHRASE, OPERATOR)
    assert not list(tmp_path.iterdir())


def test_the_commands_say_what_they_did(
    tre: Callable[..., Said], tmp_path: Path
) -> None:
    """From a home to a file to a home, by the command line."""
    secret = tmp_path / "passphrase"
    secret.write_text(f"{PASSPHRASE}\n")
    with_it = ("--passphrase-file", secret)
    made = tre("backup", tmp_path / "b", *with_it)
    assert (made.status, "Wrote" in made.out) == (0, True)
    again = tmp_path / "again"
    said = tre("restore", tmp_path / "b", *with_it, "--home", again, "--json")
    assert said.status == 0, said.err
    told = json.loads(said.out)
    assert (told["suspended"], told["records_lost"]) == (["pay", "pure"], None)
    assert tre("audit", "verify", "--home", again).status == 0


CIPHER = cache(partial(sealed_file._cipher, "passphrase", bytes(16)))


@contextmanager
def small_chunks() -> Iterator[None]:
    """Chunks of eight bytes, and a key that takes no time, in the block alone."""
    cipher = CIPHER()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealed_file, "CHUNK_BYTES", 8)
        patch.setattr(sealed_file, "_cipher", lambda _passphrase, _salt: cipher)
        yield


def sealed(pieces: list[bytes]) -> bytes:
    """What is written of these pieces."""
    target = io.BytesIO()
    writer = SealingWriter.begin(target, "")
    for piece in pieces:
        writer.write(piece)
    writer.finish()
    return target.getvalue()


@settings(max_examples=60)
@given(pieces=st.lists(st.binary(max_size=20), max_size=6), data=st.data())
@small_chunks()
def test_every_change_of_a_sealed_file_is_noticed(
    pieces: list[bytes], data: st.DataObject
) -> None:
    """What was written is read; with a chunk gone, moved, doubled or cut it is not."""
    whole = sealed(pieces)
    assert b"".join(opened_chunks(io.BytesIO(whole), "")) == b"".join(pieces)
    head = len(sealed_file.MAGIC) + 23
    chunks = [whole[at : at + 24] for at in range(head, len(whole), 24)]
    first = data.draw(st.integers(0, len(chunks) - 1))
    changes = [
        whole[:-1],
        whole + b"x",
        whole[:head] + b"".join(chunks[:first] + chunks[first + 1 :]),
        whole[:head] + b"".join([*chunks, chunks[first]]),
        whole[:head] + b"".join(chunks[:first]),
    ]
    if len(chunks) > 1:
        changes.append(whole[:head] + b"".join([*chunks[1:], chunks[0]]))
    place = data.draw(st.integers(0, len(whole) - 1))
    changes.append(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    for changed in changes:
        salt = slice(len(sealed_file.MAGIC), len(sealed_file.MAGIC) + 16)
        if changed[salt] != whole[salt]:
            continue  # the salt only makes the key, which is the same here
        with pytest.raises(Unreadable):
            list(opened_chunks(io.BytesIO(changed), ""))
