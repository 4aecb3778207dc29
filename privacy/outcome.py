"""What a regression's outcome must prove, beside how many people there are.

A category's coefficient tells how its average outcome differs from another's, and the
intercept one outright. So the outcome's total of each category meets the rules that an
average of it by that category would: dominance, and of a sensitive condition that both
those who meet it and those who do not are enough. Noised figures and public bounds
alone are looked at, as in `certificates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray

from privacy.certificates import held_by_few, is_zero_or_one
from privacy.expression import Case, Expression, is_sensitive
from privacy.price import Price
from privacy.quantile import sum_half_width
from privacy.reading import Side

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The noised outcome by cell: its sums about a centre, and rows, in one draw."""

    argument: Expression
    side: Side
    count: int
    values: Sequence[Numbers]
    price: Price

    def is_a_groups(self, inside: NDArray[np.bool_]) -> bool:
        """Whether nobody can hold most of the total of these cells.

        Values that may be negative are taken as distances from their least.
        """
        rule = self.price.plan.policy.dominance
        if rule is None:
            return True
        least = self.side.centre + self.side.lower
        lift = self.side.centre - min(least, Fraction(0))
        total, margin, most = self._total(inside, 1, lift)
        return not held_by_few(np.array(total - margin), most, rule)

    def is_mixed(self, inside: NDArray[np.bool_]) -> bool:
        """Whether enough people meet a sensitive condition there, and enough do not."""
        policy, case = self.price.plan.policy, self.argument
        told = isinstance(case, Case) and is_sensitive(case) and is_zero_or_one(case)
        if not (policy.class_disclosure and told):
            return True
        centre, rows = self.side.centre, self.price.plan.bounded.rows_per_person
        both = (self._total(inside, *each) for each in ((1, centre), (-1, 1 - centre)))
        least = policy.threshold_people * rows
        return all(total >= least + ceil(margin) for total, margin, _ in both)

    def _total(
        self, inside: NDArray[np.bool_], sign: int, lift: Fraction
    ) -> tuple[float, float, float]:
        """Sign · Σ(x − centre) + lift · rows, its margin, and the most one adds."""
        plan, mechanisms = self.price.plan, self.price.mechanisms
        at = self.side.component
        unit = sign * plan.components[at].unit
        parts = [each for each in ((at, unit), (self.count, lift)) if each[1]]
        total = sum(float(c) * self.values[p][inside].sum() for p, c in parts)
        terms = tuple((c, mechanisms[p]) for p, c in parts) * max(1, int(inside.sum()))
        margin = sum_half_width(terms, float(2 * plan.policy.confidence - 1))
        most = sum(float(abs(c)) * plan.components[p].l1 for p, c in parts)
        return float(total), margin, most
