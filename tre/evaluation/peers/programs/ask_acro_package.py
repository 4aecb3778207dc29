"""The acro package: answers requests from standard input, a line each.

Exact tables with the cells hidden that its checks fail; it spends no budget.
"""

import contextlib
import io
import json
import logging
import sys

import pandas as pd
from acro import ACRO

logging.disable(logging.CRITICAL)
FUNCTIONS = {"SUM": "sum", "AVG": "mean"}


def answer(task):
    """One aggregate by cell, once."""
    table = pd.read_csv(task["path"])
    everybody = pd.Series("all", index=table.index, name="all")
    session = ACRO(suppress=True)
    asked = {}
    if task["statistic"] in FUNCTIONS:
        asked = {"values": table["value"], "aggfunc": FUNCTIONS[task["statistic"]]}
    with contextlib.redirect_stdout(io.StringIO()):
        found = session.crosstab(table["cell"], everybody, **asked)
    shown = found.iloc[:, 0].dropna()
    return [[[int(cell), float(value)] for cell, value in shown.items()]]


for line in sys.stdin:
    try:
        answers = [answer(task) for task in json.loads(line)]
    except Exception as problem:  # noqa: BLE001 (whatever it is, it is told)
        answers = {"failed": f"{type(problem).__name__}: {problem}"[:200]}
    print("answer:", json.dumps(answers), flush=True)
