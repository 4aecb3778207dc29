"""What anybody may know of what is done here: the register, and incidents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tre.audit.record import Record
from tre.environment.acting import Acting
from tre.governance.incidents import About, record_incident, resolve_incident
from tre.register.algorithm import algorithm
from tre.register.happening import read_records
from tre.register.pages import algorithm_page, index_page, project_page
from tre.register.register import project_names, written
from tre.register.used import Dealt, used

INDEX: Final = "index.html"


class Openness(Acting):
    """What anybody may know of what is done here: the register, and incidents."""

    def register(self) -> Mapping[str, Any]:
        """The public register, of the log as it is now."""
        with self._parts.control.reading() as connection:
            return self._parts.register.document(connection)

    def feed(self) -> bytes:
        """What happened last, as an Atom feed."""
        with self._parts.control.reading() as connection:
            return self._parts.register.feed(connection)

    def used(self, dealt: Dealt) -> list[Any]:
        """Which projects used data like what somebody says they have dealt with."""
        return used(self.register(), dealt)

    def write_register(self, folder: Path) -> tuple[Path, ...]:
        """The register, its pages and feed as files; the same log, the same bytes."""
        document = self.register()
        made = {
            "register.json": written(document),
            "feed.atom": self.feed(),
            "algorithm.json": written(algorithm(document)),
            INDEX: index_page(document).encode(),
            "algorithm.html": algorithm_page(document).encode(),
        }
        for name in project_names(document):
            made[f"projects/{name}.html"] = project_page(document, name).encode()
        for name, content in made.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return tuple(folder / name for name in made)

    def record_incident(
        self,
        summary: str,
        *,
        project: str | None = None,
        dataset: str | None = None,
        person: str | None = None,
    ) -> str:
        """Write an incident down, in words for the public; its id comes back."""
        with self._acting(person) as act:
            return record_incident(act, summary, About(project, dataset))

    def resolve_incident(
        self, incident: str, *, outcome: str, person: str | None = None
    ) -> None:
        """End an incident with what was done about it, in words for the public."""
        with self._acting(person) as act:
            resolve_incident(act, incident, outcome)

    def _told(self) -> tuple[Record, ...]:
        with self._parts.control.reading() as connection:
            return tuple(read_records(connection))
