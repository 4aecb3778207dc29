"""The games an audit plays: each mechanism, and each kind of release.

Each is played where one person makes the most difference to it. What can be reached
differs: one noised figure gives away all that was paid for it, one figure made of two
that were noised gives away less than both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tre.distinguish.game import Claim, Game, Setting, Shape
from tre.distinguish.worlds import setting

_BY_REGION: Final = ("region", "north")
_ENDS: Final = ("x", "x_low", "x_high")

COUNT_PURE: Final = Game(
    "discrete Laplace: COUNT(DISTINCT person_id)",
    "SELECT COUNT(DISTINCT person_id) AS x FROM visits",
    Claim.EPSILON,
    ("x",),
    Shape.LAPLACE,
)
SUM_PURE: Final = Game(
    "cap and clamp: SUM",
    "SELECT SUM(pay) AS x FROM visits",
    Claim.EPSILON,
    ("x",),
    Shape.LAPLACE,
)
COUNT_GAUSSIAN: Final = Game(
    "discrete Gaussian: COUNT(*) by region",
    "SELECT region, COUNT(*) AS x FROM visits GROUP BY region",
    Claim.MU,
    ("x",),
    Shape.GAUSSIAN,
    epsilon=4.0,
    row=_BY_REGION,
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
    most=150,
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
    most=150,
)

_PURE: Final = (
    COUNT_PURE,
    SUM_PURE,
    Game(
        "cap: COUNT(*) by region",
        "SELECT region, COUNT(*) AS x FROM visits GROUP BY region",
        Claim.EPSILON,
        ("x",),
        Shape.LAPLACE,
        row=_BY_REGION,
    ),
    Game(
        "one price for two: SUM and COUNT(*)",
        "SELECT SUM(pay) AS x, COUNT(*) AS y FROM visits",
        Claim.EPSILON,
        ("x", "y"),
        Shape.LAPLACE,
    ),
    Game(
        "repeats: four fresh COUNT(*)",
        "SELECT COUNT(*) AS x FROM visits",
        Claim.EPSILON,
        ("x",),
        Shape.LAPLACE,
        epsilon=0.5,
        repeats=4,
    ),
    Game(
        "noisy max, exponential: MEDIAN",
        "SELECT MEDIAN(score) AS x FROM visits WHERE wave = 2",
        Claim.EPSILON,
        _ENDS,
        Shape.FINITE,
        epsilon=4.0,
        most=20_000,
    ),
    Game(
        "noisy max, exponential: MAX",
        "SELECT MAX(score) AS x FROM visits WHERE wave = 2",
        Claim.EPSILON,
        _ENDS,
        Shape.FINITE,
        epsilon=4.0,
        most=20_000,
    ),
)
_ZCDP: Final = (
    COUNT_GAUSSIAN,
    Game(
        "discrete Gaussian: (ε, δ)",
        "SELECT COUNT(*) AS x FROM visits",
        Claim.EPSILON,
        ("x",),
        Shape.GAUSSIAN,
    ),
    Game(
        "cap and clamp: SUM of a join",
        "SELECT SUM(v.pay) AS x FROM visits AS v"
        " JOIN people AS p ON v.person_id = p.person_id",
        Claim.MU,
        ("x",),
        Shape.GAUSSIAN,
        epsilon=10.0,
    ),
    Game(
        "per person: SUM of people's totals",
        "SELECT SUM(total) AS x FROM"
        " (SELECT person_id, SUM(pay) AS total FROM visits GROUP BY person_id) AS t",
        Claim.MU,
        ("x",),
        Shape.GAUSSIAN,
        epsilon=10.0,
    ),
    Game(
        "two noised figures in one: AVG",
        "SELECT AVG(pay) AS x, COUNT(*) AS y FROM visits",
        Claim.MU,
        ("x", "y"),
        Shape.GAUSSIAN,
        epsilon=10.0,
    ),
    Game(
        "second moments: VAR_POP",
        "SELECT VAR_POP(pay) AS x, AVG(pay) AS y, COUNT(*) AS z FROM visits",
        Claim.MU,
        ("x", "y", "z"),
        Shape.GAUSSIAN,
        epsilon=10.0,
    ),
    Game(
        "grouping sets: ROLLUP",
        "SELECT region, COUNT(*) AS x FROM visits GROUP BY ROLLUP(region)",
        Claim.MU,
        ("x",),
        Shape.GAUSSIAN,
        epsilon=10.0,
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
_GATEWAY: Final = (
    Game(
        "certificates: COUNT(*)",
        "SELECT COUNT(*) AS x FROM visits",
        Claim.MU,
        ("x",),
        Shape.GAUSSIAN,
        epsilon=10.0,
    ),
    Game(
        "certificates: AVG beside COUNT(*)",
        "SELECT AVG(pay) AS x, COUNT(*) AS y FROM visits",
        Claim.MU,
        ("x", "y"),
        Shape.GAUSSIAN,
        epsilon=10.0,
    ),
)

_MANY: Final = (
    Game(
        "linear regression",
        "REGRESS pay ON hours FROM visits",
        Claim.MU,
        ("coefficient",),
        Shape.GAUSSIAN,
        epsilon=10.0,
        most=10_000,
    ),
    Game(
        "logistic regression",
        "LOGISTIC high BY shift FROM visits",
        Claim.MU,
        ("coefficient",),
        Shape.GAUSSIAN,
        epsilon=10.0,
        most=1_000,
    ),
)

SUITE: Final[Sequence[tuple[Setting, Sequence[Game]]]] = (
    (setting("no certificates", people=24, measure="pure", policy="none"), _PURE),
    (setting("no certificates", people=24, measure="zcdp", policy="none"), _ZCDP),
    (setting("certificates", people=70, measure="zcdp", policy="gateway"), _GATEWAY),
    (setting("many people", people=3_000, measure="zcdp", policy="none"), _MANY),
    (
        setting("a large δ", people=80, measure="zcdp", policy="none", delta=0.8),
        (KEY,),
    ),
    (
        setting("large ρ and δ", people=80, measure="zcdp", policy="none", delta=0.8),
        (SHARED_KEY,),
    ),
)
"""Settings, and the games that are played in each."""
