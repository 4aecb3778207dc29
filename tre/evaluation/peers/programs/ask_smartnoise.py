"""SmartNoise SQL: answers requests from standard input, a line each."""

import pandas as pd
from answering import serve
from snsql import Privacy, from_df

AGGREGATES = {"COUNT(*)": "COUNT(*)", "SUM": "SUM(value)", "AVG": "AVG(value)"}


def answer(task):
    """One aggregate by cell, as often as is asked, at (ε, δ) in all for each."""
    table = pd.read_csv(task["path"])
    described = {
        "": {
            "t": {
                "rows": {
                    "max_ids": task["cap"],
                    "sample_max_ids": True,
                    "censor_dims": False,  # keys are public here
                    "clamp_counts": False,
                    "clamp_columns": True,
                    "rows": len(table),
                    "person": {"type": "int", "private_id": True},
                    "cell": {"type": "int"},
                    "value": {
                        "type": "int",
                        "lower": task["lower"],
                        "upper": task["upper"],
                    },
                }
            }
        }
    }

    def reader(epsilon):
        privacy = Privacy(epsilon=epsilon, delta=task["delta"])
        return from_df(table, privacy=privacy, metadata=described)

    aggregate = AGGREGATES[task["statistic"]]
    sql = f"SELECT cell, {aggregate} AS x FROM t.rows GROUP BY cell"
    # Its ε is that of each noised column; what the whole costs it says itself.
    columns = reader(1.0).get_privacy_cost(sql)[0]
    own = reader(task["epsilon"] / float(columns))
    return [
        [[int(cell), float(x)] for cell, x in own.execute(sql)[1:] if x is not None]
        for _ in range(task["times"])
    ]


serve(answer)
