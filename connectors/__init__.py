"""Where rows come from, as Arrow batches of bounded size.

A library that knows files and formats, and nothing of people, budgets or servers.
"""

from __future__ import annotations

from connectors.arrow import ArrowSource, TableSource
from connectors.csv import CsvSource, Dialect
from connectors.delta import DeltaSource
from connectors.errors import Invalid
from connectors.excel import ExcelSource
from connectors.fixed_width import FixedWidthSource, Span
from connectors.installed import Connector
from connectors.json_lines import JsonLinesSource
from connectors.object_store import ObjectStore, StoredObject
from connectors.parquet import ParquetSource
from connectors.postgresql import PostgresqlSource
from connectors.source import RAGGED, ChainSource, Source
from connectors.sqlite import SqliteSource
from connectors.statistics import StatisticsSource, Values

__all__ = [
    "RAGGED",
    "ArrowSource",
    "ChainSource",
    "Connector",
    "CsvSource",
    "DeltaSource",
    "Dialect",
    "ExcelSource",
    "FixedWidthSource",
    "Invalid",
    "JsonLinesSource",
    "ObjectStore",
    "ParquetSource",
    "PostgresqlSource",
    "Source",
    "Span",
    "SqliteSource",
    "StatisticsSource",
    "StoredObject",
    "TableSource",
    "Values",
]
