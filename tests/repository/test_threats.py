"""Every threat names tests, and every named test is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "threat-model.md"
ROW = re.compile(r"^\| ([STRIDE]) \| (.+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(test_[a-z_0-9]+)`")


def there() -> set[str]:
    """The names of all tests."""
    named = re.compile(r"^def (test_[a-z_0-9]+)\(", re.MULTILINE)
    files = (ROOT / "tests").rglob("test_*.py")
    return {name for file in files for name in named.findall(file.read_text("utf-8"))}


def test_every_threat_is_covered_by_tests_there_are() -> None:
    """A threat whose test was renamed or removed is not covered any more."""
    threats = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert len(threats) > 30
    named = {words: TEST.findall(tests) for _, words, tests in threats}
    assert not [words for words, tests in named.items() if not tests]
    assert {test for tests in named.values() for test in tests} <= there()


def test_every_component_has_its_kinds_of_threat() -> None:
    """All six kinds of STRIDE are thought of, for each component."""
    _, *components = PAGE.read_text(encoding="utf-8").split("\n## ")
    kinds = {
        part.partition("\n")[0]: {kind for kind, _, _ in ROW.findall(part)}
        for part in components
    }
    assert kinds.pop("What is not covered") == set()
    assert len(kinds) > 5
    assert {name: set("STRIDE") - found for name, found in kinds.items()} == {
        name: set() for name in kinds
    }
