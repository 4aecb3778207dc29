from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

from privacy.errors import Failed, Refused
from tests.control import world as worlds
from tests.control.children import children
from tests.control.world import KEY, NOW, World
from tre.audit.verify import verify
from tre.control.database import open_control
from tre.control.instance import begin_instance, instance_alive
from tre.ledger.account import Kind
from tre.ledger.outcome import settled_outcome
from tre.ledger.reconcile import reconcile
from tre.ledger.settle import recover

STEPS = 24


def test_a_killed_question_is_charged_once_or_never_was(tmp_path: Path) -> None:
    """Killed before any statement or commit, a question is wholly there or not at all.

    Its retry, after recovery, finds what became of it: nothing, a failure, a release.
    """
    model = tmp_path / "model.db"
    worlds.activated(model).control.close()
    homes = [tmp_path / str(step) for step in range(1, STEPS + 1)]
    for home in homes:
        home.mkdir()
        shutil.copy(model, home / "control.db")
    ended = [int(code) for code in children("ask_and_die", *homes)]
    assert set(ended) == {0, -signal.SIGKILL}
    found = [_recovered(home) for home in homes]
    assert set(found) == {"never", "failed", "released"}
    assert found == sorted(found, key=["never", "failed", "released"].index)
    survived = [outcome == "released" for outcome in found]
    assert survived == [code == 0 for code in ended]


def _recovered(home: Path) -> str:
    """What became of the question, once the home was opened again."""
    world = World(open_control(home / "control.db", KEY))
    recover(world.control, lambda name: instance_alive(home / "instances", name), NOW)
    found = _outcome(world)
    for kind, name in (
        (Kind.PROJECT, "pathways"),
        (Kind.DATASET, "people"),
        (Kind.POPULATION, "residents"),
    ):
        assert world.account(kind, name).spent_nano == (0 if found == "never" else 7)
    with world.control.reading() as connection:
        assert reconcile(connection) == ()
        assert verify(connection, KEY.public_key()).sound
    world.control.close()
    return found


def _outcome(world: World) -> str:
    with world.control.reading() as connection:
        try:
            asked = world.question(idempotency_key="key").asked
            release = settled_outcome(connection, asked)
        except Failed:
            return "failed"
        except Refused as refusal:
            return refusal.code
    return "never" if release is None else "released"


def test_a_process_is_alive_until_it_ends(tmp_path: Path) -> None:
    """A running process is seen as such; an ended, killed or unknown one is not."""
    folder = tmp_path / "instances"
    instance = begin_instance(folder)
    assert instance_alive(folder, instance.id)
    instance.end()
    assert not instance_alive(folder, instance.id)
    assert not instance_alive(folder, "unknown")
    program = (
        "import os, signal, sys; from pathlib import Path;"
        "from tre.control.instance import begin_instance;"
        "print(begin_instance(Path(sys.argv[1])).id, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    child = subprocess.run(
        [sys.executable, "-c", program, folder], stdout=subprocess.PIPE, check=False
    )
    name = child.stdout.decode().strip()
    assert (folder / name).exists()
    assert not instance_alive(folder, name)
    assert list(folder.iterdir()) == []
