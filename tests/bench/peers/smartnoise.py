"""SmartNoise SQL on the benchmark's table, in an environment of its own."""

from __future__ import annotations

import json
import sys

import pandas as pd
from snsql import Privacy, from_df

AGGREGATES = {"COUNT": "COUNT(*)", "SUM": "SUM(pay)", "AVG": "AVG(pay)"}
FIELDS = {
    "id": {"type": "int", "private_id": True},
    "region": {"type": "string"},
    "grp": {"type": "int"},
    "pay": {"type": "int", "lower": 0, "upper": 200_000},
}
TABLE = {
    "max_ids": 8,
    "sample_max_ids": True,
    "censor_dims": False,  # keys are public here
    "clamp_counts": False,
    "clamp_columns": True,
}


def main(path: str, questions: str, epsilon: float, delta: float, times: int) -> None:
    """Answer every question so many times, each at the same (ε, δ)."""
    table = pd.read_csv(path)
    described = {"": {"t": {"earnings": {**TABLE, "rows": len(table), **FIELDS}}}}

    def reader(spent):
        privacy = Privacy(epsilon=spent, delta=delta)
        return from_df(table, privacy=privacy, metadata=described)

    found = {}
    for statistic, key in json.loads(questions):
        sql = (
            f"SELECT {key}, {AGGREGATES[statistic]} AS x FROM t.earnings GROUP BY {key}"
        )
        # Its ε is that of each noised column; what the whole costs it says itself.
        columns = reader(1.0).get_privacy_cost(sql)[0]
        own = reader(epsilon / float(columns))
        found[f"{statistic} by {key}"] = [
            [[str(k), float(x)] for k, x in own.execute(sql)[1:]] for _ in range(times)
        ]
    print(json.dumps(found))


main(
    sys.argv[1],
    sys.argv[2],
    float(sys.argv[3]),
    float(sys.argv[4]),
    int(sys.argv[5]),
)
