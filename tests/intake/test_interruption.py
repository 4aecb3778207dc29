"""However an intake ends, the version in force stays and nothing is half-published."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from connectors import TableSource
from connectors.errors import Invalid
from tests.intake.support import (
    Register,
    every_file,
    new_zones,
    package,
    published,
    rows,
    take_in,
)
from tre.intake import Stage, Zones, onboard, sweep
from tre.keystore import Keystore
from tre.manifest import load

FIRST = [(f"p{i}", 2010, "North", i) for i in range(5)]
SECOND = [(f"q{i}", 2011, "South", i) for i in range(8)]


class _Stopped(Exception):
    """Somebody pulled the plug."""


def _stop_at(stage: Stage, error: type[BaseException]):
    def progress(now: Stage, *_: object) -> None:
        if now is stage:
            raise error

    return progress


def _second(zones: Zones, register: Register, progress) -> None:
    document = package()
    onboard(
        load(document, zones.home),
        zones,
        register,
        sources={"earnings": TableSource("earnings", rows(*SECOND))},
        progress=progress,
    )


def _settled(zones: Zones) -> dict[str, bytes]:
    """Everything under the home but the spine, whose bytes may move."""
    return {
        name: content
        for name, content in every_file(zones.home).items()
        if not name.startswith("zones/linkage/")
    }


WHOLE = [stage for stage in Stage if stage is not Stage.MATCH]
"""The stages of a delivery whose rows have no key."""


@pytest.mark.parametrize("stage", WHOLE)
@pytest.mark.parametrize("error", [_Stopped, KeyboardInterrupt, MemoryError])
def test_an_error_at_any_stage_changes_nothing(
    zones: Zones, register: Register, stage: Stage, error: type[BaseException]
) -> None:
    """The old version reads as before, and no file, key or person is left over."""
    first = take_in(zones, register, package(), rows(*FIRST))
    before, stored = _settled(zones), published(zones, first).to_pylist()
    with pytest.raises(error):
        _second(zones, register, _stop_at(stage, error))
    assert _settled(zones) == before
    assert published(zones, first).to_pylist() == stored
    assert register.switched == [first]
    assert {f.name for f in zones.folder("linkage").iterdir()} == {"residents.1.duckdb"}
    again = take_in(zones, register, package(), rows(*SECOND))
    assert again.links is not None
    assert sorted(again.links["person"].to_pylist()) == list(range(5, 13))


def test_a_switch_that_fails_changes_nothing(zones: Zones, register: Register) -> None:
    """When the register refuses the version, the version is removed again."""

    class Refusing(Register):
        def switch(self, publication) -> None:  # noqa: ARG002 - it only breaks
            raise _Stopped

    first = take_in(zones, register, package(), rows(*FIRST))
    before = _settled(zones)
    refusing = Refusing(register.switched)
    with pytest.raises(_Stopped):
        _second(zones, refusing, lambda *_: None)
    assert _settled(zones) == before
    assert register.switched == [first]


def test_a_switch_that_took_place_is_kept(zones: Zones) -> None:
    """An interrupt after the register has the version leaves the version alone."""

    class Interrupted(Register):
        def switch(self, publication) -> None:
            super().switch(publication)
            raise KeyboardInterrupt

    register = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        _second(zones, register, lambda *_: None)
    (publication,) = register.switched
    sweep(zones, register.known_files())
    assert published(zones, publication).num_rows == 8
    more = take_in(zones, Register(register.switched), package(name="b"), rows(*SECOND))
    assert more.links is not None
    assert sorted(more.links["person"].to_pylist()) == list(range(8))


KILLED = """
import os, signal, sys
from pathlib import Path
from connectors import TableSource
from connectors.errors import Invalid
from tests.intake.support import Register, package, rows
from tests.intake.test_interruption import SECOND
from tre.intake import Stage, Zones, onboard
from tre.intake.publication import Publication
from tre.keystore import Keystore
from tre.manifest import load

home, stage, known = Path(sys.argv[1]), Stage(sys.argv[2]), sys.argv[3:]

class Known(Register):
    def known_files(self):
        return [Path(name) for name in known]

def progress(now, *_):
    if now is stage:
        os.kill(os.getpid(), signal.SIGKILL)

