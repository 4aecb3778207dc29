"""Where rows come from, as Arrow batches of bounded size.

A library that knows files and formats, and nothing of people, budgets or servers.
"""

from __future__ import annotations

from connectors.arrow import ArrowSource, TableSource
from connectors.csv import CsvSource, Dialect
from connectors.errors import Invalid
from connectors.parquet import ParquetSource
from connectors.source import RAGGED, ChainSource, Source

__all__ = [
    "RAGGED",
    "ArrowSource",
    "ChainSource",
    "CsvSource",
    "Dialect",
    "Invalid",
    "ParquetSource",
    "Source",
    "TableSource",
]
