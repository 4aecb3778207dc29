"""The command line: words in, one call of the environment, words or JSON out."""

from __future__ import annotations

import sys
from typing import Never


def main() -> Never:
    """Run `tre` on the words of the command line and leave with its exit status.

    0 done; 1 failed; 2 wrong usage of the command line; 3 refused.
    """
    from tre.cli.run import run

    sys.exit(run(sys.argv[1:]))
