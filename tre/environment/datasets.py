"""What stewards bring, look at and take back, and what anybody may know of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from privacy.errors import Refused
from tre.describe import described_dataset, described_datasets, described_version
from tre.discovery import dcat
from tre.discovery.croissant import croissant
from tre.discovery.dummy import dummy
from tre.environment.acting import Acting, actor_of
from tre.governance.catalogue import current_catalogue
from tre.governance.conditions import (
    conditions_of,
    lift_conditions,
    read_conditions,
    set_conditions,
)
from tre.governance.datasets import check_steward
from tre.inspection.report import Report
from tre.intake import Publication
from tre.intake.object import Objected
from tre.manifest import load
from tre.objecting import (
    Late,
    apply_objections,
    late_objections,
    take_in_objections,
    withdraw,
)
from tre.publishing import Progress, check_dataset, onboard_dataset
from tre.rewritten import Anew


class Datasets(Acting):
    """What stewards bring, look at and take back, and what anybody may know of it."""

    def check(
        self, manifest: Path | str | Mapping[str, Any], *, base: Path | None = None
    ) -> Report:
        """What is wrong with a manifest's sources, and how risky they are.

        For the steward alone: its figures are exact. Publishes nothing.
        """
        return check_dataset(self._parts, manifest, base)

    def onboard(
        self,
        manifest: Path | str | Mapping[str, Any],
        *,
        base: Path | None = None,
        person: str | None = None,
        progress: Progress | None = None,
    ) -> Publication:
        """Take a dataset through intake to publication, and switch to it.

        Paths in the manifest are in `base`: by default the manifest's own folder,
        and for a mapping the current one.
        """
        loaded = load(manifest, base)
        who = actor_of(person)
        return onboard_dataset(self._parts, loaded, who, progress=progress)

    def check_steward(self, person: str, controller: str) -> None:
        """Refused with `not_permitted` unless the person is this controller's steward.

        Files in the controller's name are for its stewards alone: an administrator
        may publish for anybody, from files that they were given.
        """
        with self._parts.control.reading() as connection:
            check_steward(connection, person, controller)

    def datasets(self) -> list[dict[str, Any]]:
        """The catalogue: the public facts of every dataset."""
        with self._parts.control.reading() as connection:
            return described_datasets(connection)

    def dataset(self, name: str, version: str | None = None) -> dict[str, Any]:
        """The public facts of a dataset; or of one version, with its releases.

        `version` is a label or an id. Refused with `unknown_dataset`.
        """
        with self._parts.control.reading() as connection:
            if version is not None:
                return described_version(connection, name, version)
            return described_dataset(connection, name)

    def dummy(self, name: str, *, rows: int, seed: int) -> dict[str, pa.Table]:
        """Made-up tables like a dataset's, from its public schema alone.

        `person_id` joins them; the same arguments give the same rows. Refused with
        `unknown_dataset`, or `dataset_withdrawn`.
        """
        with self._parts.control.reading() as connection:
            population = described_dataset(connection, name)["population"]
            tables = current_catalogue(connection, population).catalogue.tables
        its = [one for one in tables.values() if one.dataset == name]
        if not its:
            raise Refused(
                "dataset_withdrawn",
                "The dataset is withdrawn, and its tables with it.",
                clause=name,
                suggestion="`tre dataset list` names those that are in force.",
            )
        return dummy(its, rows, seed)

    def catalogue(self, address: str) -> dict[str, Any]:
        """Every dataset's public facts as DCAT (JSON-LD), of an interface's address."""
        return dcat.catalogue(self.datasets(), address)

    def croissant(self, name: str, address: str) -> dict[str, Any]:
        """One dataset's public facts as Croissant. Refused with `unknown_dataset`."""
        return croissant(self.dataset(name), address)

    def withdraw(self, name: str, *, person: str | None = None) -> None:
        """End a dataset, and destroy every version of it: nobody can read it again."""
        withdraw(self._parts, name, actor_of(person))

    def set_conditions(
        self,
        name: str,
        conditions: Path | str | Mapping[str, Any],
        *,
        person: str | None = None,
    ) -> None:
        """Say what a dataset may be used for from the next question on, as its steward.

        `conditions` is a file or a mapping: `purposes`, `organisations`, `columns` by
        table, and `until`; what is not said is not restricted.
        """
        read = read_conditions(conditions)
        with self._acting(person) as act:
            set_conditions(act, name, read)

    def lift_conditions(self, name: str, *, person: str | None = None) -> None:
        """End a dataset's conditions, as its steward."""
        with self._acting(person) as act:
            lift_conditions(act, name)

    def conditions(self, name: str) -> dict[str, Any]:
        """A dataset's conditions; empty where it has none."""
        with self._parts.control.reading() as connection:
            described_dataset(connection, name)
            held = conditions_of(connection, [name]).get(name)
        return {} if held is None else dict(held.facts())

    def import_objections(
        self,
        file: Path | str,
        *,
        population: str | None = None,
        person: str | None = None,
    ) -> Objected:
        """Take in objections, as a CSV whose columns are kinds of identifiers.

        They are in force from the next publication of each dataset on;
        `apply_objections` writes what is published now anew. `population` may be
        left out where there is only one.
        """
        who = actor_of(person)
        chosen = self._population(population)
        return take_in_objections(self._parts, Path(file), chosen, who)

    def apply_objections(
        self, *, population: str | None = None, person: str | None = None
    ) -> Anew:
        """Write every version that is asked anew, without the people who object."""
        who = actor_of(person)
        return apply_objections(self._parts, self._population(population), who)

    def late_objections(self) -> tuple[Late, ...]:
        """Each time objections were applied late, and which releases came before."""
        with self._parts.control.reading() as connection:
            return late_objections(connection)
