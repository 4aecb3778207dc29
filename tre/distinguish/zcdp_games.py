"""Games of a zCDP project: discrete Gaussian noise, choices with Gumbel noise, keys."""

from __future__ import annotations

from functools import partial
from typing import Final

from tre.distinguish.game import Claim, Game, Shape

_Noised: Final = partial(Game, claim=Claim.MU, shape=Shape.GAUSSIAN, epsilon=10.0)
"""Counts are asked for less: a discrete Gaussian of scale σ is told from another by
1/(24σ²) more easily than a continuous one, which a long game would notice."""

_ENDS: Final = ("x", "x_low", "x_high")

COUNT_GAUSSIAN: Final = Game(
    "discrete Gaussian: COUNT(*) by region",
    "SELECT region, COUNT(*) AS x FROM visits GROUP BY region",
    Claim.MU,
    ("x",),
    Shape.GAUSSIAN,
    epsilon=4.0,
    row=("region", "north"),
)
KEY: Final = Game(
    "threshold: a key of one person",
    "SELECT employer, COUNT(*) AS x FROM visits GROUP BY employer",
    Claim.DELTA,
    ("x",),
    Shape.FINITE,
    epsilon=None,
    rho=5e-4,
    row=("employer", "nobody else's"),
    most=130,
)
SHARED_KEY: Final = Game(
    "threshold: a key of several, and its count",
    "SELECT ward, COUNT(*) AS x FROM visits GROUP BY ward",
    Claim.MU,
    ("x",),
    Shape.GAUSSIAN,
    epsilon=None,
    rho=8.0,
    row=("ward", "elm"),
    most=140,
)

ZCDP: Final = (
    COUNT_GAUSSIAN,
    Game(
        "discrete Gaussian: (ε, δ)",
        "SELECT COUNT(*) AS x FROM visits",
        Claim.EPSILON,
        ("x",),
        Shape.GAUSSIAN,
    ),
    _Noised(
        "cap and clamp: SUM of a join",
        "SELECT SUM(v.pay) AS x FROM visits AS v"
        " JOIN people AS p ON v.person_id = p.person_id",
        columns=("x",),
    ),
    _Noised(
        "who has other rows: COUNT(*) with EXISTS",
        "SELECT COUNT(*) AS x FROM visits AS v WHERE EXISTS"
        " (SELECT 1 FROM people AS p WHERE p.person_id = v.person_id"
        " AND p.sex = 'f')",
        columns=("x",),
        epsilon=4.0,
    ),
    _Noised(
        "per person: SUM of people's totals",
        "SELECT SUM(total) AS x FROM"
        " (SELECT person_id, SUM(pay) AS total FROM visits GROUP BY person_id) AS t",
        columns=("x",),
    ),
    _Noised(
        "two noised figures in one: AVG",
        "SELECT AVG(pay) AS x, COUNT(*) AS y FROM visits",
        columns=("x", "y"),
    ),
    _Noised(
        "second moments: VAR_POP",
        "SELECT VAR_POP(pay) AS x, AVG(pay) AS y, COUNT(*) AS z FROM visits",
        columns=("x", "y", "z"),
    ),
    _Noised(
        "second moments of two: COVAR_POP and CORR",
        "SELECT COVAR_POP(pay, hours) AS x, CORR(pay, hours) AS r,"
        " AVG(pay) AS y, AVG(hours) AS z, COUNT(*) AS w FROM visits",
        columns=("x", "r", "y", "z", "w"),
    ),
    _Noised(
        "histogram: COUNT(*) by WIDTH_BUCKET",
        "SELECT WIDTH_BUCKET(hours, 0, 20, 4) AS band, COUNT(*) AS x FROM visits"
        " GROUP BY band",
        columns=("x",),
        epsilon=4.0,
        row=("band", 5),
    ),
    _Noised(
        "distinct values: COUNT(DISTINCT trade)",
        "SELECT COUNT(DISTINCT trade) AS x FROM visits",
        columns=("x",),
        epsilon=4.0,
    ),
    _Noised(
        "grouping sets: ROLLUP",
        "SELECT region, COUNT(*) AS x FROM visits GROUP BY ROLLUP(region)",
        columns=("x",),
    ),
    _Noised(
        "what synthetic rows are made of: people by pairs of columns",
        "SELECT region, shift, high, COUNT(DISTINCT person_id) AS x FROM visits"
        " GROUP BY GROUPING SETS ((region, shift), (region, high), (shift, high), ())",
        columns=("x",),
    ),
    Game(
        "repeats: four fresh COUNT(*)",
        "SELECT COUNT(*) AS x FROM visits",
        Claim.MU,
        ("x",),
        Shape.GAUSSIAN,
        epsilon=2.0,
        repeats=4,
    ),
    Game(
        "noisy max, Gumbel: MEDIAN",
        "SELECT MEDIAN(score) AS x FROM visits WHERE wave = 2",
        Claim.RHO,
        _ENDS,
        Shape.FINITE,
        epsilon=4.0,
        most=20_000,
    ),
    Game(
        "noisy max, Gumbel: MIN",
        "SELECT MIN(score) AS x FROM visits WHERE wave = 2",
        Claim.RHO,
        _ENDS,
        Shape.FINITE,
        epsilon=4.0,
        most=20_000,
    ),
)

CERTIFIED: Final = (
    _Noised(
        "certificates: COUNT(*)",
        "SELECT COUNT(*) AS x FROM visits",
        columns=("x",),
        epsilon=4.0,
    ),
    _Noised(
        "certificates: AVG beside COUNT(*)",
        "SELECT AVG(pay) AS x, COUNT(*) AS y FROM visits",
        columns=("x", "y"),
    ),
)

BY_PROFILE: Final = (
    _Noised(
        "clipped totals: SUM",
        "SELECT aisle, SUM(spent) AS x FROM purchases GROUP BY aisle",
        columns=_ENDS,
        row=("aisle", "aisle 0"),
        most=10_000,
        reaches="clips what a person's rows add up to",
    ),
    _Noised(
        "over fewer rows: AVG",
        "SELECT hours, AVG(pay) AS x FROM visits GROUP BY hours",
        columns=_ENDS,
        row=("hours", 20),
        most=5_000,
        reaches="of a person's up to",
    ),
    Game(
        "values past a bound told as their average: AVG",
        "SELECT aisle, AVG(spent) AS x FROM purchases GROUP BY aisle",
        Claim.MU,
        _ENDS,
        Shape.GAUSSIAN,
        epsilon=None,
        rho=0.07,
        row=("aisle", "aisle 0"),
        most=10_000,
        reaches="tells values of",
    ),
    _Noised(
        "linear regression",
        "REGRESS pay ON hours FROM visits",
        columns=("coefficient",),
        most=10_000,
    ),
    _Noised(
        "logistic regression",
        "LOGISTIC high BY shift FROM visits",
        columns=("coefficient",),
        most=1_000,
    ),
)
"""Of many people: by a profile a plan leaves something out, or a model is fitted."""
