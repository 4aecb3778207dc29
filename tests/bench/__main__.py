"""Every figure the project promises, measured in this run: `make bench`."""

from __future__ import annotations

import sys

from tests.bench import (
    applying,
    asking,
    coverage,
    evaluating,
    fitting,
    intake,
    linking,
    peers,
    querying,
    synthesising,
    timing,
    utility,
)

if __name__ == "__main__":
    parts = (
        *(utility, coverage, fitting, peers, asking),
        *(querying, timing, intake, linking, applying, evaluating, synthesising),
    )
    held = [part.main() for part in parts]
    sys.exit(0 if all(held) else 1)
