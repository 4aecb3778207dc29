"""Give up, for good, everything an enclave process has no use for.

Landlock leaves the file system readable only where Python, the engine and the
published files are, and writable only in the scratch folder; seccomp takes away
the network, new programs, other processes and the attributes of files, which are
none of Landlock's business. That a file exists, and its size, can still be seen.
Both must come before numpy and duckdb are imported, since Landlock binds only
threads that start later. Linux kernel documentation: userspace-api/landlock,
userspace-api/seccomp_filter.
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
    # the network
    "socket": (41, 198),
    "socketpair": (53, 199),
    "bind": (49, 200),
    "listen": (50, 201),
    "connect": (42, 203),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    # new programs and processes
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    # other processes: signals, memory, shares of the machine, what is shared
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "perf_event_open": (298, 241),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "msgget": (68, 186),
    "semget": (64, 190),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # attributes of files
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "truncate": (76, 45),
    "inotify_add_watch": (254, 27),
    # another view of the machine
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
}
"""Numbers on x86_64 and aarch64, None where there is no such call."""

_MACHINES: Final = ("x86_64", "aarch64")
_CLONE: Final = (56, 220)
_PRLIMIT: Final = (302, 261)
_NEWER: Final = 424
"""Calls since Linux 5.1, of one number everywhere. Programs do without them: io_uring,
process descriptors, mounting by steps, clone3, and what is still to be invented."""
_CLONE_THREAD: Final = 0x10000
_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_EPERM: Final = 1
_ENOSYS: Final = 38

_CAPABILITY_VERSION: Final = 0x20080522
_DAC_OVERRIDE: Final = 1 << 1


def confine(readable: Iterable[Path], writable: Path) -> tuple[str, ...]:
    """Confine this process; returns the layers that the kernel granted, by name.

    `readable` and everything beneath may be read, `writable` written too. Layers
    are "unprivileged", "undumpable", "landlock" and "seccomp"; one missing means
    that the kernel does not have it (or this is not Linux).
    """
    if not sys.platform.startswith("linux"):
        return ()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return ()
    granted = {
        "unprivileged": _unprivileged(libc),
        "undumpable": libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0,
        "landlock": _landlock(libc, readable, writable),
        "seccomp": _seccomp(libc),
    }
    return tuple(name for name, done in granted.items() if done)


def _unprivileged(libc: ctypes.CDLL) -> bool:
    """Leave root no privilege but to open what Landlock lets it, nobody else any."""
    header = struct.pack("<Ii", _CAPABILITY_VERSION, 0)
    return any(
        libc.capset(header, struct.pack("<6I", kept, kept, 0, 0, 0, 0)) == 0
        for kept in (_DAC_OVERRIDE, 0)
    )


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
    if machine not in _MACHINES:
        return False
    program = _program(machine)
    code = ctypes.create_string_buffer(program, len(program))
    length = len(program) // 8
    filter_ = struct.pack("@HxxxxxxP", length, ctypes.addressof(code))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, filter_, 0, 0) == 0)


def _program(machine: str) -> bytes:
    """Classic BPF: EPERM for what is denied, ENOSYS for what is newer, allow the rest.

    `clone` may start threads, never processes; `prlimit64` reaches this process only.
    """
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, kill, error = 0x7FFF0000, 0x80000000, 0x00050000
    place = _MACHINES.index(machine)
    steps = [
        (load, 0, 0, 4),
        (equal, 1, 0, _AUDIT_ARCH[machine]),
        (answer, 0, 0, kill),
        (load, 0, 0, 0),
        (at_least, 0, 1, _NEWER),
        (answer, 0, 0, error | _ENOSYS),
    ]
    for number in (numbers[place] for numbers in _DENIED.values()):
        if number is not None:
            steps += [(equal, 0, 1, number), (answer, 0, 0, error | _EPERM)]
    for number, test, value in (
        (_CLONE[place], any_bit, _CLONE_THREAD),
        (_PRLIMIT[place], equal, 0),
    ):
        steps += [(equal, 0, 4, number), (load, 0, 0, 16), (test, 0, 1, value)]
        steps += [(answer, 0, 0, allow), (answer, 0, 0, error | _EPERM)]
    steps.append((answer, 0, 0, allow))
    return b"".join(struct.pack("<HBBI", *step) for step in steps)
