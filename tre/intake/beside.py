"""What is opened beside a version to be: the one before it, and who knows its rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from connectors.errors import Invalid
from privacy.catalogue import Table
from tre.intake.carry import check_same, open_before
from tre.intake.publication import Before
from tre.intake.row_keys import open_known, open_rows
from tre.intake.underway import Intake


def open_beside(intake: Intake, file: Path, tables: Sequence[Table]) -> None:
    """Attach what the delivery adds to or corrects, and the files of row keys."""
    before = intake.before
    if intake.manifest.delivery.extends:
        if before is None:
            raise Invalid("tre.delivery.to", "there is no version to add to or correct")
        check_same(before.tables, tables)
        _check_spine(intake, before)
        open_before(intake.engine, intake.zones, before)
        version = intake.zones.home / before.file
        intake.known = open_known(intake.engine, intake.zones, version)
        _check_known(intake)
    if intake.keyed:
        open_rows(intake.engine, intake.zones, file)


def _check_spine(intake: Intake, before: Before) -> None:
    """People have the same numbers in what stays and in what joins it."""
    current = intake.zones.spine_version(intake.manifest.population)
    if intake.linked and before.spine_version != str(current):
        raise Invalid(
            "tre.delivery",
            f"version {before.version} numbers people by another version of the"
            " linkage: deliver the dataset whole (kind: replace)",
        )


def _check_known(intake: Intake) -> None:
    """Row keys are had from the first delivery on, or from none."""
    for index, resource in enumerate(intake.manifest.resources):
        keyed = resource.tre.row_key is not None
        if keyed != (resource.name in intake.known):
            raise Invalid(
                f"resources[{index}].tre.row_key",
                "the version before has none for this table: declare it with a"
                " dataset that is delivered whole (kind: replace)"
                if keyed
                else "expected the row key that the version before has",
            )
