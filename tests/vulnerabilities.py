"""`make audit`: whether a version that is locked is known to be vulnerable.

Status 0 where every one was looked up and none is; 1 where one is; 3 where nothing can
be said, because the database could not be asked about some of them. It is asked for
exactly what the lock files pin; nothing is resolved or installed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
LOCKS: Final = ("requirements.lock", "requirements-dev.lock")
SERVICES: Final = ("pypi", "osv")
"""Where advisories are asked for: PyPI's own, else those of osv.dev."""

SOUND, VULNERABLE, UNKNOWN = 0, 1, 3


def verdict(locks: Mapping[str, Any]) -> tuple[int, list[str]]:
    """The status, and what there is to say, of what the auditor found for each lock.

    What it found is its JSON, or None where it did not get that far.
    """
    said: list[str] = []
    status = SOUND
    for lock, found in locks.items():
        packages = [] if found is None else found["dependencies"]
        bad = [line for each in packages for line in _advisories(each)]
        unasked = sorted(each["name"] for each in packages if "skip_reason" in each)
        said += [f"{lock}: {line}" for line in bad]
        if not packages or unasked:
            said.append(f"{lock}: {_unknown(len(packages), unasked)}")
        else:
            said.append(f"{lock}: {len(packages)} versions were looked up.")
        status = max(status, VULNERABLE if bad else SOUND, key=_gravity)
        status = max(
            status, UNKNOWN if unasked or not packages else SOUND, key=_gravity
        )
    return status, said


def _gravity(status: int) -> int:
    return (SOUND, UNKNOWN, VULNERABLE).index(status)


def _advisories(package: Mapping[str, Any]) -> Iterable[str]:
    for each in package.get("vulns", ()):
        fixed = ", ".join(each["fix_versions"]) or "no version yet"
        name = f"{package['name']} {package['version']}"
        yield f"{name} has {each['id']}, fixed in {fixed}"


def _unknown(packages: int, unasked: list[str]) -> str:
    if not packages:
        return "NOT CHECKED: the database of vulnerabilities cannot be reached."
    return (
        f"NOT CHECKED: {len(unasked)} of {packages}, of which the database that can be"
        f" reached knows nothing: {', '.join(unasked[:5])}"
        f"{', …' if len(unasked) > 5 else ''}."
    )


def audited(lock: str, service: str) -> Any | None:
    """What is found of a lock file by one service; None where it breaks off."""
    words = [sys.executable, "-m", "pip_audit", "--format", "json", "--disable-pip"]
    words += ["--require-hashes", "--progress-spinner", "off"]
    words += ["--vulnerability-service", service, "--requirement", str(ROOT / lock)]
    run = subprocess.run(words, capture_output=True, text=True)
    try:
        return json.loads(run.stdout)
    except ValueError:
        return None


def main() -> int:
    """Ask one service after the other, until one knows; say what was found."""
    for service in SERVICES:
        status, said = verdict({lock: audited(lock, service) for lock in LOCKS})
        print(f"By the advisories of {service}:", *said, sep="\n  ")
        if status != UNKNOWN:
            break
    return status


if __name__ == "__main__":
    sys.exit(main())
