"""What is asked, what it costs, and what is left."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from privacy.accounting import Loss
from privacy.errors import Refused
from privacy.explain import Explanation
from privacy.model import model_text
from tre.airlock.package import release_package
from tre.batch import Batch, explain_batch
from tre.enquiry import ask, explain_question
from tre.environment.acting import Acting
from tre.governance.admit import admit
from tre.governance.project import find_project
from tre.ledger.account import Kind, current_account
from tre.ledger.question import Asked
from tre.release import Release, release_from
from tre.releases import StoredRelease, load_release
from tre.spend import Spend


class Questions(Acting):
    """What is asked, what it costs, and what is left."""

    @property
    def at_a_time(self) -> int:
        """How many questions can be answered at a time."""
        return self._parts.gate.enclave.capacity.workers

    @property
    def headroom(self) -> int:
        """How many times the work that its plan predicts a question's slot is."""
        return self._parts.gate.pace.headroom

    def explain(  # noqa: PLR0913 (the contract's signature)
        self,
        sql: str,
        *,
        project: str,
        person: str,
        epsilon: float | None = None,
        rho: float | None = None,
        margin: float | None = None,
        share: float | None = None,
    ) -> Explanation:
        """What a question would compute, cost and err. Reads no protected data."""
        spend = Spend(epsilon, rho, margin, share)
        asked = Asked(project, person, sql, spend.said())
        return explain_question(self._parts.gate, asked, spend)

    def explain_batch(  # noqa: PLR0913 (as `explain`)
        self,
        questions: Sequence[str],
        *,
        project: str,
        person: str,
        parts: Sequence[float] | None = None,
        epsilon: float | None = None,
        rho: float | None = None,
        margin: float | None = None,
        share: float | None = None,
    ) -> Batch:
        """How wrong each of several questions will be, and what half the error costs.

        What is to be spent is for all of them together: evenly, or by `parts`, such
        as [2, 1, 1]. A margin is each question's own. Reads no protected data.
        """
        spend = Spend(epsilon, rho, margin, share)
        asked = [Asked(project, person, sql, spend.said()) for sql in questions]
        return explain_batch(self._parts.gate, asked, spend, parts)

    def regress(  # noqa: PLR0913 (as `ask` has it)
        self,
        outcome: str,
        *,
        on: Sequence[str] = (),
        by: Sequence[str] = (),
        source: str,
        project: str,
        person: str,
        epsilon: float | None = None,
        rho: float | None = None,
        share: float | None = None,
        fresh: bool = False,
    ) -> Release:
        """A linear regression of a number, fitted to noised moments and charged.

        `on` are numbers and `by` categories, in SQL; `source` is a table, and may go
        on as FROM does: `earnings WHERE age > 17`. The same as asking REGRESS ….
        """
        text = model_text("REGRESS", outcome, on, by, source)
        return self.ask(
            text,
            project=project,
            person=person,
            epsilon=epsilon,
            rho=rho,
            share=share,
            fresh=fresh,
        )

    def ask(  # noqa: PLR0913 (the contract's signature)
        self,
        sql: str,
        *,
        project: str,
        person: str,
        epsilon: float | None = None,
        rho: float | None = None,
        margin: float | None = None,
        share: float | None = None,
        fresh: bool = False,
        idempotency_key: str | None = None,
    ) -> Release:
        """Ask, and pay. An exact repeat gives the earlier release at no cost.

        Say what to spend as one of `epsilon`, `rho`, `margin` (of a 95% interval) and
        `share` (of what is left; 0.01 where nothing is said). `fresh` draws and
        charges again. A retry with the same `idempotency_key` is not charged again.
        """
        spend = Spend(epsilon, rho, margin, share)
        asked = Asked(
            project=project,
            person=person,
            text=sql,
            spending=spend.said(),
            fresh=fresh,
            idempotency_key=idempotency_key,
        )
        return ask(self._parts.gate, asked, spend)

    def release(self, id: str, *, person: str) -> Release:  # noqa: A002 (the contract's)
        """An earlier release of a project that the person may ask in."""
        return release_from(self._stored(id, person), charged=False)

    def export_release(self, id: str, *, person: str) -> bytes:  # noqa: A002 (the contract's)
        """An earlier release as a package that can be checked offline."""
        return release_package(self._stored(id, person))

    def _stored(self, release: str, person: str) -> StoredRelease:
        with self._parts.control.reading() as connection:
            try:
                stored = load_release(connection, release)
                admit(connection, stored.project, person, self._parts.clock())
            except (LookupError, Refused):
                raise Refused(
                    "unknown_release", "There is no such release that you may see."
                ) from None
        return stored

    def remaining(self, project: str, *, person: str | None = None) -> Loss:
        """What a project has left; for its researchers, or the operator."""
        with self._parts.control.reading() as connection:
            if person is not None:
                admit(connection, project, person, self._parts.clock())
            find_project(connection, project)
            return _left(connection, Kind.PROJECT, project)

    def remaining_of_population(self, name: str) -> Loss:
        """What a population's period has left, over all projects."""
        with self._parts.control.reading() as connection:
            return _left(connection, Kind.POPULATION, name)


def _left(connection: Connection, kind: Kind, name: str) -> Loss:
    try:
        return current_account(connection, kind, name).left
    except LookupError:
        raise Refused(
            "no_budget", f"There is no open budget of the {kind.value} {name[:80]}."
        ) from None
