"""Games of a project of pure differential privacy: all that discrete Laplace noises."""

from __future__ import annotations

from typing import Final

from tre.distinguish.game import Claim, Game, Shape

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

NOBODY_ELSE: Final = Game(
    "noisy max, exponential: MEDIAN of nobody else",
    "SELECT MEDIAN(score) AS x FROM visits WHERE pay > 900",
    Claim.EPSILON,
    ("x", "x_low", "x_high"),
    Shape.FINITE,
    epsilon=1.0,
    most=20_000,
)

PURE: Final = (
    COUNT_PURE,
    SUM_PURE,
    Game(
        "cap: COUNT(*) by region",
        "SELECT region, COUNT(*) AS x FROM visits GROUP BY region",
        Claim.EPSILON,
        ("x",),
        Shape.LAPLACE,
        row=("region", "north"),
    ),
    Game(
        "histogram: COUNT(*) by WIDTH_BUCKET",
        "SELECT WIDTH_BUCKET(hours, 0, 20, 4) AS band, COUNT(*) AS x FROM visits"
        " GROUP BY band",
        Claim.EPSILON,
        ("x",),
        Shape.LAPLACE,
        row=("band", 5),
    ),
    Game(
        "distinct values: COUNT(DISTINCT trade)",
        "SELECT COUNT(DISTINCT trade) AS x FROM visits",
        Claim.EPSILON,
        ("x",),
        Shape.LAPLACE,
    ),
    Game(
        "stacked: COUNT(*) of UNION ALL",
        "SELECT COUNT(*) AS x FROM (SELECT person_id FROM visits"
        " UNION ALL SELECT person_id FROM people) AS s",
        Claim.EPSILON,
        ("x",),
        Shape.LAPLACE,
    ),
    Game(
        "one price for two: SUM and COUNT(*)",
        "SELECT SUM(pay) AS x, COUNT(*) AS y FROM visits",
        Claim.EPSILON,
        ("x", "y"),
        Shape.LAPLACE,
    ),
    Game(
        "a share: COUNT_IF / COUNT(*)",
        "SELECT COUNT_IF(high) / NULLIF(COUNT(*), 0) AS x, COUNT(*) AS y FROM visits",
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
    NOBODY_ELSE,
    Game(
        "noisy max, exponential: MEDIAN",
        "SELECT MEDIAN(score) AS x FROM visits WHERE wave = 2",
        Claim.EPSILON,
        ("x", "x_low", "x_high"),
        Shape.FINITE,
        epsilon=4.0,
        most=20_000,
    ),
    Game(
        "noisy max, exponential: MAX",
        "SELECT MAX(score) AS x FROM visits WHERE wave = 2",
        Claim.EPSILON,
        ("x", "x_low", "x_high"),
        Shape.FINITE,
        epsilon=4.0,
        most=20_000,
    ),
)

PURE_BY_PROFILE: Final = (
    Game(
        "clipped totals: SUM",
        "SELECT aisle, SUM(spent) AS x FROM purchases GROUP BY aisle",
        Claim.EPSILON,
        ("x", "x_low", "x_high"),
        Shape.LAPLACE,
        row=("aisle", "aisle 0"),
        most=20_000,
        reaches="clips what a person's rows add up to",
    ),
    Game(
        "values past a bound told as their average: AVG",
        "SELECT aisle, AVG(spent) AS x FROM purchases GROUP BY aisle",
        Claim.EPSILON,
        ("x", "x_low", "x_high"),
        Shape.LAPLACE,
        epsilon=0.45,
        row=("aisle", "aisle 0"),
        most=10_000,
        reaches="tells values of",
    ),
)
"""Of many people, by whose profile a plan leaves something out."""
