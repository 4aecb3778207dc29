"""A private question against the plain query, on one published table.

Both run on the same encrypted file with as many threads: `ask`, with everything it
does, and the plain DuckDB query that a careless analyst would have run.
"""

from __future__ import annotations

import sys

from tests.bench.asking import PACKAGE, Engine, milliseconds, table
from tre.lab import Lab

LIMIT_RATIO = 1.5
ROWS = 10_000_000
TIMES = 11

QUESTION = (
    "SELECT region, COUNT(*) AS n, SUM(pay) AS total FROM earnings GROUP BY region"
)
PLAIN = (
    "SELECT region, count(*) AS n, sum(pay) AS total"
    " FROM published.earnings GROUP BY region"
)


def main(rows: int = ROWS) -> bool:
    """Print the ratio; whether it holds."""
    with Lab({"earnings": table(rows)}, PACKAGE, epsilon=1e6) as lab:
        engine = Engine(lab)
        plain = milliseconds(lambda: engine.run(PLAIN), TIMES)
        asked = milliseconds(lambda: lab.ask(QUESTION, epsilon=0.1, fresh=True), TIMES)
    ratio = asked / plain
    verdict = "holds" if ratio <= LIMIT_RATIO else "DOES NOT HOLD"
    print(
        f"grouped COUNT and SUM, {rows:,} rows: {asked:.0f} ms against {plain:.0f} ms"
        f" plain: {ratio:.2f} times (limit {LIMIT_RATIO}): {verdict}"
    )
    return ratio <= LIMIT_RATIO


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
