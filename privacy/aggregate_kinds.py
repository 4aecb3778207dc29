"""Which of the parser's nodes are aggregates, and of what kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy.query import Statistic

SPREAD_OF: Final[Mapping[type[exp.Expr], Statistic]] = MappingProxyType(
    {
        exp.VariancePop: Statistic.VAR_POP,
        exp.Variance: Statistic.VAR_SAMP,
        exp.StddevPop: Statistic.STDDEV_POP,
        exp.Stddev: Statistic.STDDEV_SAMP,
        exp.StddevSamp: Statistic.STDDEV_SAMP,
        exp.CovarPop: Statistic.COVAR_POP,
        exp.CovarSamp: Statistic.COVAR_SAMP,
        exp.Corr: Statistic.CORR,
        exp.RegrSlope: Statistic.REGR_SLOPE,
        exp.RegrIntercept: Statistic.REGR_INTERCEPT,
    }
)
"""Aggregates about spread, by the parser's node."""

ORDERED: Final[tuple[type[exp.Expr], ...]] = (
    *(exp.Median, exp.PercentileCont, exp.PercentileDisc, exp.Quantile),
    *(exp.WithinGroup, exp.Min, exp.Max),
)
"""Aggregates that are one of the values, by the parser's node."""

TRUTHS: Final[tuple[type[exp.Expr], ...]] = (exp.LogicalOr, exp.LogicalAnd)
"""Aggregates of conditions, which are of one person's rows only."""

AGGREGATES: Final[tuple[type[exp.Expr], ...]] = (
    *(exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Filter),
    *SPREAD_OF,
    *ORDERED,
    *TRUTHS,
)
