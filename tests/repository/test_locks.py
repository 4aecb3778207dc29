"""The lock files are what pyproject.toml asks for, and name no host."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"
PIN = re.compile(
    r"""
    ([a-z0-9._-]+)(\[[a-z0-9.,_-]+\])?==(\S+)  # one version, with its extras
    [^\\\n]*                                   # for some machines, perhaps
    (?:\ \\\n\ +--hash=sha256:[0-9a-f]{64})+   # and its files
    """,
    re.VERBOSE,
)


def pins(lock: Path) -> dict[str, set[str]]:
    """The versions a lock file pins, by canonical name."""
    entries = re.split(r"\n(?=[a-z0-9])", without_comments(lock))
    found: dict[str, set[str]] = {}
    for entry in entries:
        match = PIN.fullmatch(entry.strip())
        assert match, f"{lock.name}: not a hash-pinned requirement: {entry[:80]}"
        found.setdefault(canonicalize_name(match[1]), set()).add(match[3])
    return found


def without_comments(lock: Path) -> str:
    """The lock file's requirements only."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def asked(*, development: bool) -> list[Requirement]:
    """What pyproject.toml asks for, our own extras followed."""
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = whole["project"]
    texts = [*project["dependencies"], *whole["dependency-groups"]["build"]]
    if development:
        extras = project["optional-dependencies"]
        texts += [text for extra in extras.values() for text in extra]
    return [need for need in map(Requirement, texts) if need.name != project["name"]]


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=lambda lock: lock.name)
def test_a_lock_satisfies_the_project(lock: Path) -> None:
    """Every requirement is pinned, at versions pyproject.toml allows."""
    pinned = pins(lock)
    for need in asked(development=lock == DEVELOPMENT):
        versions = pinned.get(canonicalize_name(need.name))
        assert versions, f"{need.name} is not in {lock.name}: run `make lock`"
        assert all(need.specifier.contains(version) for version in versions), need


def test_development_adds_to_the_runtime() -> None:
    """What runs the environment has the same versions in both lock files."""
    development = pins(DEVELOPMENT)
    assert {name: development.get(name) for name in pins(RUNTIME)} == pins(RUNTIME)


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=lambda lock: lock.name)
def test_a_lock_keeps_extras(lock: Path) -> None:
    """What one pinned package asks of another with extras is pinned with them.

    Otherwise pip looks for the newest version with these extras, and the lock stops
    working on the day that there is one.
    """
    asked_of_others = {
        (canonicalize_name(need.name), extra)
        for name in pins(lock)
        for text in installed_needs(name)
        if (need := Requirement(text)).extras
        and (need.marker is None or need.marker.evaluate({"extra": ""}))
        for extra in need.extras
    }
    for name, extra in asked_of_others:
        line = rf"^{re.escape(name)}\[(?:.*,)?{re.escape(extra)}(?:,.*)?\]=="
        assert re.search(line, without_comments(lock), re.MULTILINE), (name, extra)


def installed_needs(name: str) -> list[str]:
    """What an installed package says that it needs; nothing for another machine's."""
    try:
        return distribution(name).requires or []
    except PackageNotFoundError:
        return []


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=lambda lock: lock.name)
def test_a_lock_names_no_place(lock: Path) -> None:
    """A lock file works behind any mirror: it has no address, path or option."""
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert " @ " not in text
    options = {line.split()[0] for line in text.splitlines() if line.startswith("-")}
    assert not options


def test_the_engine_and_its_encryption_move_together() -> None:
    """DuckDB and the extension that encrypts what it writes have one version."""
    pinned = pins(RUNTIME)
    assert pinned["duckdb"] == pinned["duckdb-extension-httpfs"]
