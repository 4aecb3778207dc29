"""Every figure the project promises, measured in this run: `make bench`."""

from __future__ import annotations

import sys

from tests.bench import (
    asking,
    coverage,
    fitting,
    intake,
    linking,
    querying,
    timing,
    utility,
)
from tests.bench.peers import beside

if __name__ == "__main__":
    parts = (
        *(utility, coverage, fitting, beside, asking),
        *(querying, timing, intake, linking),
    )
    held = [part.main() for part in parts]
    sys.exit(0 if all(held) else 1)
