"""The enclave process: confines itself, then serves jobs from its input.

Run as `python -I -m tre.enclave.child PUBLISHED SCRATCH MEMORY_MIB`. It imports
nothing that starts a thread before it is confined.
"""

from __future__ import annotations

import site
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

import privacy
from tre.enclave.limits import limit
from tre.enclave.sandbox import confine


def main() -> None:
    """Give up what is not needed, lock the engine, say what confines us, and serve."""
    published, scratch = (Path(argument) for argument in sys.argv[1:3])
    memory_mib = int(sys.argv[3])
    limited = limit(memory_mib)
    layers = confine(_readable(published), scratch)
    sys.meta_path.insert(0, _NoPandas())
    from tre.enclave.confinement import greeting
    from tre.enclave.engine import locked_engine
    from tre.enclave.job import send
    from tre.enclave.serve import serve, warm_up

    connection = locked_engine(published, scratch, memory_mib=memory_mib)
    warm_up(connection)
    granted = frozenset(layers) | ({"limits"} if limited else set())
    send(sys.stdout.buffer, greeting(granted))
    serve(connection, sys.stdin.buffer, sys.stdout.buffer)


def _readable(published: Path) -> tuple[Path, ...]:
    """What Python, its packages and the engine read; the last two abort without.

    Of a checkout only the packages: there may be a home with its keys beside them.
    """
    ours = {Path(__file__).resolve().parents[1], *map(Path, privacy.__path__)}
    prefixes = {Path(sys.prefix), Path(sys.base_prefix)}
    libraries = {prefix / name for prefix in prefixes for name in ("lib", "lib64")}
    packages = {Path(folder) for folder in site.getsitepackages()}
    machine = {Path(p) for p in ("/lib", "/lib64", "/usr/lib", "/proc/self")}
    engine = {Path("/sys/fs/cgroup"), Path("/sys/devices/system/cpu")}
    return (*ours, *libraries, *packages, *machine, *engine, published)


class _NoPandas(MetaPathFinder):
    """Hides pandas, which the engine and Arrow would import with the first value."""

    def find_spec(self, fullname: str, *_: object) -> None:
        """Raise for pandas, leave the rest to others."""
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


if __name__ == "__main__":
    main()
