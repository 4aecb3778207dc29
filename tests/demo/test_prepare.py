"""The demo's controllers hold what intake may see, and nothing that gives it away."""

from pathlib import Path

import pytest

from tre.demo.prepare import CENSUS_COLUMNS, answers, census, without_answers
from tre.manifest import load

ROOT = Path(__file__).parents[2]
PACKAGES = sorted((ROOT / "tre" / "demo" / "packages").glob("*.yaml"))
LINKAGE = "rec_id, given_name\r\nrec-7-org, eva\r\nrec-12-dup-0, \r\n"


def test_the_answers_are_cut_off() -> None:
    """What intake sees of a linkage file has no rec_id; the rest is untouched."""
    assert without_answers(LINKAGE) == "given_name\neva\n\n"


def test_the_answers_name_the_same_person_in_both_files(tmp_path: Path) -> None:
    """Original and duplicate of a person have one answer."""
    (tmp_path / "some.csv").write_bytes(LINKAGE.encode())
    assert answers(tmp_path, "some.csv") == ["7", "12"]


def test_the_census_is_one_table(tmp_path: Path) -> None:
    """Both parts become one CSV: no opening line, full stops or empty lines."""
    (tmp_path / "adult.data").write_text("39, State-gov, <=50K\n\n")
    (tmp_path / "adult.test").write_text("|1x3 Cross validator\n25, ?, >50K.\n\n")
    header, *rows = census(tmp_path).splitlines()
    assert header == ", ".join(CENSUS_COLUMNS)
    assert rows == ["39, State-gov, <=50K", "25, ?, >50K"]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.stem)
def test_every_manifest_is_one(package: Path) -> None:
    """The demo's manifests are valid."""
    assert load(package).name == package.stem
