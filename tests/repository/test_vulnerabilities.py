"""`make audit` says what it does not know."""

from __future__ import annotations

import pytest

from tests.vulnerabilities import SOUND, UNKNOWN, VULNERABLE, verdict

CLEAN = {"name": "one", "version": "1.0", "vulns": []}
HOLED = {
    "name": "two",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}],
}
UNASKED = {"name": "three", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "status", "words"),
    [
        ([CLEAN], SOUND, "1 versions were looked up"),
        ([CLEAN, HOLED], VULNERABLE, "two 2.0 has PYSEC-1, fixed in 2.1"),
        ([CLEAN, UNASKED], UNKNOWN, "NOT CHECKED: 1 of 2"),
        ([HOLED, UNASKED], VULNERABLE, "NOT CHECKED: 1 of 2"),
        ([], UNKNOWN, "cannot be reached"),
        (None, UNKNOWN, "cannot be reached"),
    ],
)
def test_what_was_not_looked_up_is_not_called_sound(
    packages: list | None, status: int, words: str
) -> None:
    """A database that does not answer, or knows nothing, makes a status of its own."""
    found = None if packages is None else {"dependencies": packages}
    sound = {"dependencies": [CLEAN]}
    said = verdict({"a.lock": sound, "b.lock": found})
    assert said[0] == status
    assert any(words in line for line in said[1])
