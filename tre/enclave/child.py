"""The enclave process: confines itself, then serves jobs from its input.

Run as `python -I -m tre.enclave.child PUBLISHED SCRATCH`. It imports nothing
that starts a thread before it is confined.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tre.enclave.sandbox import confine


def main() -> None:
    """Give up what is not needed, lock the engine, serve until the input ends."""
    published, scratch = (Path(argument) for argument in sys.argv[1:3])
    confine(_readable(published), scratch)
    from tre.enclave.engine import locked_engine
    from tre.enclave.serve import serve

    serve(locked_engine(published, scratch), sys.stdin.buffer, sys.stdout.buffer)


def _readable(published: Path) -> tuple[Path, ...]:
    """What Python, its packages and the engine read; the last two abort without."""
    code = {Path(entry) for entry in sys.path if entry}
    machine = {Path(p) for p in ("/lib", "/lib64", "/usr/lib", "/proc/self")}
    engine = {Path("/sys/fs/cgroup"), Path("/sys/devices/system/cpu")}
    prefixes = {Path(sys.prefix), Path(sys.base_prefix)}
    return (*code, *machine, *engine, *prefixes, published)


if __name__ == "__main__":
    main()
