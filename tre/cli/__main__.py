"""`python -m tre.cli` is `tre`."""

from __future__ import annotations

from tre.cli import main

if __name__ == "__main__":
    main()
