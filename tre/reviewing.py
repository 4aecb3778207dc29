"""Clerical review: pairs of records shown to a linker, and what linkers decided."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa

from connectors.errors import Invalid
from privacy.errors import Refused
from tre.audit.act import acting
from tre.governance.populations import population_exists
from tre.governance.roles import Action, allowed, permitted
from tre.home import Parts
from tre.intake import spine
from tre.intake.decide import decide
from tre.intake.engine import Engine
from tre.intake.publication import Options
from tre.intake.reference import References
from tre.intake.regroup import Pair
from tre.intake.review import Asked, pairs_to_review
from tre.intake.sweep import sweep_locked
from tre.intake.underway import opened
from tre.intake.zones import Zones
from tre.recorded import files_on_record, zones_of

PAIR: Final = "pair"
DECISION: Final = "decision"
VERDICTS: Final = {"same": True, "different": False}
LARGEST_FILE: Final = 64 * 2**20


def review_links(parts: Parts, population: str, asked: Asked) -> pa.Table:
    """The pairs that `asked.reviewer` may decide on; on record that they saw them.

    Refused with not_permitted to whoever is no linker.
    """
    check_population(parts, population, asked.reviewer, Action.REVIEW_LINKS)
    with _spine(parts, population) as (engine, zones):
        found = pairs_to_review(engine, References.of(zones, population), asked)
    with acting(parts.control, asked.reviewer, parts.clock()) as act:
        permitted(act, Action.REVIEW_LINKS)
        act.record("linkage.reviewed", population, {"identifiers": asked.identifiers})
    return found.append_column(DECISION, pa.array([""] * found.num_rows, pa.string()))


def decide_links(parts: Parts, file: Path, population: str, person: str) -> int:
    """Take in a linker's decisions; how many pairs the file decides on.

    The log has the file's digest: neither pairs nor how many there are. Invalid where
    a pair was not given out for this population, or its decision is unknown.
    """
    check_population(parts, population, person, Action.REVIEW_LINKS)
    content = _read(file)
    with _spine(parts, population) as (engine, zones):
        references = References.of(zones, population)
        said = dict(_decisions(file, content, references))
        decide(engine, said, person)
    sha256 = hashlib.sha256(content).hexdigest()
    with acting(parts.control, person, parts.clock()) as act:
        permitted(act, Action.REVIEW_LINKS)
        act.record("linkage.decided", population, {"file_sha256": sha256})
    return len(said)


def check_population(
    parts: Parts, population: str, person: str, action: Action
) -> None:
    """Refused with not_permitted or unknown_population, before anything is opened."""
    with parts.control.reading() as connection:
        allowed(connection, person, action)
        if not population_exists(connection, population):
            raise Refused(
                "unknown_population", f"There is no population {population[:80]}."
            )


@contextmanager
def _spine(parts: Parts, population: str) -> Iterator[tuple[Engine, Zones]]:
    """The spine in force, attached; what was changed is written at the end."""
    zones, options = zones_of(parts), Options(memory_mib=512, threads=1)
    with zones.locked(), zones.scratch() as scratch:
        sweep_locked(zones, files_on_record(parts))
        with opened(scratch, options) as engine:
            spine.open_spine(engine, zones, population)
            yield engine, zones
            engine.detach("spine")


def _read(file: Path) -> bytes:
    try:
        size, content = file.stat().st_size, file.read_bytes()
    except OSError as error:
        raise Invalid(str(file), f"cannot be read: {error.strerror}") from None
    if size > LARGEST_FILE:
        raise Invalid(str(file), "expected at most 64 MiB")
    return content


def _decisions(
    file: Path, content: bytes, references: References
) -> Iterator[tuple[Pair, bool]]:
    """Each pair of the file with its decision; lines without one are left out."""
    try:
        reader = csv.DictReader(content.decode("utf-8-sig").splitlines(), strict=True)
        if not {PAIR, DECISION} <= set(reader.fieldnames or ()):
            raise Invalid(str(file), f"expected the columns {PAIR} and {DECISION}")
        lines = list(reader)
    except (UnicodeDecodeError, csv.Error):
        lines = None
    if lines is None:
        raise Invalid(str(file), "expected a CSV file in UTF-8")
    for line, row in enumerate(lines, start=2):
        said = (row[DECISION] or "").strip().lower()
        if not said:
            continue
        if said not in VERDICTS:
            raise Invalid(
                f"{file}: line {line}", f"expected {' or '.join(VERDICTS)}, or nothing"
            )
        pair = references.read((row[PAIR] or "").strip())
        if pair is None:
            message = "expected a pair that `tre linkage review` gave out of this spine"
            raise Invalid(f"{file}: line {line}", message)
        yield pair, VERDICTS[said]