onboard(
    load(package(), home),
    Zones(home, Keystore.open(home / "keys")),
    Known(),
    sources={"earnings": TableSource("earnings", rows(*SECOND))},
    progress=progress,
)
"""


@pytest.mark.slow
@pytest.mark.parametrize("stage", WHOLE)
def test_a_kill_at_any_stage_is_swept(
    zones: Zones, register: Register, stage: Stage
) -> None:
    """After a kill nothing on disk is readable but what was, and a sweep removes it."""
    first = take_in(zones, register, package(), rows(*FIRST))
    before, stored = _settled(zones), published(zones, first).to_pylist()
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(zones.home)]
    ended = subprocess.run(
        [*command, stage.value, str(first.file)], check=False, cwd=Path.cwd()
    )
    assert ended.returncode == -signal.SIGKILL
    assert published(zones, first).to_pylist() == stored
    sweep(zones, register.known_files())
    assert _settled(zones) == before
    assert {f.name for f in zones.folder("linkage").iterdir()} == {"residents.1.duckdb"}
    again = take_in(zones, register, package(), rows(*SECOND))
    assert again.links is not None
    assert sorted(again.links["person"].to_pylist()) == list(range(5, 13))


def test_a_sweep_leaves_a_running_intake_alone(
    zones: Zones, register: Register
) -> None:
    """While an intake holds the home, a sweep removes nothing."""
    seen: list[set[str]] = []

    def progress(stage: Stage, *_: object) -> None:
        if stage is Stage.PUBLISH:
            files = set(every_file(zones.home))
            sweep(zones, register.known_files())
            assert set(every_file(zones.home)) == files
            seen.append(files)

    _second(zones, register, progress)
    assert seen


def test_a_sweep_keeps_what_is_on_record(zones: Zones, register: Register) -> None:
    """Versions on record, their keys and the spine survive any number of sweeps."""
    take_in(zones, register, package(), rows(*FIRST))
    before = every_file(zones.home)
    sweep(zones, register.known_files())
    assert every_file(zones.home) == before


def test_a_sweep_removes_no_version_that_the_record_has_lost(
    zones: Zones, register: Register
) -> None:
    """A record without it proves nothing: the version, key and spine stay as they are.

    What is not on record and was left by an intake goes with its note, and no more.
    """
    publication = take_in(zones, register, package(), rows(*FIRST))
    draft = zones.begin_version("earnings")
    zones.keystore.create_key(zones.key_name(draft))
    before = every_file(zones.home)
    with pytest.raises(Invalid, match="no version on record has this file"):
        sweep(zones, [])
    assert every_file(zones.home) == before
    sweep(zones, register.known_files())
    assert published(zones, publication).num_rows == len(FIRST)
    assert zones.keystore.names() == {
        publication.key_name,
        "linkage-residents.1",
        "pseudonyms-residents.1",
    }


def test_a_sweep_keeps_a_draft_that_is_on_record(
    zones: Zones, register: Register
) -> None:
    """A kill between the switch and its note costs the note alone."""
    publication = take_in(zones, register, package(), rows(*FIRST))
    before = every_file(zones.home)
    zones.note(zones.home / publication.file).touch()
    sweep(zones, register.known_files())
    assert every_file(zones.home) == before


@pytest.mark.parametrize(
    "name",
    [
        "health.workforce",
        "0123456789ab.work",
        "0123456789ab.work.wal",
        "a.pending.draft",
        "x.duckdb.wal",
        "0123456789-abcdefghijklmnopqrstuvwxyz._-",
    ],
)
def test_a_sweep_keeps_a_dataset_of_any_name(
    zones: Zones, register: Register, name: str
) -> None:
    """A version on record survives whatever its dataset and population are called."""
    document = package(name=name)
    document["tre"]["population"] = name
    publication = take_in(zones, register, document, rows(*FIRST))
    before = every_file(zones.home)
    sweep(zones, register.known_files())
    assert every_file(zones.home) == before
    assert published(zones, publication).num_rows == len(FIRST)


def test_a_sweep_removes_what_the_engine_writes_beside_work_files(
    zones: Zones, register: Register
) -> None:
    """Work files go with their logs, in every zone."""
    take_in(zones, register, package(), rows(*FIRST))
    before = set(every_file(zones.home))
    for zone in ("landing", "linkage", "research"):
        for suffix in ("", ".wal", ".checkpoint.wal", ".wal.recovery"):
            file = zones.work_file(zone)
            file.with_name(f"{file.name}{suffix}").write_bytes(b"rows")
    sweep(zones, register.known_files())
    assert set(every_file(zones.home)) == before


def test_work_files_have_no_key_on_disk(zones: Zones, register: Register) -> None:
    """What an intake works on is written under keys the keystore never sees."""
    names: list[frozenset[str]] = []
    _second(zones, register, lambda *_: names.append(zones.keystore.names()))
    assert all(
        name.split("-")[0] in {"pseudonyms", "linkage", "research"}
        for found in names
        for name in found
    )


def test_a_missing_root_key_stops_an_intake(tmp_path: Path) -> None:
    """Zones cannot be opened with a keystore that is not theirs."""
    zones = new_zones(tmp_path / "one")
    register = Register()
    take_in(zones, register, package(), rows(*FIRST))
    stranger = Zones(zones.home, Keystore.create(tmp_path / "other"))
    with pytest.raises(Exception, match="the engine could not go on"):
        take_in(stranger, register, package(name="b"), rows(*FIRST))
    assert (zones.home / register.switched[0].file).exists()
