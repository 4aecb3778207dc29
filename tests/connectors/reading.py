"""What the tests of every connector do: read it all, or see it refuse."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from connectors import Invalid, Source
from connectors.source import BATCH_ROWS

CANARY = "CANARYVALUE"
"""A value planted where something breaks: no error may show it."""


def read(source: Source) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Every row, and what was left out. No batch is too long."""
    rejects: Counter[str] = Counter()
    batches = list(source.batches(rejects))
    assert all(batch.num_rows <= BATCH_ROWS for batch in batches)
    return [row for batch in batches for row in batch.to_pylist()], rejects


def rows(source: Source) -> list[dict[str, Any]]:
    """Every row of a source that leaves none out."""
    found, rejects = read(source)
    assert not rejects
    return found


def refused(action: Callable[[], object], path: str, message: str) -> None:
    """The action is `Invalid` at this place for this reason, and shows no value."""
    with pytest.raises(Invalid) as caught:
        action()
    assert caught.value.path == path
    assert message in caught.value.message
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert CANARY not in shown
