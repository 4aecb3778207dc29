"""The command line: words in, one call of the environment, words or JSON out."""

from __future__ import annotations

import sys
from typing import Never


def main() -> Never:
    """Run `tre` on the words of the command line and leave with its exit status.

    0 done; 1 failed; 2 wrong usage of the command line; 3 refused. Keys come into this
    process's memory, so it is closed to others first.
    """
    from tre.cli.run import run
    from tre.undumpable import forbid_dumps

    forbid_dumps()
    sys.exit(run(sys.argv[1:]))
