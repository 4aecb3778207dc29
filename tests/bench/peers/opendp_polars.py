"""OpenDP's Polars interface on the benchmark's table, in an environment of its own."""

from __future__ import annotations

import json
import sys
import warnings

import opendp.prelude as dp
import polars as pl

warnings.simplefilter("ignore")
dp.enable_features("contrib")


def main(path: str, questions: str, epsilon: float, rho: float, times: int) -> None:
    """Answer every question so many times: at pure ε, and at ρ, as two systems."""
    table = pl.read_csv(path)
    losses = {"pure": dp.loss_of(epsilon=epsilon), "zcdp": dp.loss_of(rho=rho)}
    found: dict = {}
    pay = pl.col("pay").cast(pl.Int64).fill_null(0).dp.sum((0, 200_000))
    for measure, loss in losses.items():
        for statistic, key in json.loads(questions):
            margin = dp.polars.Margin(by=[key], invariant="keys", max_length=len(table))
            columns = {
                "COUNT": [dp.len().alias("x")],
                "SUM": [pay.alias("x")],
                "AVG": [pay.alias("s"), dp.len().alias("n")],
            }[statistic]
            draws = [_drawn(table, key, margin, loss, columns) for _ in range(times)]
            if statistic == "AVG":
                draws = [
                    d.with_columns((pl.col("s") / pl.max_horizontal("n", 1)).alias("x"))
                    for d in draws
                ]
            found.setdefault(measure, {})[f"{statistic} by {key}"] = [
                [[str(k), float(x)] for k, x in zip(d[key], d["x"], strict=True)]
                for d in draws
            ]
    print(json.dumps(found))


def _drawn(table, key, margin, loss, columns):
    """One answer, from a compositor that is spent with it."""
    context = dp.Context.compositor(
        data=table.lazy(),
        privacy_unit=dp.unit_of(contributions=8),
        privacy_loss=loss,
        split_evenly_over=1,
        margins=[margin],
    )
    return context.query().group_by(key).agg(*columns).release().collect()


main(
    sys.argv[1],
    sys.argv[2],
    float(sys.argv[3]),
    float(sys.argv[4]),
    int(sys.argv[5]),
)
