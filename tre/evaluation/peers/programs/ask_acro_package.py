"""The acro package: answers requests from standard input, a line each.

Exact tables with the cells hidden that its checks fail; it spends no budget.
"""

import contextlib
import io
import logging

import pandas as pd
from acro import ACRO
from answering import serve

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


serve(answer)
