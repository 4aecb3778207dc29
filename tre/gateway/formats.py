"""A release as bytes, in the format the reader's `Accept` asks for."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import pyarrow as pa

from tre.gateway.problems import Problem
from tre.gateway.wire import release_document, release_envelope
from tre.release import Release

JSON: Final = "application/json"
CSV: Final = "text/csv"
ARROW: Final = "application/vnd.apache.arrow.stream"
PARQUET: Final = "application/vnd.apache.parquet"

ENVELOPE: Final = b"tre.release"
"""Key of the Arrow and Parquet schema metadata that holds id, loss and receipt."""


def as_json(release: Release) -> bytes:
    """One JSON object with the rows, the loss and the receipt."""
    return json.dumps(release_document(release), ensure_ascii=False).encode()


def as_csv(release: Release) -> bytes:
    """The table alone: a header and rows, NULL as an empty field."""
    from pyarrow import csv

    sink = io.BytesIO()
    csv.write_csv(release.table, sink)
    return sink.getvalue()


def as_arrow(release: Release) -> bytes:
    """An Arrow IPC stream that carries its receipt in the schema's metadata."""
    sink = io.BytesIO()
    table = _with_envelope(release)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def as_parquet(release: Release) -> bytes:
    """A Parquet file that carries its receipt in the schema's metadata."""
    from pyarrow import parquet

    sink = io.BytesIO()
    parquet.write_table(_with_envelope(release), sink)
    return sink.getvalue()


WRITERS: Final[Mapping[str, Callable[[Release], bytes]]] = MappingProxyType(
    {JSON: as_json, CSV: as_csv, ARROW: as_arrow, PARQUET: as_parquet}
)
"""What can be sent, in the order in which it is preferred."""


def negotiate(accept: str | None) -> str:
    """The media type the reader likes best; decided before anything is charged.

    Raises `Problem` 406 when none of `WRITERS` is acceptable.
    """
    ranges = _ranges(accept or "*/*")
    liked = {kind: _liking(kind, ranges) for kind in WRITERS}
    best = max(liked, key=lambda kind: liked[kind])
    if liked[best] <= 0:
        raise Problem(
            406,
            "not_acceptable",
            f"A release can be sent as {', '.join(WRITERS)}.",
        )
    return best


def _with_envelope(release: Release) -> pa.Table:
    envelope = json.dumps(release_envelope(release), ensure_ascii=False).encode()
    return release.table.replace_schema_metadata({ENVELOPE: envelope})


def _ranges(accept: str) -> dict[str, float]:
    """Media ranges of an Accept header and their weights (RFC 9110, section 12.5.1)."""
    weighted = {}
    for part in accept.lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        weighted[kind] = _weight(parameters)
    return weighted


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def _liking(kind: str, ranges: Mapping[str, float]) -> float:
    """The weight of the most specific range that covers a media type."""
    family = kind.partition("/")[0]
    for spelling in (kind, f"{family}/*", "*/*"):
        if spelling in ranges:
            return ranges[spelling]
    return 0.0
