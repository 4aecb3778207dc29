"""What the acro package says of tables: run in an environment of its own.

Reads tables from standard input as JSON and writes, for each, the cells that each of
its checks fails. It imports nothing of this project, which acro's pins exclude.
"""

import contextlib
import io
import json
import logging
import sys

import pandas as pd
from acro import ACRO

NAMES = {
    "MinimumThresholdCheck": "frequency",
    "NKCheck": "concentration",
    "PPercentCheck": "inference",
    "PresenceOfZeroCheck": "class",
}


def verdicts(table):
    """The failing cells by rule, of counts and of sums."""
    frame = pd.DataFrame(table)
    session = ACRO(suppress=False)
    session.crosstab(frame["row"], frame["column"])
    session.crosstab(
        frame["row"], frame["column"], values=frame["value"], aggfunc="sum"
    )
    counts, sums = session.results.results.values()
    return {"counts": cells(counts), "sums": cells(sums)}


def cells(record):
    """The cells of one output by rule; dominance that is for review fails none."""
    found = {NAMES[n]: at for n, at in record.sdc["cells"].items() if n in NAMES}
    if "Dominance not defined" in record.summary:
        del found["concentration"], found["inference"]
    return found


def main():
    """Answer all tables at once."""
    logging.disable(logging.CRITICAL)
    with contextlib.redirect_stdout(io.StringIO()):
        answers = [verdicts(table) for table in json.load(sys.stdin)]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
