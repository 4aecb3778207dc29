"""Give up, for good, everything an enclave process has no use for.

Landlock leaves the file system readable only where Python, the engine and the
published files are, and writable only in the scratch folder; seccomp takes away
the network, new programs and other processes. Both must come before numpy and
duckdb are imported, since Landlock binds only threads that start later. Linux
kernel documentation: userspace-api/landlock, userspace-api/seccomp_filter.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_RULE_PATH_BENEATH: Final = 1
_RULESET_VERSION: Final = 1

_EXECUTE: Final = 1 << 0
_READ: Final = (1 << 2) | (1 << 3)
_FILE_ONLY: Final = (1 << 0) | (1 << 1) | (1 << 2) | (1 << 14) | (1 << 15)
_RIGHTS_BY_ABI: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many of the file-system rights, lowest bit first, each ABI knows."""
_NETWORK_ABI: Final = 4
_TCP_RIGHTS: Final = 0b11

_DENIED: Final = {
    "x86_64": {
        "socket": 41,
        "connect": 42,
        "sendto": 44,
        "sendmsg": 46,
        "bind": 49,
        "listen": 50,
        "socketpair": 53,
        "fork": 57,
        "vfork": 58,
        "execve": 59,
        "kill": 62,
        "ptrace": 101,
        "mount": 165,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "bpf": 321,
        "execveat": 322,
        "userfaultfd": 323,
        "io_uring_setup": 425,
        "pidfd_getfd": 438,
    },
    "aarch64": {
        "socket": 198,
        "socketpair": 199,
        "bind": 200,
        "listen": 201,
        "connect": 203,
        "sendto": 206,
        "sendmsg": 211,
        "kill": 129,
        "ptrace": 117,
        "mount": 40,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "bpf": 280,
        "execve": 221,
        "execveat": 281,
        "userfaultfd": 282,
        "io_uring_setup": 425,
        "pidfd_getfd": 438,
    },
}
_CLONE: Final = {"x86_64": 56, "aarch64": 220}
_CLONE3: Final = 435
_CLONE_THREAD: Final = 0x10000
_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_EPERM: Final = 1
_ENOSYS: Final = 38
_X32_BIT: Final = 0x40000000


def confine(readable: Iterable[Path], writable: Path) -> tuple[str, ...]:
    """Confine this process; returns the layers that the kernel granted, by name.

    `readable` and everything beneath may be read, `writable` written too. Layers
    are "landlock", "seccomp" and "undumpable"; one missing means that the kernel
    does not have it (or this is not Linux).
    """
    if not sys.platform.startswith("linux"):
        return ()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return ()
    granted = {
        "undumpable": libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0,
        "landlock": _landlock(libc, readable, writable),
        "seccomp": _seccomp(libc),
    }
    return tuple(name for name, done in granted.items() if done)


def _landlock(libc: ctypes.CDLL, readable: Iterable[Path], writable: Path) -> bool:
    abi = libc.syscall(_CREATE_RULESET, None, 0, _RULESET_VERSION)
    if abi < 1:
        return False
    every = (1 << _RIGHTS_BY_ABI.get(abi, 16)) - 1
    network = _TCP_RIGHTS if abi >= _NETWORK_ABI else 0
    attributes = struct.pack("<QQ", every, network)
    size = len(attributes) if network else 8
    ruleset = libc.syscall(_CREATE_RULESET, attributes, size, 0)
    if ruleset < 0:
        return False
    for path in readable:
        _allow(libc, ruleset, path, _READ | _EXECUTE)
    _allow(libc, ruleset, writable, every & ~_EXECUTE)
    granted = bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    os.close(ruleset)
    return granted


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    """Allow `rights` beneath a path; one that is not there needs no rule."""
    if not path.exists():
        return
    folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    allowed = rights if path.is_dir() else rights & _FILE_ONLY
    rule = struct.pack("<Qi", allowed, folder)
    libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    os.close(folder)


def _seccomp(libc: ctypes.CDLL) -> bool:
    machine = platform.machine()
    if machine not in _DENIED:
        return False
    program = _program(machine)
    code = ctypes.create_string_buffer(program, len(program))
    length = len(program) // 8
    filter_ = struct.pack("@HxxxxxxP", length, ctypes.addressof(code))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, filter_, 0, 0) == 0)


def _program(machine: str) -> bytes:
    """Classic BPF: EPERM for what is denied, ENOSYS for clone3, allow the rest.

    `clone` may start threads, never processes.
    """
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, kill, error = 0x7FFF0000, 0x80000000, 0x00050000
    steps = [
        (load, 0, 0, 4),
        (equal, 1, 0, _AUDIT_ARCH[machine]),
        (answer, 0, 0, kill),
        (load, 0, 0, 0),
    ]
    if machine == "x86_64":
        steps += [(at_least, 0, 1, _X32_BIT), (answer, 0, 0, kill)]
    steps += [(equal, 0, 1, _CLONE3), (answer, 0, 0, error | _ENOSYS)]
    for number in _DENIED[machine].values():
        steps += [(equal, 0, 1, number), (answer, 0, 0, error | _EPERM)]
    steps += [(equal, 0, 3, _CLONE[machine]), (load, 0, 0, 16)]
    steps += [(any_bit, 1, 0, _CLONE_THREAD), (answer, 0, 0, error | _EPERM)]
    steps.append((answer, 0, 0, allow))
    return b"".join(struct.pack("<HBBI", *step) for step in steps)
