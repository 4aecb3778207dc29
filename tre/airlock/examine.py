"""What is wrong in a submission's form, and what its checkers should look at."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pyarrow as pa

from connectors.errors import Invalid
from privacy.errors import Refused
from tre.airlock.form import Filled, made_table
from tre.airlock.numerals import number
from tre.airlock.pictures import redrawn_svg
from tre.airlock.quoted import quoted
from tre.airlock.recompute import HIDDEN, Made, recompute
from tre.airlock.submission import Direction, Finding, Item, Kind
from tre.manifest import Manifest, PrivacyUnit, load

RECOMPUTED: Final = frozenset({Kind.TABLE, Kind.MODEL})
CITES: Final = frozenset({Kind.TABLE, Kind.MODEL, Kind.FIGURE})
"""What shows figures, and so rests on releases."""

_SHOWN: Final = 5
_MOST: Final = 100
_LONGEST: Final = 2_000
_RUNS: Final = ("=", "+", "-", "@", "\t", "\r")


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
    """The manifest on the way in, with its tables laid beside it in `folder`.

    Refused with `form` where it would read anything but the tables handed in.
    """
    for item in filled.items:
        (folder / item.name).write_bytes(filled.contents[item.sha256])
    (name,) = (item.name for item in filled.items if item.kind is Kind.MANIFEST)
    try:
        manifest = load(folder / name)
    except Invalid as problem:
        raise _fault(problem.path, f"The manifest is wrong: {problem}.") from None
    _check_public(manifest, {i.name for i in filled.items if i.kind is Kind.TABLE})
    return manifest


def _check_public(manifest: Manifest, tables: set[str]) -> None:
    named: set[str] = set()
    for resource in manifest.resources:
        if resource.tre.privacy_unit is not PrivacyUnit.NONE:
            raise _fault(resource.name, "Only public tables come in this way.")
        if resource.tre.source is not None:
            words = "Only the files handed in come in this way: leave tre.source out."
            raise _fault(resource.name, words)
        paths = resource.path or ()
        named |= {paths} if isinstance(paths, str) else {*paths}
    if named != tables:
        known = ", ".join(sorted(tables))
        raise _fault("path", f"Its paths are to be the tables handed in: {known}.")


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
        told = _few([*found.findings, *_as_formulas(made)])
        yield from ((False, _in(item, each)) for each in told)
    elif item.kind is Kind.TEXT:
        text = data.decode("utf-8")
        for each in quoted(text, cited or [*releases.values()]):
            yield False, _in(item, each)
    elif item.kind is Kind.FIGURE:
        words = "a picture is not recomputed: compare it with the releases it cites"
        yield False, Finding(item.name, words)
        if item.name.lower().endswith(".svg"):
            written = redrawn_svg(data)[1]
            words = f"words in it, seen or not: {written[:_LONGEST] or 'none'}"
            yield False, Finding(item.name, words)


def _as_formulas(made: Made) -> Iterator[Finding]:
    """Cells that a spreadsheet would run; a number with its sign is none."""
    for place, row in enumerate((made.columns, *made.rows)):
        for name, text in zip(made.columns, row, strict=True):
            plain = unicodedata.normalize("NFKC", text or "")
            if plain.startswith(_RUNS) and not _is_plain(plain):
                words = "a spreadsheet would run it as a formula"
                yield Finding(f"{name[:40]}, row {place}", words)


def _is_plain(text: str) -> bool:
    return text in HIDDEN or number(text) is not None


def _few(found: Sequence[Finding]) -> Iterator[Finding]:
    """As many as somebody reads."""
    yield from found[:_MOST]
    if len(found) > _MOST:
        yield Finding("table", f"and {len(found) - _MOST} more to look at")


def _check_inward(filled: Filled, population: str) -> None:
    kinds = [item.kind for item in filled.items]
    if kinds.count(Kind.MANIFEST) != 1 or set(kinds) - {Kind.MANIFEST, Kind.TABLE}:
        raise _fault("files", "What goes in is one manifest and the tables it names.")
    with TemporaryDirectory() as folder:
        manifest = manifest_of(filled, Path(folder))
    if manifest.population != population:
        raise _fault("tre.population", f"The project's population is {population}.")


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
