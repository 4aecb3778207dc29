"""The self-assessment against SATRE, made of its evidence: tests that there are.

The statements are paraphrases of SATRE v2.0 (CC BY 4.0), in `satre/statements.csv`;
what shows each of them is `satre/evidence.yaml`.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import yaml

HERE: Final = Path(__file__).parent
STATEMENTS: Final = HERE / "satre" / "statements.csv"
EVIDENCE: Final = HERE / "satre" / "evidence.yaml"
TESTS: Final = HERE.parent / "tests"

STANDINGS: Final = {
    "met": "met",
    "partly": "partly met",
    "organisation": "needs an organisation",
    "not": "not met",
}
COUNTED: Final = {
    "met": "are met",
    "partly": "partly met",
    "organisation": "need an organisation",
    "not": "not met",
}
CLAIMED: Final = ("met", "partly")

_TEST: Final = re.compile(r"^def (test_[a-z_0-9]+)\(", re.MULTILINE)

_HEAD: Final = """
# Self-assessed against SATRE v2.0

The Standard Architecture for Trusted Research Environments asks things of technology, of data management and of the organisation around them.
These are its {count} statements that software can meet or support, and what shows that this software does: {summary}.
It is a self-assessment; nobody else has looked.
An environment is more than its software, and what its organisation does is not assessed here.

Each statement that is met or partly met names tests that would fail if it were not so.
They run with the others; this page is not generated while one of them is missing.

The statements are short paraphrases of the [SATRE specification, version 2.0](https://satre-specification.readthedocs.io/), by the SATRE team, licensed under [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/); the paraphrases are ours.
"""


@dataclass(frozen=True, slots=True)
class Assessed:
    """A statement, how it stands, and the tests that show it."""

    id: str
    pillar: str
    importance: str
    statement: str
    standing: str
    says: str
    tests: tuple[str, ...]


def assessment() -> str:
    """The page. ValueError where a statement has no evidence, or a test is gone."""
    found = tuple(assessed())
    counts = Counter(each.standing for each in found)
    summary = ", ".join(f"{counts[name]} {words}" for name, words in COUNTED.items())
    parts = [_HEAD.format(count=len(found), summary=summary)]
    for pillar, statements in groupby(found, key=lambda each: each.pillar):
        parts.append(
            f"\n## {pillar}\n\n| | statement | stands | |\n|---|---|---|---|\n"
        )
        parts.extend(map(_row, statements))
    return "".join(parts)


def assessed() -> Iterator[Assessed]:
    """Every statement with its evidence, in SATRE's order."""
    evidence: Mapping[str, Mapping[str, object]] = yaml.safe_load(
        EVIDENCE.read_text(encoding="utf-8")
    )
    there = every_test()
    with STATEMENTS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield _assessed(row, evidence[row["id"]], there)


def every_test() -> frozenset[str]:
    """The names of all tests."""
    files = TESTS.rglob("test_*.py")
    return frozenset(
        name for file in files for name in _TEST.findall(file.read_text("utf-8"))
    )


def _assessed(
    row: Mapping[str, str], said: Mapping[str, object], there: frozenset[str]
) -> Assessed:
    named = said.get("tests", [])
    tests = tuple(named) if isinstance(named, list) else ()
    standing = str(said["standing"])
    if standing not in STANDINGS:
        raise ValueError(f"{row['id']}: {standing} is no standing")
    if (standing in CLAIMED) != bool(tests):
        raise ValueError(f"{row['id']}: what is met names tests, and nothing else does")
    gone = [test for test in tests if test not in there]
    if gone:
        raise ValueError(f"{row['id']}: there is no test {', '.join(gone)}")
    return Assessed(
        id=row["id"],
        pillar=row["pillar"],
        importance=row["importance"],
        statement=row["paraphrase"],
        standing=standing,
        says=str(said["says"]),
        tests=tests,
    )


def _row(each: Assessed) -> str:
    shown = " ".join(f"`{test}`" for test in each.tests)
    kind = each.importance.rstrip("*").lower()
    says = f"{each.says} {shown}".strip()
    words = f"{each.statement} ({kind})"
    return f"| {each.id} | {words} | {STANDINGS[each.standing]} | {says} |\n"
