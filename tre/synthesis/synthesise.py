"""Synthetic rows of a table: questions, paid, and rows made of their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.errors import Invalid
from privacy.accounting import Loss
from privacy.catalogue import Table
from tre.release import Release
from tre.synthesis.columns import BANDS, Category, categories, value_of
from tre.synthesis.marginals import Marginals
from tre.synthesis.model import Fitted, fitted
from tre.synthesis.paid import Payer, together
from tre.synthesis.rounds import rounds

LABEL: Final = (
    "synthetic rows made of a differentially private release; nobody is in them"
)
"""What every table of synthetic rows says of itself, in its schema's metadata."""


@dataclass(frozen=True, slots=True)
class Pair:
    """How far rows are from the release they were made of, in one pair of columns.

    `distance` is the total variation between the rows' shares and the noised ones
    over the cells that are shown, and `noise` about what noise alone makes of it.
    """

    columns: tuple[str, str]
    modelled: bool
    hidden: float
    distance: float
    noise: float


@dataclass(frozen=True, slots=True)
class Synthetic:
    """Made-up rows, the releases they were made of, and how faithful they are to those.

    `questions` are what was asked and paid, one a release; `loss` is what they cost
    together, and `charged` whether any of them was now.
    """

    table: pa.Table = field(repr=False)
    releases: tuple[Release, ...]
    questions: tuple[str, ...]
    pairs: tuple[Pair, ...]
    hidden: float

    @property
    def loss(self) -> Loss:
        """What all releases cost together."""
        return together([each.loss for each in self.releases])

    @property
    def charged(self) -> bool:
        """Whether a release was charged, and not all given again."""
        return any(each.charged for each in self.releases)


def synthesise(
    payer: Payer,
    table: Table,
    columns: Sequence[str] = (),
    *,
    bands: int = BANDS,
    rows: int | None = None,
) -> Synthetic:
    """Rows that look like a table's, in pairs of columns.

    What the payer's questions cost is all that this costs, as everything else is
    post-processing. Of a table with several rows a person a row made is one that
    somebody might have, weighted by how many people have such. Values are listed ones,
    or lie within public bounds. Without `rows` there are as many as the noised counts
    say. Raises Refused, as the payer does and for columns that cannot be had; and
    Invalid, before anything is asked, where the extra `synthesis` is missing.
    """
    if find_spec("mbi") is None:
        raise Invalid("synthesise", "expected the extra: pip install 'tre[synthesis]'")
    chosen = categories(table, columns, bands)
    answers = rounds(payer, table.name, chosen)
    known, releases = answers.known, answers.releases
    made = fitted(known, answers.modelled, rows or round(known.total))
    return Synthetic(
        table=_table(made, known, chosen, releases),
        releases=releases,
        questions=tuple(each.sql for each in answers.asked),
        pairs=_fidelity(made, known, chosen),
        hidden=known.hidden,
    )


def _table(
    made: Fitted,
    known: Marginals,
    chosen: Sequence[Category],
    releases: Sequence[Release],
) -> pa.Table:
    coin = np.random.default_rng()  # noqa: TID251 - rows are made of what is public
    arrays = {}
    for place, category in enumerate(chosen):
        shown = [known.values[place][code] for code in made.codes[:, place]]
        values = [value_of(category, each, coin) for each in shown]
        arrays[category.name] = pa.array(values, category.kind)
    ids = " ".join(each.id for each in releases)
    said = {"tre.synthetic": LABEL, "tre.release": ids}
    return pa.table(arrays).replace_schema_metadata(said)


def _fidelity(
    made: Fitted, known: Marginals, chosen: Sequence[Category]
) -> tuple[Pair, ...]:
    found = []
    for marginal in known.pairs:
        one, other = marginal.columns
        counts = np.zeros(marginal.counts.shape)
        np.add.at(counts, (made.codes[:, one], made.codes[:, other]), 1.0)
        shown = marginal.shown
        gap = counts / counts.sum() - marginal.counts / known.total
        found.append(
            Pair(
                columns=(chosen[one].name, chosen[other].name),
                modelled=marginal.columns in made.pairs,
                hidden=float(1 - shown.mean()),
                distance=float(np.abs(gap[shown]).sum() / 2),
                noise=float(marginal.deviation * np.sqrt(2 / np.pi) * shown.sum() / 2)
                / known.total,
            )
        )
    return tuple(found)
