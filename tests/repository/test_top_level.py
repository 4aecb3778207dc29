"""The repository holds what it says it holds."""

import ast
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP = {
    *("tre", "connectors", "privacy", "notebooks", "tests", "docs"),
    *("Makefile", "pyproject.toml", "README.md", "CHANGELOG.md"),
    *("LICENSE", "SECURITY.md", "CONTRIBUTING.md"),
    *("requirements.lock", "requirements-dev.lock"),
}
BUILT = {"build", "dist", "htmlcov"}  # ignored by git
DRAWERS = {"utils", "helpers", "common", "manager", "base", "misc"}
MADE = {".venv", ".tmp", ".demo", ".tre", ".hypothesis", ".mypy_cache"}


def kept() -> list[Path]:
    """Every file that git keeps; none where this is no checkout."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return []
    said = subprocess.run(
        [git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in said.stdout.split("\0") if name]


def functions() -> Iterator[tuple[Path, ast.FunctionDef]]:
    """Every test function and the file it stands in."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield path.relative_to(ROOT), node


def test_the_top_level_is_fixed() -> None:
    """Nothing stands at the top level beside what belongs there."""
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert names <= TOP | BUILT


def test_nothing_committed_leads_elsewhere() -> None:
    """No link is committed: what it leads to is on one machine alone."""
    assert not [path for path in kept() if path.is_symlink()]


def test_nothing_made_here_is_committed() -> None:
    """What the targets of the Makefile make stays out, whatever kind of file it is."""
    names = {path.relative_to(ROOT).parts[0] for path in kept()}
    assert not names & MADE


@pytest.mark.parametrize("package", ["connectors", "privacy", "tre"])
def test_no_module_is_a_drawer(package: str) -> None:
    """No module is named after nothing in particular."""
    assert not {path.stem for path in (ROOT / package).rglob("*.py")} & DRAWERS


def test_notebooks_carry_no_outputs() -> None:
    """A notebook is committed without its outputs, which are released data."""
    for path in (ROOT / "notebooks").rglob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert not [cell for cell in cells if cell.get("outputs")], path


def test_every_test_says_what_is_true() -> None:
    """Every test has a docstring."""
    silent = [
        (path, test.name) for path, test in functions() if not ast.get_docstring(test)
    ]
    assert not silent
