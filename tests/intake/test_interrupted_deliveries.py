"""However a delivery that adds or corrects ends, it is in force whole or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from connectors import TableSource
from tests.intake.delivering import before, keyed
from tests.intake.support import (
    Register,
    every_file,
    fields_of,
    published,
    rows,
    take_in,
)
from tre.intake import Options, Publication, Stage, Zones, onboard, sweep
from tre.manifest import load

FIRST = [(f"p{i}", f"r{i}", 2010, "North", i) for i in range(5)]
NEXT: dict[str, list[tuple[object, ...]]] = {
    "append": [("p0", "r10", 2011, "South", 10), ("q1", "r11", 2011, "South", 11)],
    "correct": [
        ("p0", "r0", 2011, "South", 10, "U"),
        ("q1", "r11", 2011, "South", 11, "I"),
        (None, "r1", None, None, None, "D"),
    ],
}
AFTER = {"append": [0, 1, 2, 3, 4, 10, 11], "correct": [2, 3, 4, 10, 11]}


class Stopped(Exception):
    """Somebody pulled the plug."""


def take_next(
    zones: Zones, register: Register, kind: str, first: Publication, progress
) -> Publication:
    """Take in the delivery of this kind, onto the first."""
    document = keyed("2", kind, "1")
    names = tuple(field["name"] for field in fields_of(document))
    source = TableSource("earnings", rows(*NEXT[kind], names=names))
    return onboard(
        load(document, zones.home),
        zones,
        register,
        sources={"earnings": source},
        progress=progress,
        options=Options(before=before(first)),
    )


def _first(zones: Zones, register: Register) -> Publication:
    document = keyed("1")
    names = tuple(field["name"] for field in fields_of(document))
    return take_in(zones, register, document, rows(*FIRST, names=names))


def _settled(zones: Zones) -> dict[str, bytes]:
    """Every file but the spine, whose bytes may move."""
    return {
        name: content
        for name, content in every_file(zones.home).items()
        if not name.startswith("zones/linkage/residents")
    }


def _pays(zones: Zones, publication: Publication) -> list[int]:
    return sorted(p // 100 for p in published(zones, publication)["pay"].to_pylist())


@pytest.mark.parametrize("kind", NEXT)
@pytest.mark.parametrize("stage", list(Stage))
def test_an_error_at_any_stage_changes_nothing(
    zones: Zones, register: Register, stage: Stage, kind: str
) -> None:
    """The version before reads as before, nothing is left over, and it works again."""
    first = _first(zones, register)
    files = _settled(zones)

    def progress(now: Stage, *_: object) -> None:
        if now is stage:
            raise Stopped

    with pytest.raises(Stopped):
        take_next(zones, register, kind, first, progress)
    assert _settled(zones) == files
    assert register.switched == [first]
    second = take_next(zones, register, kind, first, lambda *_: None)
    assert _pays(zones, second) == AFTER[kind]
    assert _pays(zones, first) == [0, 1, 2, 3, 4]


KILLED = """
import os, pickle, signal, sys
from pathlib import Path
from tests.intake.support import Register
from tests.intake.test_interrupted_deliveries import take_next
from tre.intake import Stage, Zones
from tre.keystore import Keystore

home, stage, kind = Path(sys.argv[1]), Stage(sys.argv[2]), sys.argv[3]
first = pickle.loads((home / "first").read_bytes())

def progress(now, *_):
    if now is stage:
        os.kill(os.getpid(), signal.SIGKILL)

zones = Zones(home, Keystore.open(home / "keys"))
take_next(zones, Register([first]), kind, first, progress)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", NEXT)
@pytest.mark.parametrize("stage", list(Stage))
def test_a_kill_at_any_stage_is_swept(
    zones: Zones, register: Register, stage: Stage, kind: str
) -> None:
    """After a kill a sweep leaves what was, and the delivery is taken in once."""
    import pickle
    from dataclasses import replace

    first = replace(_first(zones, register), links=None, summaries={})
    register = Register([first])
    (zones.home / "first").write_bytes(pickle.dumps(first))
    files = _settled(zones)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(zones.home)]
    ended = subprocess.run([*command, stage.value, kind], check=False, cwd=Path.cwd())
    assert ended.returncode == -signal.SIGKILL
    assert _pays(zones, first) == [0, 1, 2, 3, 4]
    sweep(zones, register.known_files())
    assert _settled(zones) == files
    second = take_next(zones, register, kind, first, lambda *_: None)
    assert _pays(zones, second) == AFTER[kind]
