"""Make the environment that a peer runs in: its own, pinned by hash, beside nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

_MINUTES: Final = 30
_HERE: Final = files("tre.evaluation.peers")


class Unavailable(Exception):
    """A peer that cannot be had here; the text says why, in a line."""


def reachable(names: Sequence[str], folder: Path) -> Mapping[str, str]:
    """Why each of these peers is not to be had here; empty for one that is."""
    found = {}
    for name in names:
        try:
            installed(name, folder)
            found[name] = ""
        except Unavailable as why:
            found[name] = str(why)
    return found


def installed(name: str, folder: Path) -> Path:
    """The interpreter of an environment under `folder` that has this peer.

    Made once, with pip and from package registries as pip is set up here, of exactly
    the files that the peer's lock names. Raises Unavailable where that fails.
    """
    place = folder / name
    python = place / "bin" / "python"
    if not (place / "done").exists():
        lock = _HERE / "locks" / f"{name}.lock"
        with as_file(lock) as pinned:
            _run(name, [sys.executable, "-m", "venv", "--clear", place])
            _run(
                name,
                [
                    *(python, "-m", "pip", "install", "--quiet", "--no-input"),
                    *("--disable-pip-version-check", "--require-hashes"),
                    *("--requirement", pinned),
                ],
            )
        (place / "done").touch()
    return python


def _run(name: str, command: list[str | Path]) -> None:
    try:
        subprocess.run(
            [str(each) for each in command],
            check=True,
            capture_output=True,
            text=True,
            timeout=60 * _MINUTES,
        )
    except (OSError, subprocess.SubprocessError) as problem:
        why = last_line(getattr(problem, "stderr", None) or str(problem))
        raise Unavailable(f"{name} could not be installed: {why}") from None


def last_line(said: str) -> str:
    """The last line that says something, cut to what people read."""
    lines = [line.strip() for line in str(said).splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"
