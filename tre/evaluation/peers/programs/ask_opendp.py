"""OpenDP's Polars interface: answers requests from standard input, a line each."""

import warnings

import opendp.prelude as dp
import polars as pl
from answering import serve

warnings.simplefilter("ignore")
dp.enable_features("contrib")


def answer(task):
    """One aggregate by cell, as often as is asked; AVG is a noised sum over a count."""
    table = pl.read_csv(task["path"], schema_overrides={"value": pl.Int64})
    rho, epsilon = task["rho"], task["epsilon"]
    loss = dp.loss_of(epsilon=epsilon) if rho is None else dp.loss_of(rho=rho)
    total = (
        pl.col("value").fill_null(0).dp.sum((task["lower"], task["upper"])).alias("s")
    )
    count = dp.len().alias("n")
    columns = {"COUNT(*)": [count], "SUM": [total], "AVG": [total, count]}
    margin = dp.polars.Margin(by=["cell"], invariant="keys", max_length=len(table))
    found = []
    for _ in range(task["times"]):
        context = dp.Context.compositor(
            data=table.lazy(),
            privacy_unit=dp.unit_of(contributions=task["cap"]),
            privacy_loss=loss,
            split_evenly_over=1,
            margins=[margin],
        )
        query = context.query().group_by("cell").agg(*columns[task["statistic"]])
        drawn = query.release().collect()
        if task["statistic"] == "AVG":
            value = drawn["s"] / drawn["n"].clip(1)
        else:
            value = drawn[drawn.columns[-1]]
        pairs = zip(drawn["cell"], value, strict=True)
        found.append([[int(cell), float(each)] for cell, each in pairs])
    return found


serve(answer)
