"""Numbers far from the rest: they widen bounds, and may single somebody out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Type
from tre.inspection.columns import shown
from tre.inspection.landed import Landed, published_as
from tre.inspection.report import Finding, Level
from tre.intake.sql import named, number, sql

FENCE: Final = 3
"""How many times the middle half's width beyond it is far (Tukey's outer fences)."""

FEW: Final = 0.001
"""Up to this share of values are outliers; more are the shape of the data."""

QUARTILES: Final = "SELECT approx_quantile(x, [0.25, 0.75]) FROM :rows"
BEYOND: Final = "SELECT count(x), count_if(x < :low), count_if(x > :high) FROM :rows"


def outliers(landed: Landed, hidden: frozenset[str]) -> Iterator[Finding]:
    """Few values far beyond the rest, column by column; where the fence is."""
    for at, known in enumerate(landed.columns):
        domain = known.domain
        if domain.type is not Type.NUMBER or known.name in hidden:
            continue
        rows = landed.accepted(named(published_as(at), "x"))
        ((quartiles,),) = landed.engine.run(sql(QUARTILES, rows=_named(rows)))
        if not quartiles or quartiles[0] == quartiles[1]:
            continue
        reach = FENCE * (quartiles[1] - quartiles[0])
        low, high = int(quartiles[0] - reach), int(quartiles[1] + reach)
        beyond = sql(BEYOND, rows=_named(rows), low=number(low), high=number(high))
        ((present, below, above),) = landed.engine.run(beyond)
        found = below + above
        if found and found <= max(FEW * present, 1):
            said = shown(high if above else low, domain.scale)
            key = "top_code" if above else "bottom_code"
            yield Finding(
                Level.NOTE,
                "outliers",
                landed.name,
                known.name,
                f"{found:,} values lie far from the rest (beyond {said}): they may "
                "single somebody out, and wide bounds make every sum noisier",
                found,
                f"- {{name: {known.name}, tre: {{{key}: …}}}}   "
                "# from what the data mean: it is public",
            )


def _named(rows: exp.Select) -> exp.Subquery:
    return rows.copy().subquery("r")
