"""A whole environment: made, opened, and let go of."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tre.audit.act import acting
from tre.capacity import ONE, Capacity
from tre.environment.acting import OPERATOR
from tre.environment.airlock import Airlock
from tre.environment.datasets import Datasets
from tre.environment.linkage import Linkage
from tre.environment.log import Log
from tre.environment.openness import Openness
from tre.environment.people import People
from tre.environment.projects import Projects
from tre.environment.safekeeping import Safekeeping
from tre.environment.synthetic import SyntheticRows
from tre.governance.people import found_environment
from tre.home import Parts, Terms, make_home, open_home
from tre.objecting import resume_destruction
from tre.publishing import sweep_zones


class Environment(
    People,
    Datasets,
    Linkage,
    Projects,
    SyntheticRows,
    Airlock,
    Safekeeping,
    Log,
    Openness,
):
    """One trusted research environment, at a home directory. Safe across threads.

    Methods raise `Refused` for what the rules do not allow, `Invalid` for a manifest,
    source or file that is not right, and `Failed` for an admitted question that could
    not be answered. `person` is who acts; None is the operator.
    """

    @classmethod
    def create(
        cls, home: Path | str, *, control: str | None = None, capacity: Capacity = ONE
    ) -> Self:
        """Make an environment, and its first administrator, `administrator`.

        `control` is the address of an empty PostgreSQL database, without a password,
        to keep people, projects and the ledger in; else they are in the home.
        """
        return cls(found(Path(home), Terms(), control, capacity))

    @classmethod
    def open(cls, home: Path | str, *, capacity: Capacity = ONE) -> Self:
        """Open an environment; what a crash left half-done is ended.

        Invalid where something would have to be removed of which the log does not
        prove that it was never published, or was withdrawn.

        `capacity` is how many questions are answered at a time, in what memory, and how
        long their time slots are.
        """
        parts = open_home(Path(home), Terms(), capacity)
        with ExitStack() as undo:
            undo.callback(parts.close)
            sweep_zones(parts)
            resume_destruction(parts, OPERATOR)
            undo.pop_all()
        return cls(parts)

    def close(self) -> None:
        """End the enclave and let go of every file."""
        self._parts.close()

    def __enter__(self) -> Self:
        """Use as a context manager: closed at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


def found(
    home: Path, terms: Terms, control: str | None = None, capacity: Capacity = ONE
) -> Parts:
    """Make a home, on terms, with its first administrator."""
    parts = make_home(home, terms, capacity, control)
    with acting(parts.control, OPERATOR, parts.clock()) as act:
        found_environment(act)
    return parts
