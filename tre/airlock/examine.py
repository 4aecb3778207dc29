"""What is wrong in a submission's form, and what its checkers should look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pyarrow as pa

from connectors.errors import Invalid
from privacy.errors import Refused
from tre.airlock.form import Filled, made_table
from tre.airlock.quoted import quoted
from tre.airlock.recompute import recompute
from tre.airlock.submission import Direction, Finding, Item, Kind
from tre.manifest import Manifest, PrivacyUnit, load

RECOMPUTED: Final = frozenset({Kind.TABLE, Kind.MODEL})
CITES: Final = frozenset({Kind.TABLE, Kind.MODEL, Kind.FIGURE})
"""What shows figures, and so rests on releases."""

_SHOWN: Final = 5


def examine(
    filled: Filled, releases: Mapping[str, pa.Table], population: str
) -> tuple[Finding, ...]:
    """What a checker should look at. `releases` are the project's that are cited.

    Refused with `form` for what can only be a mistake: a release that is not the
    project's, a table without one, a suppressed cell that has a figure, an interval
    left out, more digits than were released; or, on the way in, anything but public
    tables.
    """
    if filled.direction is Direction.IN:
        _check_inward(filled, population)
        return ()
    _check_cited(filled.items, releases)
    faults: list[Finding] = []
    findings: list[Finding] = []
    for item in filled.items:
        for fault, finding in _of_item(item, filled.contents[item.sha256], releases):
            (faults if fault else findings).append(finding)
    if faults:
        raise _mistaken(faults)
    return tuple(findings)


def manifest_of(filled: Filled, folder: Path) -> Manifest:
    """The manifest on the way in, with its tables laid beside it in `folder`."""
    for item in filled.items:
        (folder / item.name).write_bytes(filled.contents[item.sha256])
    (name,) = (item.name for item in filled.items if item.kind is Kind.MANIFEST)
    return load(folder / name)


def _check_cited(items: Sequence[Item], releases: Mapping[str, pa.Table]) -> None:
    for item in items:
        if item.kind is Kind.MANIFEST:
            raise _fault(item.name, "A manifest goes in, not out.")
        unknown = [each for each in item.releases if each not in releases]
        if unknown:
            raise _fault(
                item.name, f"The project has no release {unknown[0][:40]} to cite."
            )
        if item.kind in CITES and not item.releases:
            raise _fault(item.name, f"A {item.kind.value} cites what it was made of.")
    if not any(item.releases for item in items):
        raise _fault("files", "Nothing cites a release, so nothing can be checked.")


def _of_item(
    item: Item, data: bytes, releases: Mapping[str, pa.Table]
) -> Iterator[tuple[bool, Finding]]:
    """Each thing found in an item, and whether it is a fault of form."""
    cited = [releases[each] for each in item.releases]
    if item.kind in RECOMPUTED:
        made = made_table(item, data)
        found = recompute(made, cited, columns=item.columns, derived=item.derived)
        yield from ((True, _in(item, each)) for each in found.faults)
        yield from ((False, _in(item, each)) for each in found.findings)
    elif item.kind is Kind.TEXT:
        told = quoted(data.decode("utf-8"), cited or [*releases.values()])
        yield from ((False, _in(item, each)) for each in told)
    elif item.kind is Kind.FIGURE:
        words = "a picture is not recomputed: compare it with the releases it cites"
        yield False, Finding(item.name, words)


def _check_inward(filled: Filled, population: str) -> None:
    kinds = [item.kind for item in filled.items]
    if kinds.count(Kind.MANIFEST) != 1 or set(kinds) - {Kind.MANIFEST, Kind.TABLE}:
        raise _fault("files", "What goes in is one manifest and the tables it names.")
    with TemporaryDirectory() as folder:
        try:
            manifest = manifest_of(filled, Path(folder))
        except Invalid as problem:
            raise _fault(problem.path, f"The manifest is wrong: {problem}.") from None
    if manifest.population != population:
        raise _fault("tre.population", f"The project's population is {population}.")
    for resource in manifest.resources:
        if resource.tre.privacy_unit is not PrivacyUnit.NONE:
            raise _fault(resource.name, "Only public tables come in this way.")


def _in(item: Item, finding: Finding) -> Finding:
    return Finding(f"{item.name}: {finding.place}", finding.words)


def _mistaken(faults: Sequence[Finding]) -> Refused:
    told = "; ".join(f"{each.place}: {each.words}" for each in faults[:_SHOWN])
    more = len(faults) - _SHOWN
    return Refused(
        "form",
        f"{told}{f'; and {more} more' if more > 0 else ''}.",
        clause=faults[0].place,
        suggestion="Make the file from the release's own columns, intervals included.",
    )


def _fault(place: str, words: str) -> Refused:
    return Refused("form", words, clause=place)
