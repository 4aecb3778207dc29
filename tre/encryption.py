"""Where the engine's cryptography comes from.

DuckDB writes encrypted files safely only with its signed `httpfs` extension loaded.
It is loaded by path out of its wheel, pinned to the engine's own version.
"""

from __future__ import annotations

from pathlib import Path

import duckdb_extension_httpfs  # type: ignore[import-untyped]  # holds one file


def crypto_extension() -> Path:
    """The extension's file in the installed wheel."""
    (found,) = Path(duckdb_extension_httpfs.__path__[0]).rglob(
        "httpfs.duckdb_extension"
    )
    return found
