from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tre.control.instance import begin_instance, instance_alive


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
