"""What is attacked: a question goes in, and a released table comes out, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from privacy.errors import Refused
from tre.lab import Lab
from tre.profiles.load import load_profile
from tre.profiles.publish import publish_counts

Answer: TypeAlias = Callable[[str], pa.Table | None]
"""The answer to a question; None where it is refused."""

_ANY: Final = 'SELECT COUNT(*) AS n FROM "{}"'
"""A question that takes any price exactly."""


@dataclass(frozen=True, slots=True)
class Target:
    """A way of answering questions, by the name of its policy."""

    policy: str
    answer: Answer = field(repr=False)

    def count(self, where: str) -> float:
        """How many people there are, as given out; NaN where nothing is."""
        table = self.answer(f"SELECT COUNT(*) AS n FROM people WHERE {where}")
        return np.nan if table is None else float(numbers(table, "n")[0])


def unprotected(lab: Lab) -> Target:
    """Exact answers."""
    return Target("no protection", lab.exact)


def by_rules(lab: Lab, profile: str) -> Target:
    """Exact counts under another system's disclosure rules, and nothing else.

    Every whole number that is asked for is taken to be a count, unless it is a key:
    questions name their counts n, n0, n1 and so on.
    """
    return Target(profile, partial(_by_rules, lab, profile))


def gateway(
    lab: Lab, *, epsilon: float, questions: int, table: str = "people"
) -> Target:
    """The gateway, where `epsilon` is all there is for so many questions.

    The same part is spent on each: of the ρ that `epsilon` converts to, as it is ρ
    that adds up, or of `epsilon` itself in a pure project. A repeat is the release
    there is already.
    """
    whole = lab.explain(_ANY.format(table), epsilon=epsilon).loss
    part: Mapping[str, float] = (
        {"rho": whole.rho / questions}
        if whole.delta
        else {"epsilon": epsilon / questions}
    )
    policy = f"gateway, ε = {epsilon:g}"
    return Target(policy, partial(_asked, lab, part, fresh=False))


def unaccounted(lab: Lab, *, epsilon: float) -> Target:
    """Noise without a ledger: each answer is drawn anew for `epsilon`, without end.

    The laboratory's budget has to be large enough not to end either.
    """
    part = {"epsilon": epsilon}
    return Target("noise without a ledger", partial(_asked, lab, part, fresh=True))


def numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    """A column as given out; NaN where it is suppressed."""
    column: NDArray[np.float64] = table.column(name).cast(pa.float64()).to_numpy()
    return column


def _asked(
    lab: Lab, part: Mapping[str, float], sql: str, *, fresh: bool
) -> pa.Table | None:
    try:
        return lab.ask(sql, **part, fresh=fresh).to_arrow()
    except Refused:
        return None


def _by_rules(lab: Lab, profile: str, sql: str) -> pa.Table:
    table = lab.exact(sql)
    for place, name in enumerate(table.column_names):
        if not ((name[:1] == "n" and name[1:].isdigit()) or name == "n"):
            continue
        counts = table.column(name).to_numpy().astype(np.int64)
        shown = publish_counts(load_profile(profile), counts).values
        table = table.set_column(place, name, pa.array(shown, from_pandas=True))
    return table
