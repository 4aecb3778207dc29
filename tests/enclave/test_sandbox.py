"""A confined process can read what it must, write its scratch, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONFINED = """
import sys
from pathlib import Path
from tre.enclave.sandbox import confine
from tre.enclave.child import _readable
published, scratch, outside = (Path(argument) for argument in sys.argv[1:4])
layers = confine(_readable(published), scratch)
import os, socket
try:
    {attempt}
except OSError:
    print("denied", *layers)
else:
    print("allowed", *layers)
"""

DENIED = [
    "open('/etc/passwd')",
    "open(outside / 'secret')",
    "os.listdir(outside)",
    "open(published / 'new', 'w')",
    "open(outside / 'new', 'w')",
    "socket.socket()",
    "socket.socketpair()",
    "os.fork()",
    "os.execv(sys.executable, ['python'])",
    "os.posix_spawn(sys.executable, ['python'], {})",
    "os.kill(os.getppid(), 0)",
    "open(f'/proc/{os.getppid()}/environ')",
]
ALLOWED = ["open(published / 'file').read()", "open(scratch / 'spill', 'w')"]


def attempt(code: str, folder: Path) -> list[str]:
    """Run a line of Python in a confined process, and say how it went."""
    for name in ("published", "scratch", "outside"):
        (folder / name).mkdir()
    (folder / "published" / "file").write_text("public")
    (folder / "outside" / "secret").write_text("secret")
    command = [sys.executable, "-I", "-c", CONFINED.replace("{attempt}", code)]
    folders = [str(folder / name) for name in ("published", "scratch", "outside")]
    run = subprocess.run(
        [*command, *folders], capture_output=True, text=True, check=True, timeout=60
    )
    return run.stdout.split()


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is the Linux kernel's")
@pytest.mark.parametrize("code", DENIED)
def test_what_an_enclave_may_not_do(code: str, tmp_path: Path) -> None:
    """The kernel refuses it, wherever it has the layers."""
    outcome, *layers = attempt(code, tmp_path)
    if {"landlock", "seccomp"} <= set(layers):
        assert outcome == "denied"


@pytest.mark.parametrize("code", ALLOWED)
def test_what_an_enclave_must_do(code: str, tmp_path: Path) -> None:
    """Reading published files and writing scratch still works."""
    assert attempt(code, tmp_path)[0] == "allowed"
