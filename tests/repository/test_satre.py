"""The self-assessment against SATRE rests on tests that there are."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from docs import assess
from docs.assess import CLAIMED, assessed, assessment, every_test


def test_every_statement_has_its_evidence() -> None:
    """Each of the statements that software can support is assessed, and no other."""
    found = {each.id: each for each in assessed()}
    evidence = yaml.safe_load(assess.EVIDENCE.read_text(encoding="utf-8"))
    assert set(found) == set(evidence)
    assert len(found) == 112
    assert all(each.says.strip() for each in found.values())
    assert sum(each.standing in CLAIMED for each in found.values()) >= 90


def test_every_named_test_is_there() -> None:
    """What is met or partly met is shown, and nothing else claims to be."""
    there = every_test()
    for each in assessed():
        assert set(each.tests) <= there
        assert bool(each.tests) == (each.standing in CLAIMED)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"tests": ["test_that_was_renamed"]}, "test_that_was_renamed"),
        ({"tests": []}, "names tests"),
        ({"standing": "compliant"}, "no standing"),
    ],
)
def test_the_page_is_not_made_without_its_evidence(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    changed: dict[str, object],
    problem: str,
) -> None:
    """A test that is gone, a claim without one, or another word stops `make docs`."""
    evidence = yaml.safe_load(assess.EVIDENCE.read_text(encoding="utf-8"))
    evidence["1.2.01"] |= changed
    file = tmp_path / "evidence.yaml"
    file.write_text(yaml.safe_dump(evidence), encoding="utf-8")
    monkeypatch.setattr(assess, "EVIDENCE", file)
    with pytest.raises(ValueError, match=problem):
        assessment()


def test_the_page_claims_no_compliance() -> None:
    """It says self-assessed, and whose the statements are."""
    words = assessment().partition("\n## ")[0]
    assert "Self-assessed against SATRE v2.0" in words
    assert "CC BY 4.0" in words
    assert "complian" not in words.lower()
