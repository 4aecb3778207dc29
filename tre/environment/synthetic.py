"""Synthetic rows: what they would cost, and how they are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from privacy.catalogue import Table
from privacy.errors import Refused
from tre.batch import Batch
from tre.environment.questions import Questions
from tre.governance.admit import admit
from tre.synthesis.asked import blocks
from tre.synthesis.columns import BANDS, categories
from tre.synthesis.paid import Part, Payer, Spending, Split, said_on, spendings
from tre.synthesis.rounds import LOOK
from tre.synthesis.synthesise import Synthetic, synthesise


class SyntheticRows(Questions):
    """Synthetic rows: questions asked as any other, and rows made of the answers."""

    def synthesise(  # noqa: PLR0913 (as `ask` has it)
        self,
        table: str,
        columns: Sequence[str] = (),
        *,
        project: str,
        person: str,
        bands: int = BANDS,
        rows: int | None = None,
        epsilon: float | None = None,
        rho: float | None = None,
        share: float | None = None,
        fresh: bool = False,
    ) -> Synthetic:
        """Synthetic rows of a table, made of releases that are paid as any other.

        They hold the noised counts of every two columns; what is made of them costs
        nothing more. Without `columns` all that the project may ask and that have
        public values or bounds; numbers are cut into `bands`. Many columns take
        several questions, which share what is to be spent. An exact repeat makes
        other rows of the same releases, at no cost. For the extra `synthesis`.
        """

        def split(
            questions: Sequence[str], parts: Sequence[float], spending: Spending
        ) -> Split:
            batch = self.explain_batch(
                questions, parts=parts, project=project, person=person, **spending
            )
            each = spendings([(one.spending, one.refusal) for one in batch.questions])
            return Split(each, batch.loss if fresh else batch.charge, batch.left)

        payer = Payer(
            ask=partial(self.ask, project=project, person=person, fresh=fresh),
            split=split,
            spending=_said(epsilon=epsilon, rho=rho, share=share),
        )
        known = self._granted(table, project, person)
        return synthesise(payer, known, columns, bands=bands, rows=rows)

    def explain_synthesis(  # noqa: PLR0913 (as `synthesise`)
        self,
        table: str,
        columns: Sequence[str] = (),
        *,
        project: str,
        person: str,
        bands: int = BANDS,
        epsilon: float | None = None,
        rho: float | None = None,
        share: float | None = None,
    ) -> Batch:
        """What `synthesise` would ask, and what that would cost and err.

        Of two rounds the first alone, at its part: what the second asks, for the rest,
        depends on the answers. `affordable` is whether both could be paid.
        """
        known = self._granted(table, project, person)
        asked = blocks(table, categories(known, columns, bands))
        questions = [each.sql for each in asked]
        whole = self.explain_batch(
            questions,
            parts=[each.weight for each in asked],
            project=project,
            person=person,
            epsilon=epsilon,
            rho=rho,
            share=share,
        )
        if len(asked) == 1:
            return whole
        look = Part.of(said_on([each.spending for each in whole.questions]), LOOK)
        first = self.explain_batch(
            questions, parts=look.now, project=project, person=person, **look.spending
        )
        covered = look.covered(first.charge, first.left)
        return replace(first, affordable=covered)

    def _granted(self, table: str, project: str, person: str) -> Table:
        """A table as a project may ask it."""
        with self._parts.control.reading() as connection:
            found = admit(connection, project, person, self._parts.clock())
        if table not in found.catalogue.tables:
            raise Refused("unknown_table", f"There is no table {table[:80]}.")
        return found.catalogue.tables[table]


def _said(**amounts: float | None) -> Spending:
    """What is said of spending, by its keyword."""
    return {name: said for name, said in amounts.items() if said is not None}
