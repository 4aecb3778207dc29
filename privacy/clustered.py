"""How much less than its rows a sample says where people have several.

Rows of one person are alike. With scores sᵢ of rows and S = Σ sᵢ over a person's, the
variance of a fit rests on Σ S·Sᵀ over people, and by Cauchy and Schwarz S·Sᵀ is at most
as many times Σ sᵢ·sᵢᵀ as the person has rows (Cameron and Miller 2015, section II). So
standard errors that take rows for independent are too small by the root of the cap at
most. Where squares of scores do not go with how many rows people have, it is by the
mean of that number over rows, which the profile of a table tells with its noise.
"""

from __future__ import annotations

from privacy.plan import Plan
from privacy.profile import Profile
from privacy.relation import TableOf


def inflation(plan: Plan) -> float:
    """What the variance of rows taken for independent is multiplied by, at most.

    The number of a person's rows that a row is one of, on average over rows: by the
    profile where the question is of one table that has one, and never above the cap.
    """
    rows, relation = float(plan.bounded.rows_per_person), plan.query.relation
    if not isinstance(relation, TableOf) or relation.table.profile is None:
        return max(1.0, rows)
    return min(
        rows, _rows_beside(relation.table.profile, relation.table.rows_per_person)
    )


def _rows_beside(profile: Profile, cap: int) -> float:
    """Σ k²·(people with k rows) over Σ k·(people with k rows), k of a class its most.

    Two deviations of the profile's noise are taken against us in every class.
    """
    ends = (*profile.starts[1:], 2 * profile.starts[-1])
    squares = total = 0.0
    for end, held in zip(ends, profile.people, strict=True):
        size = min(end - 1, cap)
        squares += size**2 * max(0.0, held + 2 * profile.people_deviation)
        total += size * max(0.0, held - 2 * profile.people_deviation)
    return max(1.0, squares / total) if total > 0 else float(cap)
