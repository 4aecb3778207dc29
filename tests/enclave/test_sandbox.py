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
import ctypes, os, platform, resource, socket
import tre
from tre.enclave.sandbox import _DENIED, _MACHINES

def call(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    number = _DENIED[name][_MACHINES.index(platform.machine())]
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")

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
    "open(Path(tre.__file__).parents[1] / 'pyproject.toml')",
    "os.listdir(sys.prefix)",
    "os.chmod(outside / 'secret', 0o644)",
    "os.fchmod(os.open(published / 'file', os.O_RDONLY), 0o600)",
    "os.utime(outside / 'secret', (1, 1))",
    "os.setxattr(outside / 'secret', 'user.seen', b'1')",
    "os.truncate(published / 'file', 0)",
    "os.link(published / 'file', scratch / 'file')",
    "os.chroot(scratch)",
    "os.setpriority(os.PRIO_PROCESS, os.getppid(), 1)",
    "os.sched_setaffinity(os.getppid(), {0})",
    "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)",
    "os.pidfd_open(os.getppid())",
    "call('ptrace', 16, os.getppid(), 0, 0)",
    "call('ptrace', 0, 0, 0, 0)",
    "call('process_vm_readv', os.getpid(), 0, 0, 0, 0, 0)",
    "call('tkill', os.getppid(), 0)",
    "call('tgkill', os.getppid(), os.getppid(), 0)",
    "call('shmget', 0, 4096, 0o1600)",
    "call('keyctl', 0, -3, 0)",
    "call('unshare', 0x10000000)",
]
ALLOWED = [
    "open(published / 'file').read()",
    "open(scratch / 'spill', 'w')",
    "open(scratch / 'spill', 'w').truncate(9)",
    "os.unlink((scratch / 'spill').open('w').name)",
    "resource.getrlimit(resource.RLIMIT_NOFILE)",
    "__import__('threading').Thread(target=print, args=('',)).start()",
    "__import__('opendp.prelude')",
]


def attempt(code: str, folder: Path) -> list[str]:
    """Run a line of Python in a confined process, and say how it went."""
    for name in ("published", "scratch", "outside"):
        (folder / name).mkdir()
    (folder / "published" / "file").write_text("public")
    (folder / "outside" / "secret").write_text("secret")
    command = [sys.executable, "-I", "-c", CONFINED.replace("{attempt}", code)]
    folders = [str(folder / name) for name in ("published", "scratch", "outside")]
    run = subprocess.run(
        [*command, *folders], capture_output=True, text=True, check=True, timeout=600
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


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is the Linux kernel's")
def test_a_kernel_without_landlock_or_seccomp_will_do() -> None:
    """Layers that are not there are left out, and the others still taken."""
    program = """
from pathlib import Path
from tre.enclave import sandbox
had = sandbox.confine((), Path("/nowhere"))  # after which Landlock cannot be called
sandbox._MACHINES = ()
print(*set(had) - set(sandbox.confine((), Path("/nowhere"))))
"""
    run = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True
    )
    assert set(run.stdout.split()) <= {"landlock", "seccomp"}
    assert run.returncode == 0
